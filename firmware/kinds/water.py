"""A valve or a relay: an amount is reserved, units flow against it, the rest is given back.

It decides how much to reserve, and closes what was reserved; the valve's machine is core.usage, who
is owed what core.reserves, how a unit outlives a power cut core.strip. Rules:
 1. The valve opens when the reserve is confirmed, the strip has its head and the journal has room
    for what is still to be written.
 2. Whatever is open in the journal and is not the running session is closed at the next turn, with
    the units of its strip: nobody has to come back for that, and nobody has to wait for it.
 3. Used and owed are the reserve; used is never more than the tariff says of the units counted.
Bytes, faults and their limits: docs/water.md.
"""

from collections import namedtuple

from firmware.core import clock, settling, usage
from firmware.core.layout import Region
from firmware.core.reserves import Reserves
from firmware.core.strip import Strip
from protocol import messages, reasons, record, tariff

RECORDS = 8  # that a session may need: reserve, close, giving, faults
_SHOW_MS = 1000

# what holds from the begin of a session to its end; rate: as _rate has it
Session = namedtuple("Session", "reserve rate balance_fen")


class Water:
    """See firmware.kinds for the calls."""

    NUMBER = messages.WATER
    PAYS = True
    GIVES_AS = record.SETTLE
    METERS = True
    WATCHES = True
    pin = None  # its reserve is the limit
    RECORD = record.RESERVE
    armed_fen = None

    def __init__(self):
        self.usage = usage.Usage()
        self.only_settles = False  # the next tap gives back and reserves nothing
        self._session = None
        self._valve = False  # what the output was told last
        self._shown_ms = 0
        self._last = None  # (used fen, balance or None) of the session that ended last

    def attach(self, terminal, flash, layout):
        """At mount: find what is open and owed. A valve has its strip where a gate has grants."""
        self._terminal = terminal
        self._strip = Strip(flash, Region(layout.grants.first, 2))
        self.reserves = Reserves(self._period)
        terminal.journal.walk(self.reserves, (record.RESERVE, record.SETTLE))

    @property
    def awaited(self):
        """Nobody waits for a torn reserve: rule 2."""
        return None

    @awaited.setter
    def awaited(self, torn):
        """See there."""

    @property
    def is_running(self):
        """A session has begun and is not closed."""
        return self._session is not None

    @property
    def is_open(self):
        """The valve is."""
        return self.usage.is_open

    # people

    def key(self, char, now, params):
        """'*' ends a session."""
        if char == "*" and self.is_running:
            self.usage.end(usage.PRESSED, now.ticks_ms)
            return self._outputs()
        return []

    def decide(self, tap):
        """What to reserve: as much as the card, the limits and one session allow."""
        if self.only_settles:
            return None, reasons.OK
        if self.is_running:
            return 0, reasons.IN_USE
        terminal = self._terminal
        params = terminal.params
        if not self.usage.is_fit(tap.now.ticks_ms):
            return 0, reasons.OUT_OF_SERVICE
        if not terminal.journal.has_room(RECORDS):
            return 0, reasons.JOURNAL_FULL
        used = self.reserves.free_used(tap.card, tap.now.utc_s)
        tap.detail = max(0, params["free_units"] - used)
        table, kwh = _rate(params)
        top_fen = tariff.fen(table, params["most_units"], kwh)
        amount_fen = min(top_fen, params["reserve_fen"], params["tap_limit_fen"])
        amount_fen = min(amount_fen, tap.purse.balance_fen)
        if not tap.now.online:
            spent_fen = terminal.seen.spent(tap.card)[1]
            amount_fen = min(amount_fen, max(0, params["offline_fen_per_card"] - spent_fen))
        margin = params["margin_units"]
        if tariff.units_for(table, amount_fen, kwh) > margin:
            return amount_fen, reasons.OK
        if tap.detail > margin:
            tap.is_free = True
            return 0, reasons.OK
        return tariff.fen(table, margin + 1, kwh) or 1, reasons.OK  # what policy finds too much

    def accepted(self, tap):
        """Open."""
        terminal = self._terminal
        params = terminal.params
        entry = None
        for row in self.reserves.to_close():
            if row.serial == tap.serial:
                entry = row
        if entry is None:
            return (("show", "refused", (reasons.OUT_OF_SERVICE,)),)
        table, kwh = _rate(params)
        most = entry.detail
        if tap.amount_fen:
            most += tariff.units_for(table, tap.amount_fen, kwh)
        most = min(most, params["most_units"])
        if not self._strip.begin(tap.serial, most + params["margin_units"]):
            return (("show", "refused", (reasons.OUT_OF_SERVICE,)),)
        self._session = Session(entry, (table, kwh), tap.balance_fen)
        self._shown_ms = tap.now.ticks_ms
        self.usage.begin(
            tap.now.ticks_ms, most - params["margin_units"], params["no_flow_s"],
            params["per_second"],
        )  # fmt: skip
        screen = "powered" if kwh else "open"
        return tuple(self._outputs()) + (("show", screen, (tap.amount_fen,)),)

    def refused(self, tap):
        """Why not."""
        if tap.reason == reasons.BALANCE and tap.balance_fen is not None:
            return (("show", "too_low", (tap.amount_fen, tap.balance_fen)),)
        return (("show", "refused", (tap.reason,)),)

    def torn(self, tap):
        """Nothing flows; who is there presents the card again."""
        return (("show", "refused", (reasons.CARD_GONE,)),)

    def look(self, tap):
        """What the session took, and what is on the card now."""
        used_fen = self._last or 0
        self._last = None
        if tap.balance_fen is None:
            return (("show", "used_account", (used_fen,)),)
        return (("show", "used", (used_fen, tap.balance_fen)),)

    def settle(self, serial):
        """The journal tells the reserves itself."""

    def idle(self, terminal):
        """What flows, or the terminal's own idle screen."""
        if self.is_running:
            return (self._flowing(),)
        return None

    def get_ready(self, terminal):
        """There is nothing that a tap would have to read first."""
        return False

    def asks(self, tap):
        """No limit here counts what a card does elsewhere."""
        return False

    def owes(self, tap):
        """(serial of the reserve, fen) that this card is to get before anything else, or None."""
        if not tap.credential.GIVES_ALONE:
            return None
        return self.reserves.owed(tap.card)

    # the meter

    def turn(self, now, pulses, back, glitches):
        """What the meter said since the last turn. -> effects. Call it all the time."""
        machine = self.usage
        machine.turn(now.ticks_ms, pulses, back, glitches)
        if self.is_running:
            self._strip.mark(machine.units)
        effects = self._outputs()
        if machine.state == usage.OVER:
            effects += self._end(now)
        self._tell(now)
        if not self._terminal.journal.open:
            self._tidy(now)
        if self.is_running and now.ticks_ms - self._shown_ms >= _SHOW_MS:
            self._shown_ms = now.ticks_ms
            effects.append(self._flowing())
        return effects

    def card_left(self, now):
        """The card of the session is not there any more. -> effects."""
        self.usage.end(usage.GONE, now.ticks_ms)
        return self._outputs()

    def power_fails(self, now):
        """50 ms are left. -> effects."""
        self.usage.end(usage.POWER, now.ticks_ms)
        effects = self._outputs()
        if self.usage.state == usage.OVER:
            effects += self._end(now)
        return effects

    def power_is_back(self):
        """It was a dip."""
        self.usage.power_is_back()

    def case(self, is_open, now):
        """The contact of the case. -> effects."""
        self.usage.case(is_open, now.ticks_ms)
        return self._outputs()

    def _outputs(self):
        if self._valve == self.usage.is_open:
            return []
        self._valve = self.usage.is_open
        return [("set", "valve", int(self._valve))]

    def _end(self, now):
        """The session is over: its close."""
        session = self._session
        used_fen = self._close(session.reserve, self.usage.units, session.rate, now)
        if used_fen is None:
            return []
        self.usage.closed(now.ticks_ms)
        self._session = None
        self._last = used_fen
        if session.balance_fen is None:
            return [("show", "used_account", (used_fen,))]
        owed_fen = session.reserve.amount_fen - used_fen
        if owed_fen:
            return [("show", "ended", (used_fen, owed_fen))]
        return [("show", "used", (used_fen, session.balance_fen))]

    def _tidy(self, now):
        """Rule 2."""
        for reserve in self.reserves.to_close():
            if self._session is None or reserve.serial != self._session.reserve.serial:
                units = self._strip.mount(reserve.serial)
                self._close(reserve, units, _rate(self._terminal.params), now)
        for reserve, fen in self.reserves.to_account():
            if settling.give_to_account(self._terminal, now, reserve, fen):
                return

    def _close(self, reserve, units, rate, now):
        """-> fen used, None if the journal takes nothing."""
        used_fen = min(reserve.amount_fen, _paid_fen(reserve, units, rate))
        return used_fen if settling.close(self._terminal, now, reserve, units, used_fen) else None

    def _tell(self, now):
        """Faults become records."""
        faults = self.usage.faults
        while faults and self._terminal.note(*faults[0], now):  # ends with them, or with the room
            faults.pop(0)

    def _flowing(self):
        session = self._session
        units = self.usage.units
        used_fen = _paid_fen(session.reserve, units, session.rate)
        left_fen = max(0, session.reserve.amount_fen - used_fen)
        kwh = session.rate[1]
        if kwh:
            return "show", "drawing", (left_fen, units * 100 // kwh)
        return "show", "flowing", (left_fen, units)

    def _period(self, utc_s):
        params = self._terminal.params
        if params["free_month"]:
            return clock.local_month(utc_s, params["utc_offset_min"])
        return clock.local_minute(utc_s, params["utc_offset_min"])[0]


def _rate(params):
    """(tariff, pulses a kWh or 0): what a unit costs, as protocol.tariff takes it."""
    return params["tariff"], params["pulses_per_kwh"]


def _paid_fen(reserve, units, rate):
    """What `units` cost, but for those that were free."""
    paid_units = min(max(0, units - reserve.detail), tariff.END)
    return tariff.fen(rate[0], paid_units, rate[1])
