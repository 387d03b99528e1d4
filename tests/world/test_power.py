"""Power with all that is real: a relay, the pulses of a kWh meter, the supply's own monitor."""

import asyncio

import pytest

from protocol import reasons, record, tariff
from terminal_sim import fleet
from terminal_sim.pipework import MICRO
from terminal_sim.prng import Prng
from terminal_sim.server import ServerProblem
from tests.world.test_water import balances, records, run, until

__all__ = ["run"]  # the fixture

FEN_A_KWH, KWH = 56, 100  # pulses
POWER = {
    "pulses_per_kwh": KWH, "tariff": tariff.pack([(0, tariff.END, 100 * FEN_A_KWH)]).hex(),
    "margin_units": 0, "language": 1,
}  # fmt: skip
MOMENTS = 5
MOST_MS = 900


# shows R18
def test_power_flows_while_a_card_lies_there_and_is_paid_by_the_kwh(run):
    async def story(server, terminal, number, card):
        meter, panel, on = terminal.plumbing.pipe, terminal.panel, terminal.pins.on
        server.call("PUT", "/api/terminals/1/params", POWER)
        await until(lambda: panel.shows("Present your card"))  # it has them
        with pytest.raises(ServerProblem, match="no price from unit 10 to 65535"):
            gap = {"pulses_per_kwh": 1, "tariff": "0000000a0005"}  # refused as a whole
            server.call("PUT", "/api/terminals/1/params", gap)
        terminal.field.put(card)
        await until(lambda: "valve" in on)
        await until(lambda: meter.flowed >= 20 * MICRO and panel.shows("kWh"))
        terminal.field.take(card)
        await until(lambda: "valve" not in on and panel.shows("Card for the rest"))
        first = meter.flowed // MICRO
        first_fen = first * FEN_A_KWH // KWH
        assert panel.rows[1] == f"Used {fleet.yuan(first_fen)} yuan"
        terminal.field.put(card)
        await until(lambda: meter.flowed // MICRO >= first + 5)
        panel.press("*")
        await until(lambda: panel.shows("Finished"))
        second_fen = (meter.flowed // MICRO - first) * FEN_A_KWH // KWH
        left_fen = 5000 - first_fen - second_fen
        assert panel.rows[2] == f"Balance {fleet.yuan(left_fen)} yuan"
        terminal.field.take(card)
        await records(server, 6)
        found = balances(server)
        assert found["purse", str(number)] == left_fen
        assert found["merchant", "浴室"] == first_fen + second_fen
        assert found["suspense", "reserve"] == 0
        meter.faults.stuck_open = True  # somebody has bridged the relay
        await records(server, 7)
        assert server.records(1)[-1][1:4] == [record.EVENT, record.DONE, reasons.LEAK]
        assert server.call("GET", "/api/status")["alarms"][0]["reason"] == reasons.LEAK
        assert await fleet.present(terminal, card) == fleet.REFUSED

    run(story)


def test_a_warning_shuts_the_valve_and_writes_what_flowed(run):
    async def story(server, terminal, number, card):
        pipe, panel, on = terminal.plumbing.pipe, terminal.panel, terminal.pins.on
        terminal.field.put(card)
        await until(lambda: "valve" in on)
        await until(lambda: pipe.flowed >= 7 * MICRO)
        terminal.plumbing.power_fails()
        units = pipe.flowed // MICRO
        await until(lambda: "valve" not in on and panel.shows("余额"))  # all is written
        terminal.field.take(card)
        assert panel.rows[1] == f"用 {fleet.yuan(units)} 元"
        assert await fleet.present(terminal, card) == fleet.REFUSED  # as long as it may go
        terminal.plumbing.power_is_back()
        await asyncio.sleep(0.5)  # a card that is away for a moment only was never away
        assert await fleet.present(terminal, card) == fleet.ACCEPTED
        await until(lambda: "valve" not in on)
        await records(server, 5)
        closed = [row[6] for row in server.records(1) if row[1] == record.SETTLE]
        assert closed[:2] == [units, 500 - units]

    run(story)


# shows R18
def test_power_goes_50_ms_after_the_warning_whenever_that_comes(run):
    async def story(server, terminal, number, card):
        pipe, draw = terminal.plumbing.pipe, Prng(6)
        flows = []  # (units at the warning if it was heard or 0, millionths that flowed)
        for _ in range(MOMENTS):
            before = pipe.flowed
            terminal.field.put(card)
            await until(lambda: "valve" in terminal.pins.on)
            await asyncio.sleep(draw.below(MOST_MS) / 1000)
            terminal.plumbing.power_fails()
            warned = (pipe.flowed - before) // MICRO
            await asyncio.sleep(0.05)
            was_heard = "valve" not in terminal.pins.on
            terminal.kill()
            terminal.field.take(card)
            terminal.plumbing.step()
            flows.append((warned if was_heard else 0, pipe.flowed - before))
            terminal.start()
            await until(lambda: terminal.panel.shows("请刷卡"))
        terminal.field.put(card)
        await until(lambda: "valve" in terminal.pins.on)
        terminal.panel.press("*")
        await until(lambda: terminal.panel.shows("余额"))
        await until(lambda: balances(server)["suspense", "reserve"] == 0)
        rows = [row for row in server.records(1) if row[1] in (record.RESERVE, record.SETTLE)]
        closed = [
            after[6] for row, after in zip(rows, rows[1:], strict=False) if row[1] == record.RESERVE
        ]
        print(flows, closed)
        assert len(closed) == MOMENTS + 1
        for (warned, flowed), units in zip(flows, closed, strict=False):
            assert warned <= units and units * MICRO <= flowed + MICRO
        assert balances(server)["purse", str(number)] == 5000 - sum(closed)

    run(story)
