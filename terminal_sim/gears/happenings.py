"""What happens in a campus of gear 2: one function for each event of the scenario."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from terminal_sim import scenario
from terminal_sim.bad_line import DOWN
from terminal_sim.flash import PowerCut
from terminal_sim.gears.copied_terminal import CopiedTerminal
from terminal_sim.gears.forger import forge
from terminal_sim.gears.stand import STUCK_S, Stand
from terminal_sim.gears.town import COPY, Town, purses
from terminal_sim.mifare import MifareClassic
from terminal_sim.oracle import Violation

_POLL_S = 0.002
_FRAMES_A_SERVING = 8
_FAULTS_ONE_IN = 36  # of messages at most: each takes real time to be said again
_TROUBLED_TAPS = 6  # for so long a server may die: taps are offline, and told right after
_LATER_CUT = 2  # where gear 1 cuts a flash operation, gear 2 cuts a card command this much later


async def play(town: Town, event: scenario.Event) -> None:
    """One event, and what the oracle says to it."""
    if not isinstance(event, (scenario.Serve, scenario.Link)):
        for number in sorted(town.served):
            await town.hang_up(town.stands[number])
        town.served.clear()
    if not isinstance(event, (scenario.Later, scenario.Tap, scenario.Link)):
        await town.drain()
    await _PLAYS[type(event)](town, event)


async def _later(town: Town, event: scenario.Later) -> None:
    town.utc_s += event.seconds
    for stand in town.stands.values():
        stand.shows_time(town.utc_s)


async def _tap(town: Town, event: scenario.Tap) -> None:
    """One presentation; torn, or cut off; then the oracle."""
    stand, key = town.stands[event.terminal], event.card + event.copy * COPY
    card = town.cards[key]
    is_troubled, wire = town.troubled_taps > 0, town.wires[stand.number]
    in_a_race = event.tear or event.cut or town.weather.copies or is_troubled
    in_a_race = in_a_race or any(wire.has_trouble for wire in town.wires.values())
    if in_a_race:
        await town.drain()
    is_served = is_troubled and wire.is_up
    if is_served:
        await town.hang_up(stand)
        await wire.is_missed()
    if event.tear:
        card.tear_after(*event.tear)
        town.counts["card_tears"] += 1
    stand.cut_at_card(_at_card(event.cut))
    before = len(town.oracle.cards[key].writes)
    try:
        said = await stand.sell(key, card, event.amount_fen, event.retaps)
    except PowerCut:
        is_served = False
        await reboot(town, stand)
        said = await _resume(town, stand, event, key, before)
    stand.cut_at_card(0)
    card.leave_after(None)  # what did not tear this tap tears no other
    town.counts["taps"] += 1
    town.counts[said or "gone"] += 1
    town.counts["forged_taps"] += event.copy > 0
    if is_served:
        await town.serve(stand)
    if is_troubled:
        town.troubled_taps -= 1
        if not town.troubled_taps:
            await town.room.mend()
    if in_a_race:
        await town.drain()
    if town.weather.copies:
        await town.see_to_forks()


async def _resume(
    town: Town, stand: Stand, event: scenario.Tap, key: int, before: int
) -> str | None:
    """Power was cut in a sale: the cashier enters it again, and it must be one sale still."""
    town.oracle.tapped(stand.key, key)
    if town.oracle.is_confirmed(stand.key, key, before):
        town.counts["paid_unseen"] += 1
    if not stand.is_pos or not event.resumes:
        return "cut"
    town.counts["resumed"] += 1
    return await stand.sell(key, town.cards[key], event.amount_fen, 1, before)


async def reboot(town: Town, stand: Stand) -> None:
    """Power was cut; it comes back. Its line waits until it is served."""
    town.counts["power_cuts"] += 1
    town.cut_line(stand)
    stand.power_off()
    await stand.boot()
    await town.look()


async def _serve(town: Town, event: scenario.Serve) -> None:
    """A line is served; power may fail meanwhile."""
    stand = town.stands[event.terminal]
    if town.utc_s < town.down_to_s.get(event.terminal, 0):
        return
    if event.cut:
        await _cut_while_served(town, stand, event.cut.n)
    await town.serve(stand)
    if not town.weather.hurry:
        town.served.add(stand.number)
    await town.see_to_forks()


async def _cut_while_served(town: Town, stand: Stand, n: int) -> None:
    """Power fails at the server's first word, or when all was told and heard. What is told between
    the two, and in how many words, is the machine's choice; gear 1 cuts there."""
    wire = town.wires[stand.number]
    if n % 2:
        wire.on_frame = lambda way: stand.power_off() if way == DOWN else None
        wire.up()
        await _until_off(town, stand)
        wire.on_frame = lambda way: None
    else:
        wire.up()
        await town.drain(stand)
        await town.hang_up(stand)
    await reboot(town, stand)


async def _until_off(town: Town, stand: Stand) -> None:
    """It has lost its power, or has told all."""
    began_s = time.monotonic()
    while stand.terminal.is_running and not town.is_told(stand):  # ends: see drain
        if not town.room.process.is_running or town.room.fault:
            await town.room.mend()
        if time.monotonic() - began_s > STUCK_S:
            raise Violation("I3", town.why(stand))
        await asyncio.sleep(_POLL_S)


async def _link(town: Town, event: scenario.Link) -> None:
    if event.noise % max(1, _FAULTS_ONE_IN // town.weather.link) == 0:
        after = (event.noise >> 8) % _FRAMES_A_SERVING
        town.wires[event.terminal].trouble(event.fault, event.messages, event.noise, after)


async def _down(town: Town, event: scenario.Down) -> None:
    await town.hang_up(town.stands[event.terminal])
    town.down_to_s[event.terminal] = town.utc_s + event.seconds
    town.counts["spells"] += 1


async def _loss(town: Town, event: scenario.Loss) -> None:
    await town.relist(event.card, event.listed)


async def _server(town: Town, event: scenario.Server) -> None:
    room = town.room
    if event.fault == "backup":
        room.backup()
    elif event.fault == "restore":
        await _restore(town)
    else:
        town.counts[f"server_{event.fault}"] += 1
        town.troubled_taps = _TROUBLED_TAPS
        await room.suffer(event.fault, event.n)
        await town.drain()


async def _restore(town: Town) -> None:
    """The server comes back as it was; what it lacks the terminals still have."""
    highest = town.room.backed_up()
    if highest is None:
        return
    had = {number: highest.get(number, 0) for number in town.stands}
    if not town.oracle.still_has(had):
        town.counts["restores_too_old"] += 1
        return
    await town.room.restore()
    for wire in town.wires.values():
        wire.break_off()
    for number, stand in town.stands.items():
        town.oracle.has_up_to(stand.key, had[number])
    unnamed = [posting for posting, is_so in town.room.ledger.new_postings() if is_so]
    town.oracle.restored(town.room.ledger.rows(), unnamed)
    town.counts["restores"] += 1
    await town.drain()


async def _clock(town: Town, event: scenario.Clock) -> None:
    stand = town.stands[event.terminal]
    if event.fault == "jump":
        stand.off_s += event.seconds
    elif event.fault == "drift":
        stand.drift_s = event.seconds
    else:
        stand.set_clock(event.seconds)
    stand.shows_time(town.utc_s)
    town.counts["clock_faults"] += 1


async def _brownout(town: Town, event: scenario.Brownout) -> None:
    """Power comes and goes while it starts."""
    stand = town.stands[event.terminal]
    town.cut_line(stand)
    stand.power_off()
    for cut in event.cuts:
        stand.terminal.start()
        await asyncio.sleep(cut.noise % 150 / 1000)
        stand.power_off()
        town.counts["cuts_in_recovery"] += 1
    await reboot(town, stand)


async def _copy(town: Town, event: scenario.Copy) -> None:
    """Somebody copies a card as it is now."""
    key = event.card + event.copy * COPY
    town.images[key] = town.cards[event.card].dump()
    card = town.cards[key] = MifareClassic.load(town.images[key])
    town.oracle.add_copy(key, event.card, purses(card))
    town.counts["copies"] += 1


async def _rollback(town: Town, event: scenario.Rollback) -> None:
    key = event.card + event.copy * COPY
    town.cards[key].memory[:] = town.images[key]
    town.oracle.cards[key].rolled_back()
    town.counts["rollbacks"] += 1


async def _wrong_key(town: Town, event: scenario.WrongKey) -> None:
    """I7: somebody with this terminal's number and a wrong key: no trace, and nobody is cut off."""
    ledger, wire = town.room.ledger, town.wires[event.terminal]
    before, answers = ledger.trace(), wire.answers
    await forge(town.room.process.tcp, event.terminal, event.noise)
    if ledger.trace() != before:
        raise Violation("I7", f"terminal {event.terminal}: a wrong key left a trace")
    if wire.is_up and wire.answers < answers:
        raise Violation("I7", f"terminal {event.terminal}: a forged hello ended its session")
    town.counts["wrong_keys"] += 1


async def _burn(town: Town, event: scenario.Burn) -> None:
    """A terminal burns; another is put in, and meets the server before anything else happens."""
    number, room = event.terminal, town.room
    await room.mend()
    before = room.ledger.highest(number)
    town.stands[number].close()
    room.forget_backup()  # of another time: who restores it must replace the terminal again
    made = await room.call("POST", f"/api/terminals/{number}/replacement")
    begins = made["last"] + 1
    town.oracle.burnt(number, before, begins)
    town.counts["burnt"] += 1
    town.down_to_s.pop(number, None)
    name = f"terminal-{number}-{town.counts['burnt']}"
    town.put_in(number, bytes.fromhex(made["provisioning"]), name)
    await town.stands[number].boot()
    town.wires[number].up()
    while town.stands[number].last_serial() < begins:  # ends: its first record says where it begins
        await town.drain(town.stands[number])
        await asyncio.sleep(_POLL_S)
    await town.meet(town.stands[number])


async def _clone(town: Town, event: scenario.Clone) -> None:
    copied = CopiedTerminal(town, event, 1 + len(town.copied))
    town.copied.append(copied)
    await copied.take()
    town.counts["clones"] += 1


def _at_card(cut: scenario.Cut | None) -> int:
    """At which card command power fails; a cut in flash becomes one of these."""
    if cut is None:
        return 0
    return cut.n if cut.where == "card" else cut.n + _LATER_CUT


_PLAYS: dict[type, Callable[[Town, Any], Awaitable[None]]] = {
    scenario.Later: _later,
    scenario.Tap: _tap,
    scenario.Serve: _serve,
    scenario.Link: _link,
    scenario.Down: _down,
    scenario.Loss: _loss,
    scenario.Server: _server,
    scenario.Clock: _clock,
    scenario.Brownout: _brownout,
    scenario.Copy: _copy,
    scenario.Rollback: _rollback,
    scenario.Clone: _clone,
    scenario.WrongKey: _wrong_key,
    scenario.Burn: _burn,
}
