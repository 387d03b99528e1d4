"""A terminal: what there is of it besides hardware, put together.

It decides nothing itself: taps are core.tap, records core.journal, words with the server
core.uploader. firmware/README.md says how it is driven; run.py and the simulator drive the same
object. Everything in RAM here can be lost at any instant and is found again by `mount`.
"""

from firmware import credential, kinds
from firmware.core import clock, tap
from firmware.core.emergency import Emergency
from firmware.core.epoch import Epochs
from firmware.core.journal import Journal, JournalFull
from firmware.core.keystore import Keys
from firmware.core.lists import CardList
from firmware.core.moment import Moment
from firmware.core.params import Params
from firmware.core.recall import Recall
from firmware.core.seen import Seen
from firmware.core.uploader import Uploader
from protocol import messages, reasons, record

_U16 = 0xFFFF
_CODES = 128  # slots: more than can be written while a code is good
_TAP_RECORDS = 3  # of one tap, but for a card with much unfinished
_TAKEN = (record.PURCHASE, record.PASS)
_NEAR = 8  # slots between a purchase and its proof, at most


class Terminal:
    """One terminal over one flash; `kind` from firmware.kinds, None: the one of the key page."""

    def __init__(self, flash, kind, layout, version=(0, 1, 0)):
        self.kind = kind
        self.version = version
        self.heap_peak = 0  # bytes, told by the runner
        self.fit = True  # the self-test is passed, told by the runner
        self.images = None  # core.slots.Pair where there are two slots, told by boot
        self.online = False
        self.may_leave = False  # the server lets this terminal be offline
        self.list_checked_utc_s = 0  # when the server last said that our blacklist is its own
        self._list_checked_ms = None  # the same in ticks, if it was in this boot
        self.waiting = b""  # filter of cards for which the server has something: docs/actions.md
        self.waiting_version = 0
        self.taps = 0  # of this boot, as the next
        self.tears = 0
        self.params = Params(flash, layout.params)
        self.emergency = Emergency(self.params)
        work = bytearray(flash.sector)
        self.blacklist = CardList(flash, layout.blacklist, work)
        self.grants = CardList(flash, layout.grants, work)
        self.seen = Seen()
        self.recall = Recall()
        self.uploader = Uploader(self)
        self._flash = flash
        self._layout = layout
        self._epochs = Epochs(flash, layout.epoch)
        self._clock = clock.Clock()
        self._offline_ms = None  # ticks when the last session of this boot died
        self._met_utc_s = 0  # when the server was last heard of
        self._effects = []
        self._was_online = False  # while the journal is read again

    def mount(self):
        """Find everything in flash. NotProvisioned if there is no key page."""
        self._keys = Keys(self._flash, self._layout.keys)
        self.address = self._keys.number
        if self.kind is None:
            self.kind = kinds.of_number(self._keys.kind)
        self._credentials = {}  # module name -> made when the first such one comes
        self._epochs.mount()
        self.params.mount()
        self.blacklist.mount()
        self.grants.mount()
        self.journal = Journal(self._flash, self._layout.journal, self.address)
        newest = self.journal.mount(self._revisit)
        if self.params["code_issuers"]:
            for raw in self.journal.sent(_CODES, record.CODE):
                entry = record.unpack(raw)
                self.seen.note(entry.card, entry.counter + (entry.type in _TAKEN))
        self._recall(newest)
        if self.kind.WATCHES:
            self.kind.attach(self, self._flash, self._layout)
        self.emergency.mount(self.kind, self.journal)

    def credential_of(self, found):
        """The credential of what was found, None if there is none for it."""
        name = credential.name_of(found)
        return None if name is None else self._credential(name)

    def get_ready(self):
        """Do one thing that the next customer would wait for. -> True if there is more to do.
        Limits: for who has memory to load what may never come; up to a sector is erased."""
        self.journal.has_room(_TAP_RECORDS)
        for name in credential.CARDS:
            if name not in self._credentials:
                self._credential(name)
                return True
        if self.kind.get_ready(self):
            return True
        return "code" in self._credentials and self._credentials["code"].learn(self.params)

    def _credential(self, name):
        if name not in self._credentials:
            self._credentials[name] = credential.load(name)(self._keys, self.kind.PAYS)
        return self._credentials[name]

    # the session

    def derive(self, salt, info, length):
        """-> `length` bytes under the enrolment key."""
        return self._keys.session(salt, info, length)

    def next_epoch(self):
        """-> an epoch above all before. A hello begins anew what is asked of the server."""
        self.uploader.restart()
        return self._epochs.next()

    def on_open(self, now):
        """The session is open: what cards took while offline is over."""
        if not self.online:
            self.seen.new_spell()
        self.online = True

    def on_close(self, now):
        """The session died."""
        if self.online:
            self._met_utc_s = now.utc_s
            self._offline_ms = now.ticks_ms
        self.online = False
        self.uploader.restart()

    def report(self, now):
        """Values of a REPORT."""
        journal = self.journal
        return (
            now.utc_s & 0xFFFFFFFF,
            self.version[0],
            self.version[1],
            self.version[2],
            self.kind.NUMBER,
            self.blacklist.version,
            self.blacklist.digest[:8],
            self.grants.version,
            self.params.version,
            journal.serial_next,
            journal.acked_to,
            journal.queue,
            min(journal.grey, _U16),
            journal.capacity,
            self.heap_peak,
            self._epochs.boots,
            self.taps & 0xFFFFFFFF,
            self.tears & _U16,
            int(now.clock_trusted),
            self.offline_s(now),
        )

    def use_psam(self):
        """The keys that debit CPU cards are in a PSAM; before the first such card comes."""
        self._keys.has_psam = True

    def learn_keys(self, tail):
        """Card keys of other versions from the server. -> status of KEYS_STATE."""
        return self._keys.learn(tail)

    # people

    def moment(self, utc_s, ticks_ms):
        """-> the Moment that every call takes as `now`. Clocks beyond 32 bits stand at the end."""
        utc_s = min(max(utc_s, 0), 0xFFFFFFFF)
        trusted = self._clock.trusts(utc_s, ticks_ms, self.params["clock_tolerance_s"])
        return Moment(utc_s, trusted, self.online, ticks_ms)

    def tap(self, now):
        """Generator of one tap (core.tap.run); close it if it is given up."""
        self.taps += 1
        self.recall.seen("")
        return tap.run(tap.Tap(self, now))

    def key(self, char, now):
        """-> list of effects of one key."""
        self.recall.seen(char)
        return self.kind.key(char, now, self.params)

    def idle(self, now):
        """-> list of effects for the screen when nothing happens."""
        effects = self.kind.idle(self)
        if effects is not None:
            return list(effects)
        if self.recall.idle(now, self.params["clock_tolerance_s"]):
            return [("show", self.recall.screen, self.recall.values)]
        if self.emergency.is_on(now):
            order = self.emergency.order
            until_s = order.end_s + self.params["utc_offset_min"] * 60
            screen = "drilling" if self.emergency.is_drill(now) else "emergency"
            return [("show", screen, (order.card_fen, until_s))]
        if not self.params.met:
            return [("show", "not_ready", (self.address,))]
        local_s = now.utc_s + self.params["utc_offset_min"] * 60 if clock.is_set(now.utc_s) else 0
        if now.online:
            return [("show", "idle_online", (self.address, local_s))]
        values = (
            self.offline_s(now) // 60,
            self.journal.queue,
            self.journal.capacity,
            self.blacklist.version,
            self.list_age_min(now),
        )
        return [("show", "idle_offline", values)]

    def turn(self, now):
        """-> list of effects of what time brings; call it each 100 ms or so."""
        pin = self.kind.pin
        if pin is not None and pin.turn(now):
            self.kind.pin = None
            return self.idle(now)
        if self.emergency.turn(self, now):
            return self.idle(now)
        return []

    def question(self):
        """Body of what the keys have for the server, or None. Its answer goes to `answered`."""
        pin = self.kind.pin
        return None if pin is None else pin.question(self.journal.serial_next)

    def answered(self, body, now):
        """The server's answer to it, None if there was none in time. -> list of effects"""
        return self.kind.answered(body, self, now)

    def effects(self):
        """-> list of effects that the server's words have caused since the last call. A screen of
        theirs is heard, and does not cover what people are in the middle of."""
        effects = self._effects
        self._effects = []
        if "show" in [effect[0] for effect in effects]:
            effects.extend(self.kind.idle(self) or ())
        return effects

    # for the other files of the core

    def cause(self, *effect):
        """An effect for the runner."""
        self._effects.append(effect)

    def is_healthy(self):
        """Everything was found in flash and the server has answered: an image on trial stays."""
        if self.images is not None and self.fit:
            self.images.confirm()

    def note(self, reason, detail, now):
        """A record of an event. False if the journal takes none."""
        return self.keep(tap.Tap(self, now).entry(record.EVENT, reason, detail))

    def keep(self, entry):
        """A final record of nobody's card. False if the journal takes none."""
        try:
            self.journal.append(entry)
        except JournalFull:
            return False
        return True

    def ordered(self, signed, now):
        """An emergency, or its end. -> (number of the order that counts here, status)"""
        return self.emergency.take(signed, self._keys.centre, self, now)

    def is_waiting(self, card):
        """May the server have something for this card?"""
        bit = card % (8 * len(self.waiting))
        return self.waiting[bit >> 3] >> (bit & 7) & 1

    def list_of(self, number):
        """The CardList of a list number of `messages`."""
        return self.blacklist if number == messages.BLACKLIST else self.grants

    def told_time(self, utc_s, now):
        """The server's time."""
        self._clock.told(utc_s, now.ticks_ms)
        self._met_utc_s = utc_s
        if abs(utc_s - now.utc_s) > 1:
            self.cause("clock", utc_s)

    def list_checked(self, utc_s, now):
        """The server has just said that our blacklist is its own."""
        self.list_checked_utc_s = utc_s
        self._list_checked_ms = now.ticks_ms

    def list_age_min(self, now):
        """Minutes since the server last said that our blacklist is its own; 65535 unknown."""
        if self._list_checked_ms is not None:  # in this boot: ticks cannot be set wrong
            age_s = (now.ticks_ms - self._list_checked_ms) // 1000
        else:
            tolerance_s = self.params["clock_tolerance_s"]
            age_s = clock.age_s(self.list_checked_utc_s, now.utc_s, tolerance_s)
        if age_s is None:
            return record.UNKNOWN_AGE_MIN
        return min(age_s // 60, record.UNKNOWN_AGE_MIN)

    def offline_s(self, now):
        """Seconds without a session: by ticks within a boot, over boots by the clock."""
        if now.online:
            return 0
        age_s = None
        if self._offline_ms is None:  # no session yet in this boot: only the clock can tell
            age_s = clock.age_s(self._met_utc_s, now.utc_s, self.params["clock_tolerance_s"])
        if age_s is None:
            age_s = max(0, now.ticks_ms - (self._offline_ms or 0)) // 1000
        return min(age_s, 0xFFFFFFFF)

    @property
    def leave_flag(self):
        """Flag of a record made offline."""
        return record.OFFLINE_LEAVE if self.may_leave else 0

    def awaits(self, grey, now):
        """True if this grey record is the debit that people are waiting for.

        Either the tap was torn before their eyes; or power failed in it a moment ago, nothing has
        happened here since, and what is entered now is the same amount or nothing.
        """
        if self.kind.awaited == (grey.card, grey.serial):
            return True
        if grey.serial != self.journal.serial_next - 1:
            return False
        is_cut = self.recall.awaits(grey.serial, now, self.params["clock_tolerance_s"])
        return is_cut and self.kind.armed_fen in (None, grey.amount_fen + record.subsidy_fen(grey))

    def _revisit(self, raw, outcome):
        """At mount, for each record that the server does not have: what its card took offline."""
        entry = record.unpack(raw)
        online = entry.flags & record.ONLINE
        if online and not self._was_online:
            self.seen.new_spell()
        self._was_online = online
        if not entry.flags & record.PURSE_READ or not entry.card:
            return
        counter = entry.counter
        offline_fen = 0
        if entry.type == record.SETTLE and not record.makes_step(entry):
            return  # no purse was read for what the server gives back
        if entry.type in _TAKEN and entry.credential & 15 == record.CODE:
            counter += 1  # whatever it was accepted for, it is used up
        elif record.makes_step(entry) and outcome != record.VOID:
            if outcome == record.DONE:
                counter += 1
            if not online and entry.type in record.TAKES:
                offline_fen = entry.amount_fen
        self.seen.note(entry.card, counter, offline_fen)

    def _recall(self, newest):
        """At mount, from the newest record: what people may not have seen, how old the list is."""
        self.list_checked_utc_s = self.blacklist.updated_utc_s
        self._met_utc_s = self.blacklist.updated_utc_s
        if newest is None:
            return
        entry = record.unpack(newest)
        offset_s = self.params["utc_offset_min"] * 60
        if entry.type == record.EVENT and entry.reason == reasons.PROOF:
            newest = self._proven(entry.previous_serial) or newest
        self.recall.found(record.unpack(newest), record.outcome_of(newest), offset_s)
        same_list = entry.list_version == self.blacklist.version & 0xFFFFFF
        if same_list and entry.list_age_min != record.UNKNOWN_AGE_MIN:
            checked_utc_s = entry.utc_s - entry.list_age_min * 60
            self.list_checked_utc_s = max(self.list_checked_utc_s, checked_utc_s)
        if entry.flags & record.ONLINE:
            self._met_utc_s = max(self._met_utc_s, entry.utc_s)
        self._met_utc_s = max(self._met_utc_s, self.list_checked_utc_s)

    def _proven(self, serial):
        """The purchase whose proof is the newest record, with its outcome; None if it is gone."""
        for raw, outcome in self.journal.recent(_NEAR):
            if int.from_bytes(raw[:4], "big") == serial:
                return raw[: record.OUTCOME_AT] + bytes([outcome]) + raw[record.ACKED_AT :]
        return None
