"""Two slots for images: what each holds, which one is started. Rules, table.

Rules of this file
 1. A slot counts only by its marks: W is programmed after digest and signature were right, so what
    was begun and not finished is never started.
 2. A try is counted in flash before the image is started (T); the third without C was the last.
 3. What the health gate has not confirmed never takes the place of what it has: it is tried beside
    it, and an update erases only the slot that does not run, while a confirmed one runs.
 4. Older than what is confirmed, or of another kind, is never started.
 5. The digest of what is started is computed at every boot.

A slot is a region of sectors: the ROMFS from its beginning, the header in its last sector (see
docs/image.md). Marks are never programmed twice; a torn one is none, and its place is used up.
"""

import binascii
import hashlib
import struct
from collections import namedtuple

from firmware.core import nor
from protocol import manifest
from protocol.errors import RemoteError

ERASED = "erased"
WRITING = "writing"
WRITTEN = "written"
TRIED = "tried"
CONFIRMED = "confirmed"
BAD = "bad"
STATES = (ERASED, WRITING, WRITTEN, TRIED, CONFIRMED, BAD)

# what happens to a slot
BEGIN = "begin"  # the manifest is programmed
WHOLE = "whole"  # mark W
TRY = "try"  # mark T
CONFIRM = "confirm"  # mark C
GIVE_UP = "give up"  # mark B, or the last try is over
ERASE = "erase"
EVENTS = (BEGIN, WHOLE, TRY, CONFIRM, GIVE_UP, ERASE)

TABLE = {
    ERASED: {BEGIN: WRITING, ERASE: ERASED},
    WRITING: {WHOLE: WRITTEN, ERASE: ERASED},
    WRITTEN: {TRY: TRIED, GIVE_UP: BAD, ERASE: ERASED},
    TRIED: {TRY: TRIED, CONFIRM: CONFIRMED, GIVE_UP: BAD, ERASE: ERASED},
    CONFIRMED: {ERASE: ERASED},
    BAD: {ERASE: ERASED},
}

TRIES = 3
FAILS = 3  # of a confirmed image in a row, then something else is started
TRIAL_MS = 3_600_000  # in which the server must have answered
LASTED_MS = 600_000  # of work after which a confirmed image counts as healthy
NORMAL = "normal"
SAFE = "safe"  # the link and the journal's upload, no taps

Start = namedtuple("Start", "slot mode")

_MARKS_AT = 256
_CRC_AT = 252
_MARK = 64  # the largest program unit there is
_SAID = 16  # bytes of a mark that say what it is
_EVENT_OF = {0x57: WHOLE, 0x54: TRY, 0x43: CONFIRM, 0x42: GIVE_UP}
_MARK_OF = {WHOLE: 0x57, TRY: 0x54, CONFIRM: 0x43, GIVE_UP: 0x42}
_PIECE = 256


class NotPossible(Exception):
    """The slot is not in a state for this, or its flash does not take it."""


class Slot:
    """One slot; `state` is what its header said last."""

    def __init__(self, flash, region):
        self.region = region
        self.room = (region.sectors - 1) * flash.sector  # for the ROMFS
        self._flash = flash
        self._header = region.first + region.sectors - 1
        self.look()

    def look(self):
        """Read the header."""
        at = self._header * self._flash.sector
        self.tries = 0
        self.state = ERASED
        self.signed = b""  # manifest and signature, whole
        self.manifest = None
        self._next = _MARKS_AT
        head = self._flash.read(at, _MARKS_AT)
        if struct.unpack_from(">I", head, _CRC_AT)[0] != binascii.crc32(head[:_CRC_AT]):
            return
        try:
            self.manifest = manifest.parse(head)
        except RemoteError:
            return
        self.signed = head[: manifest.SIZE]
        self.state = WRITING
        while self._next < self._flash.sector:
            mark = self._flash.read(at + self._next, _MARK)
            if nor.is_blank(mark):
                break
            self._next += _MARK
            if mark == _mark(mark[0]):
                self._follow(_EVENT_OF.get(mark[0]))

    def mark(self, event):
        """Let this happen to the slot. NotPossible if nothing of it may stand in flash."""
        if event not in TABLE[self.state]:
            raise NotPossible(f"{event}: the slot is {self.state}")
        raw = _mark(_MARK_OF[event])
        while self._next < self._flash.sector:
            at = self._header * self._flash.sector + self._next
            self._next += _MARK
            if nor.program(self._flash, at, raw):
                self._follow(event)
                return
        raise NotPossible(f"{event}: the flash takes no mark")

    def forget(self):
        """Erase the header: nothing of the slot counts any more. NotPossible."""
        if not nor.erase(self._flash, self._header):
            raise NotPossible("the header cannot be erased")
        self.look()

    def blank(self, sector):
        """Erase one sector of the content, only while the slot is erased. NotPossible."""
        if self.state != ERASED or not 0 <= sector < self.region.sectors - 1:
            raise NotPossible(f"sector {sector}: the slot is {self.state}")
        if not nor.erase(self._flash, self.region.first + sector):
            raise NotPossible(f"sector {sector} cannot be erased")

    def begin(self, signed):
        """All sectors are blank: from now on the slot is being written. NotPossible."""
        if self.state != ERASED:
            raise NotPossible(f"the slot is {self.state}")
        raw = bytes(signed) + b"\xff" * (_CRC_AT - len(signed))
        raw += struct.pack(">I", binascii.crc32(raw))
        at = self._header * self._flash.sector
        if self.is_spoilt:
            raise NotPossible("the header is not blank")
        if not nor.program(self._flash, at, raw):
            raise NotPossible("the flash takes no manifest")
        self.look()

    def filled(self):
        """How many bytes of the content can stay: all before the last sector that has any. That
        one may be torn: it is erased. Only while the slot is being written. NotPossible."""
        if self.state != WRITING:
            raise NotPossible(f"the slot is {self.state}")
        sector = self.sectors_of(self.manifest.size)
        while sector and self._is_blank(sector - 1):
            sector -= 1
        if not sector:
            return 0
        if not nor.erase(self._flash, self.region.first + sector - 1):
            raise NotPossible("a sector cannot be erased")
        return (sector - 1) * self._flash.sector

    def sectors_of(self, size):
        """How many sectors a content of `size` bytes has."""
        return (size + self._flash.sector - 1) // self._flash.sector

    def put(self, offset, data):
        """Program a piece of the content, within one sector. NotPossible."""
        if self.state != WRITING or offset + len(data) > self.room:
            raise NotPossible(f"the slot is {self.state}")
        if not nor.program(self._flash, self.region.first * self._flash.sector + offset, data):
            raise NotPossible("the flash does not take the image")

    def digest_is_right(self):
        """True if the flash holds what the manifest says."""
        if self.manifest is None or self.manifest.size > self.room:
            return False
        whole = hashlib.sha256()
        at, left = self.region.first * self._flash.sector, self.manifest.size
        while left:
            length = min(left, _PIECE)
            whole.update(self._flash.read(at, length))
            at += length
            left -= length
        return whole.digest() == self.manifest.digest

    @property
    def is_spoilt(self):
        """True if the header is not blank, though the slot is erased: a cut was in it."""
        at = self._header * self._flash.sector
        return not nor.is_blank(self._flash.read(at, self._flash.sector))

    @property
    def may_be_tried(self):
        """True if a try is left, and room to count it."""
        return self.state in (WRITTEN, TRIED) and self.tries < TRIES and self._has_room

    @property
    def _has_room(self):
        return self._next < self._flash.sector

    def _is_blank(self, sector):
        at = (self.region.first + sector) * self._flash.sector
        for offset in range(0, self._flash.sector, _PIECE):
            if not nor.is_blank(self._flash.read(at + offset, _PIECE)):
                return False
        return True

    def _follow(self, event):
        """A mark that cannot follow here says nothing."""
        if event in TABLE[self.state]:
            self.state = TABLE[self.state][event]
            self.tries += event == TRY


class Pair:
    """The slots of a terminal and what was started: a Start. on_health(): called when it works."""

    def __init__(self, slots, start, keys, on_health=None):
        self.mode = start.mode
        self.here = slots[start.slot]
        self.there = slots[1 - start.slot]
        self.keys = keys  # number -> public key: whose images are taken
        self._on_health = on_health
        self._lasted = False

    @property
    def is_trial(self):
        """True until what runs is confirmed."""
        return self.here.state != CONFIRMED

    def is_over(self, ticks_ms):
        """True if the trial of what runs took too long: it shall start again."""
        return self.is_trial and self.mode == NORMAL and ticks_ms >= TRIAL_MS

    def lives(self, ticks_ms):
        """So long since the boot: a confirmed image that works for a while is healthy, for a
        server may be away for a week."""
        if not self._lasted and ticks_ms >= LASTED_MS and self.mode == NORMAL:
            self._lasted = True
            if not self.is_trial:
                self.begin_anew()

    def begin_anew(self):
        """Starts are counted from here: all is well, or a person wants it to be tried again."""
        if self._on_health:
            self._on_health()

    def confirm(self):
        """The health gate is passed. What the flash does not keep is asked again at the next
        report; a boot before that is another try."""
        if self.mode != NORMAL:
            return
        self.begin_anew()
        if self.here.state == TRIED:
            try:
                self.here.mark(CONFIRM)
            except NotPossible:
                pass


def choose(slots, kind, fails):
    """-> Start, or None if there is nothing to start. Counts the try that it chooses.

    `kind`: the terminal's, None if it has none yet; `fails`: starts of confirmed images since the
    last healthy moment, as the board remembers them over resets.
    """
    fit = [n for n in range(len(slots)) if _is_of(slots[n], kind)]
    fit.sort(key=lambda n: manifest.number_of(slots[n].manifest.version), reverse=True)
    good = [n for n in fit if slots[n].state == CONFIRMED]
    for n in fit:
        newer = not good or _is_newer(slots[n], slots[good[0]])
        if slots[n].may_be_tried and newer and _try(slots[n]):
            return Start(n, NORMAL)
    good = [n for n in good if slots[n].digest_is_right()]
    if good:
        mode = NORMAL if fails < FAILS * len(good) else SAFE
        return Start(good[fails // FAILS % len(good)], mode)
    for n in fit:  # given up, but all that there is
        if slots[n].state in (TRIED, BAD) and slots[n].digest_is_right():
            return Start(n, SAFE)
    return None


def _try(slot):
    """True if it may be started now: the digest is right and the try is counted."""
    try:
        if not slot.digest_is_right():
            slot.mark(GIVE_UP)
            return False
        slot.mark(TRY)
    except NotPossible:
        return False
    return True


def _is_of(slot, kind):
    return slot.manifest is not None and kind in (None, slot.manifest.kind)


def _is_newer(slot, other):
    return slot.manifest.version > other.manifest.version


def _mark(said):
    return bytes([said]) * _SAID + b"\xff" * (_MARK - _SAID)
