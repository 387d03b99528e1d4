"""A store in memory, with faults on order: what the gateway's tests need and no database can do.

What it is not: the rules. Every well-formed record is stored, a second one with the same number is
compared byte by byte. Thread-safe enough for one writer thread and some readers.
"""

import contextlib
import threading
import time
from types import SimpleNamespace as Part

from protocol import batch, blacklist, hkdf, record
from protocol.errors import RemoteError

UNIVERSE = 32768


class MemoryStore:
    """Same calls as the real store, as far as the gateway makes them."""

    def __init__(self):
        self.rows = {}
        self.kept = {}  # (terminal, serial) -> bytes
        self.reports = {}
        self.confirmed = []
        self.sent = []
        self.versions = [frozenset()]  # of the blacklist
        self.grants = {}
        self.parameters = {}
        self.commits = []  # numbers of batches in each commit
        self.trouble = None  # ingest raises it
        self.attempts = 0  # of ingest
        self.poison = None  # ingest raises when this terminal is among the batches
        self.gate = threading.Event()  # ingest waits for it
        self.gate.set()
        self._make_parts()

    def _make_parts(self):
        self.actions = Part(waiting_version=0)
        self.audit = Part()
        self.emergencies = Part(now=lambda utc_s: 0)
        self.served: list[tuple[int, int]] = []  # (since, until)
        self.evidence = Part(
            has_leave=lambda terminal, utc_s: False,
            lists_sent=self.sent.extend,
            serving=lambda started_s, utc_s: self.served.append((started_s, utc_s)),
        )
        self.hooks = Part()
        self.issues = Part(settle=lambda by, utc_s: [])
        self.lost = Part(replace=self.replace)
        self.merchants = Part(expire=lambda utc_s: 0, take_told=set)
        self.partners = Part()
        self.restored = Part(compare=lambda number, values, utc_s: False)
        self.terminals = Part(
            enrol=self.enrol,
            get=self.rows.get,
            all=lambda: list(self.rows.values()),
            admit_epoch=self.admit_epoch,
            report=lambda number, values, utc_s: self.reports.update({number: values}),
            set_params=self.set_params,
            params=self.params,
        )
        self.records = Part(ingest=self.ingest, highest_serial=self.highest_serial)
        self.lists = Part(
            state=self.list_state,
            full=self.list_full,
            delta=self.list_delta,
            confirm=self.confirm_list,
            loss_report=lambda card, by, utc_s: self.change([card]),
            loss_withdraw=lambda card, by, utc_s: self.change((), [card]),
        )

    def group(self):
        return contextlib.nullcontext()

    def enrol(self, kind, place, merchant, utc_s):
        number = len(self.rows) + 1
        self.rows[number] = {
            "number": number, "kind": kind, "place": place, "merchant": merchant,
            "generation": 1, "epoch": 0, "own_key": None, "contact_utc_s": None,
        }  # fmt: skip
        return number

    def admit_epoch(self, number, epoch, generation=1):
        row = self.rows[number]
        if epoch <= row["epoch"] or generation != row["generation"]:
            return False
        row["epoch"] = epoch
        return True

    def replace(self, number, utc_s):
        self.rows[number] |= {"generation": self.rows[number]["generation"] + 1, "epoch": 0}
        return 1, 1 << 16

    def ingest(self, batches, received_utc_s):
        self.gate.wait()
        self.attempts += 1
        if self.trouble is not None:
            raise self.trouble
        if self.poison in [number for number, _ in batches]:
            raise OSError("the disk is full")
        self.commits.append(len(batches))
        return [self._batch(number, tail) for number, tail in batches]

    def _batch(self, number, tail):
        answers = []
        for raw in batch.split(tail):
            try:
                serial = record.unpack(raw).serial
            except RemoteError:
                answers.append((batch.QUARANTINED, 65))
                continue
            known = self.kept.setdefault((number, serial), raw)
            if known is raw:
                answers.append((batch.STORED, 0))
            else:
                answers.append((batch.EXISTS if known == raw else batch.EXISTS_DIFFERENT, 0))
        return batch.pack(answers)

    def highest_serial(self, number):
        return max((serial for n, serial in self.kept if n == number), default=0)

    # lists

    def _bits(self, cards):
        return blacklist.bitmap(sorted(cards), UNIVERSE)

    def _current(self, list_id, terminal):
        return self.grants.get(terminal, [frozenset()]) if list_id else self.versions

    def list_state(self, list_id, terminal):
        history = self._current(list_id, terminal)
        return len(history) - 1, UNIVERSE, blacklist.digest(self._bits(history[-1]))

    def list_full(self, list_id, terminal):
        version, _, digest = self.list_state(list_id, terminal)
        cards = self._current(list_id, terminal)[version]
        return version, digest, blacklist.encode(sorted(cards), UNIVERSE)

    def list_delta(self, list_id, terminal, before):
        version, _, digest = self.list_state(list_id, terminal)
        history = self._current(list_id, terminal)
        if not 0 <= before < version:
            return None
        old, new = history[before], history[version]
        blob = blacklist.encode_delta(sorted(new - old), sorted(old - new), UNIVERSE)
        return version, digest, blob

    def change(self, added=(), removed=()):
        """A new version of the blacklist."""
        self.versions.append((self.versions[-1] | set(added)) - set(removed))
        return len(self.versions) - 1

    def confirm_list(self, number, list_id, version, digest, utc_s):
        self.confirmed.append((number, list_id, version))

    def set_params(self, terminal, values):
        version, _ = self.parameters.get(terminal, (0, b""))
        self.parameters[terminal] = (version + 1, bytes(values))
        return version + 1

    def params(self, terminal):
        return self.parameters.get(terminal, self.parameters.get(None, (0, b"")))


class MemoryKeyring:
    """Keys made from the number."""

    newest = 1  # version of the card keys
    audit_key = bytes(32)
    database = None

    def key(self, number):
        return bytes([number & 0xFF, number >> 8]) * 8

    def deriver(self, number, generation, own_key=None):
        return lambda salt, info, length: hkdf.derive(self.key(number), salt, info, length)

    def tac_key(self, uid):
        return hkdf.derive(uid, b"", b"", 16)


def wait_until(true, seconds=5):
    """Only for threads that may block."""
    ends_s = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < ends_s, "it did not happen in time"
        time.sleep(0.005)
