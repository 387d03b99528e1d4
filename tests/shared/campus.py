"""A small campus for tests of the core: a provisioned terminal on RAM flash, and scripted cards.

The card is no chip model (terminal_sim.mifare is): it knows its sector, its keys, and at which
command it leaves the field, with the write done or not.
"""

from card_layout import identity, keys, purse_m1, sectors
from card_layout.identity import Identity
from card_layout.purse_m1 import Purse
from firmware.core import layout
from firmware.core.terminal import Terminal
from firmware.credential import air
from protocol import keypage, messages
from terminal_sim.flash import Flash
from tests.shared.card import MASTER_A, MASTER_B, MASTER_PURSE, UID, mac_of

NUMBER = 12
NOON = 1790000000  # 2026-09-21 14:13:20 UTC, a Monday
LAYOUT = layout.make(1, 4)
PAGE = (b"enrolment key 12", b"master sector a!", b"master sector b!", b"master of purses")


def flash_of(kind=messages.POS, unit=1, reprogram=True, laid=LAYOUT):
    """-> a Flash with the key page of terminal NUMBER."""
    flash = Flash(laid.sectors * 4096, unit, reprogram)
    flash.program(laid.keys.first * 4096, keypage.pack(NUMBER, kind, *PAGE))
    return flash


def terminal_on(flash, met=True, laid=LAYOUT):
    """-> a mounted Terminal that has met its server."""
    made = Terminal(flash, None, laid)
    made.mount()
    if met:
        made.params.meet()
    return made


def moment(terminal, utc_s=NOON, ticks_ms=0, online=True):
    """-> `now`, online unless told otherwise; the list was checked when it was online last."""
    now = terminal.moment(utc_s, ticks_ms)
    if not terminal.online:
        terminal.on_open(now)
        terminal.told_time(utc_s, now)
        terminal.list_checked(utc_s, now)
    if not online:
        terminal.on_close(now)
    return terminal.moment(utc_s, ticks_ms)


class Card:
    """A MIFARE card of the campus. `gone_at`: the n-th command (from 0) finds no card."""

    sak = 0x08

    def __init__(self, number=7, balance_fen=5000, uid=UID, **fields):
        known = {"holder_kind": identity.STUDENT, "valid_until": 20000, "list_stamp": 0}
        known.update({"zones": 1, "key_version": 1})
        known.update(fields)
        who = Identity(
            number, known["holder_kind"], known["valid_until"], known["list_stamp"],
            known["zones"], known["key_version"],
        )  # fmt: skip
        self.uid = uid
        self.blocks = {}
        self.put(sectors.personalise(who, Purse(0, balance_fen, 0, 0), uid, *_MASTERS))
        self.key_a = keys.sector_key(MASTER_A, uid, sectors.SECTOR, "A")
        self.key_b = keys.sector_key(MASTER_B, uid, sectors.SECTOR, "B")
        self.gone_at = None
        self.written = True  # whether a write that nobody sees the answer of was done, or how many
        # of its bytes
        self.macs = (mac_of(uid),)  # that its purse may stand under
        self.deaf_to_writes = False  # the write is answered, and does nothing
        self.commands = []
        self._open = None
        self._deaf = False

    def put(self, blocks):
        """Lay blocks over the card, as a desk does."""
        for block, data in blocks:
            self.blocks[block] = data

    def purse(self):
        """The Purse that holds."""
        return purse_m1.choose(self.blocks[5], self.blocks[6], self.uid, *self.macs)[0]

    def select(self):
        """A new presentation."""
        self.commands = []
        self._open = None
        self._deaf = False
        return ("one", self.uid, self.sak)

    def again(self):
        """Selected once more in the same tap, or None."""
        self.commands.append(b"select")
        if self.gone_at is not None and len(self.commands) > self.gone_at:
            return None
        self._open = None
        self._deaf = False
        return ("one", self.uid, self.sak)

    def answer(self, command):
        """-> (status, data)."""
        self.commands.append(command)
        if self.gone_at is not None and len(self.commands) > self.gone_at:
            if len(self.commands) == self.gone_at + 1 and self.written:
                self._act(self._torn(command))
            return air.GONE, b""
        return self._act(command)

    def _torn(self, command):
        if command[0] != air.WRITE or self.written is True:
            return command
        kept = self.blocks[command[1]][self.written :]
        return command[: 2 + self.written] + kept

    def _act(self, command):
        code = command[0]
        if self._deaf:
            return air.GONE, b""
        if code in (air.AUTHENTICATE_A, air.AUTHENTICATE_B):
            right = self.key_a if code == air.AUTHENTICATE_A else self.key_b
            if command[2:8] != right or command[8:] != self.uid[-4:]:
                self._deaf = True
                return air.DENIED, b""
            self._open = code
            return air.OK, b""
        if self._open is None:
            return air.DENIED, b""
        if code == air.READ:
            return air.OK, self.blocks[command[1]]
        if self._open != air.AUTHENTICATE_B:
            return air.DENIED, b""
        if not self.deaf_to_writes:
            self.blocks[command[1]] = command[2:]
            if command[1] == sectors.TRAILER_BLOCK:
                self.key_a, self.key_b = command[2:8], command[12:18]
        return air.OK, b""


_MASTERS = (MASTER_A, MASTER_B, MASTER_PURSE)


def tap(terminal, card, now=None, found=None, serve=None, psam=None):
    """-> (Outcome, effects) of one presentation of `card`; `found` overrides the select.

    serve: body -> the server's answer to a question of the tap, or None; without: nobody answers.
    psam: APDU -> the PSAM's answer, or None; the same.
    """
    generator = terminal.tap(now or moment(terminal))
    effects = []
    answer = None
    is_first = True
    try:
        while True:  # ends with the tap
            request = generator.send(answer)
            answer = None
            if request[0] == "select" and is_first:
                answer = found or (card.select() if card else None)
                is_first = False
            elif request[0] == "select":
                answer = card.again() if card else None
            elif request[0] == "card":
                answer = card.answer(request[1])
            elif request[0] == "server":
                answer = serve and serve(request[1])
            elif request[0] == "psam":
                said = psam and psam(request[1])
                answer = (air.OK, said) if said else (air.GONE, b"")
            else:
                effects.append(request)
    except StopIteration as done:
        return done.value, effects


def screens(effects):
    """-> the names of the screens among effects."""
    return [effect[1] for effect in effects if effect[0] == "show"]


def records(terminal, limit=50):
    """-> list of the 64 bytes that wait for the server."""
    given = terminal.journal.batch(limit)
    if given is None:
        return []
    return [given[1][at : at + 64] for at in range(0, len(given[1]), 64)]
