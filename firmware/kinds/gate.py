"""A gate or a door: nothing is taken, and who may pass goes through.

It does not know who may (core.rights), whose card lets in again (core.passback), what a door may do
(core.door), nor what turns the barrier: it asks for the pin "barrier". Rules:
 1. While the door is FREE (fire, emergency) everybody passes and every card is recorded: what would
    have been refused stands in the policy word.
 2. Two gates of one lane are tied by a wire: while one is released, no card opens the other. The
    exit button and the fire do not ask for the wire.
 3. A release that was not used did not let anybody in; a door without a contact believes it did.
 4. Faults become records, and are tried again when the journal had no room.
Inputs and their levels: docs/gate.md.
"""

from firmware.core import door, rights
from firmware.core.passback import Passback
from firmware.core.tap import Tap
from protocol import messages, reasons, record

_USED_BY = (door.RELEASED, door.OPEN)


class Gate:
    """See firmware.kinds for the calls."""

    NUMBER = messages.GATE
    PAYS = False
    METERS = False
    WATCHES = True
    RECORD = record.PASS
    awaited = None  # a gate writes nothing, so nothing of it is ever torn
    armed_fen = None
    pin = None

    def __init__(self):
        self.door = door.Door()
        self.holder = None  # (Identity, ticks) of who was let through last
        self._passback = Passback()
        self._card = 0  # for which the door is released
        self._is_taken = False  # the other gate of the lane is released
        self._told = {"barrier": False, "lane": False}  # outputs that stand
        self._state = door.LOCKED  # of the last turn, as the next
        self._now = None

    def attach(self, terminal, flash, layout):
        """At mount."""
        self._terminal = terminal

    def key(self, char, now, params):
        """A gate has no keys."""
        return []

    def decide(self, tap):
        """Amount 0, if the card may pass here now."""
        terminal = tap.terminal
        now_ms = tap.now.ticks_ms
        granted = terminal.grants.has(tap.card)
        reason = rights.reason(tap.identity, granted, terminal.params, tap.now.utc_s)
        tap.is_open = self._is_free(tap.now)
        if tap.is_open or reason != reasons.OK:
            return 0, reason
        if self._is_taken:
            return 0, reasons.IN_USE
        is_same = self.door.state == door.RELEASED and tap.card == self._card
        window_ms = terminal.params["passback_s"] * 1000
        if not is_same and self._passback.is_back(tap.card, now_ms, window_ms):
            return 0, reasons.PASSBACK
        return 0, reasons.OK

    def accepted(self, tap):
        """Open first, then say so."""
        now_ms, params = tap.now.ticks_ms, tap.terminal.params
        self.holder = tap.identity, now_ms
        said = "show", "pass", (tap.identity.holder_kind,)
        if tap.is_open:
            return (said,)
        self._card = tap.card
        self._passback.passed(tap.card, now_ms)
        self.door.let(now_ms, params["open_ms"])
        return ("pin", "barrier", params["open_ms"]), said

    def refused(self, tap):
        """Why not; but where the door is free, nobody is sent away."""
        if self._is_free(tap.now):
            return (self._free_screen(tap.now),)
        return (("show", "refused", (tap.reason,)),)

    def torn(self, tap):
        """Never: see `awaited`."""
        return ()

    def look(self, tap):
        """Never: a gate always decides."""
        return ()

    def settle(self, serial):
        """Nothing is awaited."""

    def get_ready(self, terminal):
        """There is nothing that a tap would have to read first."""
        return False

    def asks(self, tap):
        """No limit here counts what a card does elsewhere."""
        return False

    def owes(self, tap):
        """Nothing."""

    def idle(self, terminal):
        """What is amiss, or that everybody may go, as the last turn has seen it."""
        if self.door.state == door.FREE:
            return (self._free_screen(self._now),)
        if self.door.state == door.FORCED:
            return (("show", "refused", (reasons.DOOR_FORCED,)),)
        if self.door.state == door.HELD:
            return (("show", "refused", (reasons.DOOR_HELD,)),)
        return None

    # the door

    def turn(self, now, inputs):
        """[(name, value)] of what has changed: door, exit, fire, lane. -> effects. Call it all the
        time, also when nothing has."""
        machine, now_ms = self.door, now.ticks_ms
        self._now = now
        effects = []
        for name, value in inputs:
            if name == "door":
                machine.contact(bool(value), now_ms)
            elif name == "fire":
                machine.loop(bool(value), now_ms)
            elif name == "lane":
                self._is_taken = bool(value)
            elif name == "exit" and value:
                effects += self._exit(now)
        terminal = self._terminal
        held_ms = terminal.params["held_s"] * 1000
        was_released = machine.state == door.RELEASED
        machine.turn(now_ms, terminal.emergency.is_on(now), held_ms)
        if was_released and machine.state == door.LOCKED and machine.is_seen:
            self._passback.forget(self._card)
        terminal.emergency.fire = machine.fire
        self._tell(now)
        return effects + self._outputs() + self._screens(now)

    def _exit(self, now):
        """The button: somebody goes out. Nobody is kept in because of a full journal."""
        open_ms = self._terminal.params["open_ms"]
        is_new = self.door.state != door.RELEASED
        if not self.door.let(now.ticks_ms, open_ms):
            return []
        if is_new:
            self._card = 0
            self._terminal.keep(Tap(self._terminal, now).entry(record.PASS, reasons.OK))
        return [("pin", "barrier", open_ms), ("show", "pass", (0,))]

    def _outputs(self):
        """What stands otherwise than it was told."""
        state = self.door.state
        wanted = {"barrier": state == door.FREE, "lane": state in _USED_BY}
        effects = []
        for name, is_on in wanted.items():
            if is_on != self._told[name]:
                self._told[name] = is_on
                effects.append(("set", name, int(is_on)))
        if self.door.is_used and state == door.LOCKED:  # shut behind one, locked to the next
            effects.append(("set", "barrier", 0))
        self.door.is_used = False
        return effects

    def _screens(self, now):
        """A screen when the door has become something else; a pass has its own."""
        before, self._state = self._state, self.door.state
        if before == self._state or self._state in _USED_BY:
            return []
        if before in _USED_BY and self._state == door.LOCKED:
            return []
        return self._terminal.idle(now)

    def _tell(self, now):
        events = self.door.events
        while events and self._terminal.note(*events[0], now):  # ends with them, or with the room
            events.pop(0)

    def _is_free(self, now):
        return self.door.fire or self._terminal.emergency.is_on(now)

    def _free_screen(self, now):
        if self.door.fire:
            return "show", "free", (reasons.FIRE,)
        if self._terminal.emergency.is_drill(now):
            return "show", "free_drill", ()
        return "show", "free", (reasons.EMERGENCY,)
