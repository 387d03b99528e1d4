"""Emergency and drill, from the envelope to the report: real firmware, real server, power cuts."""

import asyncio

from terminal_sim.fleet import pay, present
from tests.world.test_water import until

HOUR = {
    "kinds": ["gate", "pos"],
    "minutes": 60,
    "tap_fen": 2000,
    "card_fen": 3000,
    "reason": "停电",
}


async def report(server, number, is_complete):
    """Wait for the report to be so. -> it"""
    told = {}
    async with asyncio.timeout(20):
        while not told or not is_complete(told["sums"]):
            await asyncio.sleep(0.05)
            told = await asyncio.to_thread(server.call, "GET", f"/api/emergencies/{number}")
    return told


# shows R19
def test_a_drill_does_the_same_and_takes_nothing(campus, tmp_path):
    async def story():
        async with campus() as made:
            code = (tmp_path / "campus.db.envelope").read_text().strip()
            number, card = made.card()
            _, expired = made.card(valid_until="2020-06-30")
            order = HOUR | {"code": code, "what": "drill"}
            drill = made.server.call("POST", "/api/emergencies", order)["number"]
            await until(lambda: made.pos.panel.shows("应急演练") and made.gate.doorway.is_unlocked)
            assert await pay(made.pos, card, 1250) == "accepted"
            assert made.pos.panel.rows[:3] == ["演练成功", "12.50 元", "没有扣款"]
            assert await present(made.gate, expired) == "accepted"
            end = {"code": code, "reason": "演练结束"}
            made.server.call("POST", "/api/emergencies/end", end)
            await until(lambda: not made.gate.doorway.is_unlocked)
            assert await present(made.gate, expired) == "refused"
            told = await report(made.server, drill, lambda sums: sums["complete"] == 2)
            sums = told["sums"]
            assert (sums["reached"], sums["terminals"]) == (2, 2)
            assert (sums["drilled"], sums["drilled_fen"], sums["paid_fen"]) == (1, 1250, 0)
            assert (sums["passes"], sums["would_refuse"], sums["difference_fen"]) == (1, 1, 0)
            assert await pay(made.pos, card, 100) == "accepted"
            assert made.pos.panel.rows[2] == "余额 49.00 元"

    asyncio.run(asyncio.wait_for(story(), 90))


# shows R19
def test_an_emergency_goes_on_without_server_and_power_and_is_reconciled(campus, tmp_path):
    async def story():
        async with campus() as made:
            code = (tmp_path / "campus.db.envelope").read_text().strip()
            for number in made.numbers:
                path = f"/api/terminals/{number}/params"
                made.server.call("PUT", path, {"offline_taps_per_card": 0})
            (_, card), (_, expired) = made.card(), made.card(valid_until="2020-06-30")
            order = HOUR | {"code": code, "what": "emergency"}
            number = made.server.call("POST", "/api/emergencies", order)["number"]
            await until(lambda: made.pos.panel.shows("应急模式") and made.gate.doorway.is_unlocked)
            made.server.kill()
            assert await pay(made.pos, card, 1800) == "accepted"
            for terminal in (made.pos, made.gate):
                terminal.kill()
                terminal.start()
            await until(lambda: made.gate.doorway.is_unlocked, 30)
            assert await present(made.gate, expired) == "accepted"
            await until(lambda: made.pos.panel.shows("断电前已支付"), 30)
            made.pos.panel.press("*")
            await until(lambda: made.pos.panel.shows("应急模式"))
            assert await pay(made.pos, card, 1201) == "refused"
            assert made.pos.panel.shows("脱机或应急限额已满")
            assert await pay(made.pos, card, 1200) == "accepted"
            made.server.start()
            end = {"code": code, "reason": "来电"}
            made.server.call("POST", "/api/emergencies/end", end)
            await until(lambda: not made.gate.doorway.is_unlocked, 30)
            told = await report(made.server, number, lambda sums: sums["complete"] == 2)
            sums = told["sums"]
            assert (sums["payments"], sums["paid_fen"], sums["booked_fen"]) == (2, 3000, 3000)
            assert (sums["difference_fen"], sums["refused"], sums["would_refuse"]) == (0, 1, 1)
            assert [line["ended"] for line in told["terminals"]] == [True, True]
            assert made.server.call("GET", "/api/ledger")["sum"] == 0

    asyncio.run(asyncio.wait_for(story(), 120))
