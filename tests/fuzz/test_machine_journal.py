"""The journal against a model: any order of taps, uploads, lost answers, cuts and restarts. I3, I5.

The model is three dictionaries: what was promised, what the server has, which outcomes may be
found. Where power failed in a write, both ways are allowed once, and the next look decides.
"""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from firmware.core.journal import Journal
from firmware.core.layout import Region
from protocol import record
from terminal_sim.flash import SHAPES, Flash, PowerCut
from tests.shared.test_journal import TERMINAL, entry

CARD = 7
KINDS = {"bytes twice": (1, True), "pages once": (64, False)}
OUTCOMES = {True: record.DONE, False: record.VOID}


class JournalMachine(RuleBasedStateMachine):
    """One journal in two or three sectors, which wrap soon."""

    @initialize(kind=st.sampled_from(sorted(KINDS)), sectors=st.integers(2, 3))
    def begin(self, kind, sectors):
        unit, reprogram = KINDS[kind]
        self.region = Region(0, sectors)
        self.flash = Flash(sectors * 4096, unit, reprogram)
        self.promised = {}  # serial -> its first 48 bytes
        self.outcomes = {}  # serial -> set of outcomes that may be found
        self.truth = {}  # serial -> what its card says
        self.unsure = None  # (serial, first 48 bytes) of a record that power failed in
        self.server = {}  # serial -> 64 bytes
        self.far = set()  # serials that were settled late, where that takes a slot of its own
        self.mount()

    # what power does

    def powered(self, call, *arguments):
        """-> (True, value), or (False, None) when power failed; then it is back at once."""
        try:
            return True, call(*arguments)
        except PowerCut:
            self.mount()
            return False, None

    def mount(self):
        found = {}
        while True:  # ends: a cut is armed for one operation, and mounting writes nothing
            self.journal = Journal(self.flash, self.region, TERMINAL)
            try:
                self.journal.mount(lambda raw, outcome: found.update(self.seen(raw, outcome)))
            except PowerCut:
                continue
            break
        self.decide(found)

    def seen(self, raw, outcome):
        return {record.unpack(raw).serial: (bytes(raw[:48]), outcome)}

    def decide(self, found):
        """After a look at the flash: what is there is what may be there."""
        if self.unsure is not None:
            serial, body = self.unsure
            if self.journal.serial_next == serial + 1:
                self.promised[serial] = body
            else:
                self.outcomes.pop(serial, None)
                self.truth.pop(serial, None)
            self.unsure = None
        assert self.journal.serial_next == max(self.promised, default=0) + 1
        assert self.journal.acked_to <= max(self.server, default=0)
        for serial in range(self.journal.acked_to + 1, self.journal.serial_next):
            body, outcome = found[serial]
            assert body == self.promised[serial]
            assert outcome in self.outcomes[serial], (serial, outcome)
            if outcome != record.INTENT or serial not in self.far:  # its mark comes after it
                self.outcomes[serial] = {outcome} | self.may_be_grey(serial)

    def may_be_grey(self, serial):
        """A record that was sent grey, or whose mark stands far from it, which has its limits."""
        return {record.INTENT} if serial in self.server or serial in self.far else set()

    @rule(operations=st.integers(1, 12), shape=st.sampled_from(SHAPES), noise=st.integers(0, 9999))
    def arm(self, operations, shape, noise):
        self.flash.cut_after(operations, shape, noise)

    @rule()
    def restart(self):
        self.mount()

    # what a terminal does

    def write(self, how, done):
        serial = self.journal.serial_next
        kind = record.PASS if how == "append" else record.PURCHASE
        one = entry(self.journal, kind, CARD)
        body = record.pack(one, bytes(8))[:48]
        self.unsure = serial, body
        self.truth[serial] = done
        self.outcomes[serial] = {record.DONE if how == "append" else record.INTENT}
        powered, _ = self.powered(getattr(self.journal, how), one)
        if powered:
            self.promised[serial] = body
            self.unsure = None
        return serial if powered else 0

    @precondition(lambda self: not self.journal.full and not self.journal.open)
    @rule(done=st.booleans())
    def intent(self, done):
        self.write("intent", done)

    @precondition(lambda self: not self.journal.full and not self.journal.open)
    @rule()
    def append(self):
        self.write("append", True)

    @precondition(lambda self: self.journal.grey)
    @rule(data=st.data())
    def settle(self, data):
        serials = [grey.serial for grey in self.journal.greys(CARD)]
        serial = data.draw(st.sampled_from(serials))
        self.settled(serial)

    def settled(self, serial):
        done = self.truth[serial]
        before = self.outcomes[serial]
        self.outcomes[serial] = before | {OUTCOMES[done]}
        if not self.flash.reprogram and serial != self.journal.serial_next - 1:
            self.far.add(serial)
        powered, took = self.powered(self.journal.confirm if done else self.journal.void, serial)
        if powered and took:
            self.outcomes[serial] = {OUTCOMES[done]} | self.may_be_grey(serial)

    @rule()
    def leave(self):
        self.journal.leave()

    @rule(count=st.integers(1, 60), send=st.booleans())
    def many_taps(self, count, send):
        for _ in range(count):
            if self.journal.full:
                if not send:
                    return
                self.upload(50, True)
            self.journal.leave()
            serial = 0 if self.journal.full else self.write("intent", True)
            if serial:
                self.settled(serial)

    # what the line does

    @rule(limit=st.integers(1, 50), answered=st.booleans())
    def upload(self, limit, answered):
        given = self.journal.batch(limit)
        if given is None:
            assert not self.journal.queue or self.journal.open == self.journal.acked_to + 1
            return
        last, tail = given
        serials = []
        for at in range(0, len(tail), 64):
            raw = tail[at : at + 64]
            serial = record.unpack(raw).serial
            serials.append(serial)
            assert bytes(raw[:48]) == self.promised[serial]
            found = record.outcome_of(raw)
            assert found in self.outcomes[serial], (serial, found, self.outcomes[serial])
            assert self.server.get(serial, raw)[:60] == raw[:60]
            self.server[serial] = bytes(raw)
        assert serials == list(range(serials[0], last + 1))
        assert serials[0] == self.journal.acked_to + 1
        if answered:
            powered, _ = self.powered(self.journal.ack, last)
            if powered:
                assert self.journal.acked_to == last

    @precondition(lambda self: self.journal.full and self.journal.open == 0)
    @rule()
    def full_until_answered(self):
        """All is answered: then there is room again."""
        self.flash.cut_after(0)
        while self.journal.queue:
            self.upload(50, True)
        assert not self.journal.full

    @invariant()
    def counts(self):
        if not hasattr(self, "journal"):
            return
        journal = self.journal
        assert journal.serial_next == max(self.promised, default=0) + 1
        assert journal.queue == journal.serial_next - 1 - journal.acked_to >= 0
        assert journal.acked_to <= max(self.server, default=0)

    def teardown(self):
        if not hasattr(self, "journal"):
            return
        self.flash.cut_after(0)
        self.mount()
        while self.journal.queue:
            self.upload(50, True)
        assert sorted(self.server) == sorted(self.promised)
        chain = record.first_chain(TERMINAL)
        for serial in sorted(self.server):
            chain = record.next_chain(chain, self.server[serial])
            assert record.chain_of(self.server[serial]) == chain


JournalMachine.TestCase.settings = settings(
    max_examples=300,
    stateful_step_count=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
TestJournal = JournalMachine.TestCase
