"""What a terminal says to its server, and what the server's words do: one request at a time.

Not the session (protocol.session) nor the line: bodies in, bodies out. Order of what is sent: the
report that opens every session; then lists that are wanted, for a lost card must not wait for old
records; then records, oldest first; then, when there are none, an update; then a report each
`heartbeat_s`. A request that died with its session is simply made anew: records are acknowledged
only by the server's answer to them, and sending them twice is nothing (docs/journal.md).
Limits: 50 records a batch, fewer where RAM has no room for their frame; after a
PROBLEM nothing is asked for a second.
"""

from firmware.core import tap
from firmware.core.fetch import Fetch
from firmware.core.journal import JournalFull
from protocol import batch, messages, reasons, record
from protocol.errors import RemoteError
from protocol.states import SERVER

PAUSE_MS = 1000
GATHER_MS = 100  # from batch to batch: in a rush records go together, alone they go at once
_OF_A_TAP = (messages.ACTION, messages.SIGN, messages.PIN, messages.SPENT, messages.BALANCE)
REPORTS_TO_WAIT = 2  # that may show an old list before we fetch it without being told


class Uploader:
    """For one terminal (core.terminal.Terminal)."""

    def __init__(self, terminal):
        self._terminal = terminal
        self._fetch = Fetch()
        self._asked = 0  # number of the request that waits for its reply, 0 none
        self._sent_to = 0  # last serial of the batch that waits
        self._sent = 0  # how many records it has
        self._batch_from_ms = 0
        self._most = batch.MAX_RECORDS  # a batch has
        self._report_due = True
        self._heard_ms = 0
        self._pause_to_ms = None
        self._behind = [0, 0]  # reports in a row that showed an old list
        self._raised_to = 0  # the server's highest number, until a record tells that ours are above
        self._wanted = None  # versions (blacklist, grants, params) of the last STATE
        self._update = None  # core.update.Update, from the first offer on
        self._wish = None  # body that a tap waits to be answered
        self._is_wished = False  # what was sent last is that
        self._answer = None  # to it: a body, b"" for a PROBLEM

    def restart(self):
        """A session is to begin, or has died: what was asked is forgotten, a report comes first."""
        self._asked = 0
        self._report_due = True
        self._pause_to_ms = None
        self._behind = [0, 0]
        self._batch_from_ms = 0
        self._fetch.drop()

    def ask_for_less(self):
        """There was no room in RAM for a whole batch and its frame."""
        self._most = max(1, self._most // 2)

    def ask(self, body):
        """A tap asks the server; None: it waits no more. One at a time."""
        self._wish = body
        self._is_wished = False  # an answer to what was asked before is nobody's
        self._answer = None

    @property
    def answer(self):
        """Body of the answer to what a tap asked, b"" if there is none to be had, None: not yet."""
        return self._answer

    def report_soon(self):
        """Report before anything else."""
        self._report_due = True

    def next_request(self, now):
        """Body to send now, or None. Not to be called while a request is outstanding."""
        if self._pause_to_ms is not None:
            if now.ticks_ms < self._pause_to_ms:
                return None
            self._pause_to_ms = None
        terminal = self._terminal
        heartbeat_ms = terminal.params["heartbeat_s"] * 1000
        if self._report_due or now.ticks_ms - self._heard_ms >= heartbeat_ms:
            self._asked = messages.REPORT
            return messages.encode(messages.REPORT, terminal.report(now))
        body = self._wish
        if body is not None:
            self._wish = None
            self._is_wished = True
            self._asked = body[0]
            return body
        body = self._fetch.request()
        if body is not None:
            self._asked = messages.FETCH
            return body
        if terminal.journal.queue < self._most and now.ticks_ms < self._batch_from_ms:
            return None
        records = terminal.journal.batch(self._most)
        if records is None:
            return self._update_goes_on(now)
        self._batch_from_ms = now.ticks_ms + GATHER_MS
        self._asked = messages.BATCH
        self._sent_to, tail = records
        self._sent = len(tail) // 64
        return messages.encode(messages.BATCH, (), tail)

    def on_reply(self, body, now):
        """The server's reply to what was asked. RemoteError if it is none; then ask again."""
        asked = self._asked
        self._asked = 0
        self._heard_ms = now.ticks_ms
        number, values, tail = messages.decode(body, SERVER)
        if asked in _OF_A_TAP:
            if number not in (asked | 0x80, messages.PROBLEM):
                raise RemoteError(f"{messages.name(number)} answers no question of a tap")
            if self._is_wished:
                self._is_wished = False
                self._answer = b"" if number == messages.PROBLEM else body
            return
        if number == messages.PROBLEM:
            self._pause_to_ms = now.ticks_ms + PAUSE_MS
            if asked == messages.PIECE:
                self._update = None  # until it is offered again
            return
        if not asked or number != asked | 0x80:
            raise RemoteError(f"{messages.name(number)} answers nothing that was asked")
        if number == messages.STATE:
            self._state(values, now)
        elif number == messages.ANSWERS:
            self._answers(tail, now)
        elif number == messages.BYTES:
            self._update.take(values.offset, tail)
        else:
            self._chunk(values, tail, now)

    def on_request(self, body, now):
        """What the server wants; -> body of the reply. Never raises on what the server says."""
        try:
            number, values, tail = messages.decode(body, SERVER)
        except RemoteError:
            return messages.encode(messages.PROBLEM, (messages.MALFORMED,))
        if number == messages.DELTA:
            return self._delta(values, tail, now)
        if number == messages.NEWS:
            return self._news(values)
        if number == messages.PARAMS:
            status = self._terminal.params.apply(values.version, tail)
            self._caught_up()
            return messages.encode(messages.PARAMS_STATE, (self._terminal.params.version, status))
        if number == messages.COMMAND:
            status = self._command(values)
            return messages.encode(messages.COMMAND_STATE, (values.op, status))
        if number == messages.IMAGE:
            return self._offered(tail)
        if number == messages.WAITING:
            self._terminal.waiting = bytes(tail)
            self._terminal.waiting_version = values.version
            return messages.encode(messages.WAITING_STATE, (values.version, messages.APPLIED))
        if number == messages.KEYS:
            status = self._terminal.learn_keys(tail)
            return messages.encode(messages.KEYS_STATE, (values.newest, status))
        if number == messages.EMERGENCY:
            ordered = self._terminal.ordered(tail, now)
            return messages.encode(messages.EMERGENCY_STATE, ordered)
        return messages.encode(messages.PROBLEM, (messages.UNKNOWN_MESSAGE,))

    # what the server's words do

    def _state(self, values, now):
        """The answer to a report: the time, and what this terminal shall have."""
        terminal = self._terminal
        self._report_due = False
        terminal.is_healthy()
        terminal.told_time(values.utc_s, now)
        terminal.may_leave = bool(values.flags & messages.MAY_LEAVE_OFFLINE)
        if terminal.journal.raise_serial(values.serial_highest):
            self._raised_to = values.serial_highest
            self._write_raised(now)
        if values.serial_highest < terminal.journal.acked_to:
            terminal.journal.unack(values.serial_highest)  # it was restored from a backup
        self._wanted = (values.list_version, values.grants_version, values.params_version)
        if values.list_version == terminal.blacklist.version:
            terminal.list_checked(values.utc_s, now)
        for number in (messages.BLACKLIST, messages.GRANTS):
            if self._wanted[number] == terminal.list_of(number).version:
                self._behind[number] = 0
                continue
            self._behind[number] += 1
            if self._behind[number] >= REPORTS_TO_WAIT:
                self._fetch.want(number)
        self._caught_up()

    def _offered(self, signed):
        """An image of the firmware."""
        if self._terminal.images is None:
            return messages.encode(messages.IMAGE_STATE, (0, messages.REFUSED))
        if self._update is None:
            from firmware.core.update import Update  # no memory for it on most days

            self._update = Update(self._terminal)
        return messages.encode(messages.IMAGE_STATE, self._update.offered(signed))

    def _update_goes_on(self, now):
        """The journal has nothing to send. -> body, or None."""
        body = self._update.next(now) if self._update else None
        if body is not None:
            self._asked = messages.PIECE
        return body

    def _answers(self, tail, now):
        """One answer for each record; whichever it is, the record needs not be sent again."""
        answers = batch.unpack(tail)
        if len(answers) != self._sent:
            self._pause_to_ms = now.ticks_ms + PAUSE_MS
            raise RemoteError(f"{len(answers)} answers to {self._sent} records")
        self._terminal.journal.ack(self._sent_to)
        self._write_raised(now)

    def _write_raised(self, now):
        """A record says where the numbers of a new flash begin; else a power cut would let numbers
        be used twice. What was written before must be answered first, or there is no room."""
        terminal = self._terminal
        if self._raised_to and not terminal.journal.full:
            entry = tap.Tap(terminal, now).entry(record.EVENT, reasons.OK, self._raised_to)
            try:
                terminal.journal.append(entry)
                self._raised_to = 0
            except JournalFull:
                pass  # a flash that takes nothing takes no taps either; it is tried again

    def _chunk(self, values, tail, now):
        done = self._fetch.take(values, tail)
        if done is None:
            return
        number, version, digest, blob = done
        status = self._terminal.list_of(number).apply_full(version, digest, blob, now.utc_s)
        self._behind[number] = 0
        if status in (messages.APPLIED, messages.SAME):  # else the old one is no younger for it
            self._applied(number, now)
        self._report_due = True  # the report tells the server what came of it

    def _delta(self, values, tail, now):
        if not self._has(values.list):
            return messages.encode(messages.PROBLEM, (messages.MALFORMED,))
        cards = self._terminal.list_of(values.list)
        status = cards.apply_delta(values.before, values.after, values.digest, tail, now.utc_s)
        if status in (messages.APPLIED, messages.SAME):
            self._applied(values.list, now)
        return _list_state(values.list, cards, status)

    def _has(self, number):
        """A valve has no grants: its strip lies where another terminal keeps them."""
        if number == messages.GRANTS:
            return not self._terminal.kind.METERS
        return number == messages.BLACKLIST

    def _news(self, values):
        if not self._has(values.list):
            return messages.encode(messages.PROBLEM, (messages.MALFORMED,))
        self._fetch.want(values.list)
        return _list_state(values.list, self._terminal.list_of(values.list), messages.FETCHING)

    def _applied(self, number, now):
        """A list is now what the server said it is."""
        self._behind[number] = 0
        if number == messages.BLACKLIST:
            self._terminal.list_checked(now.utc_s, now)
        self._caught_up()

    def _caught_up(self):
        """When a new terminal has all that the server has for it, it is ready for taps."""
        terminal = self._terminal
        if terminal.params.met or self._wanted is None:
            return
        blacklist, grants, params = self._wanted
        lists_here = terminal.blacklist.version >= blacklist and terminal.grants.version >= grants
        if lists_here and terminal.params.version >= params:
            terminal.params.meet()

    def _command(self, values):
        """-> status."""
        terminal = self._terminal
        if values.op == messages.REPORT_NOW:
            self._report_due = True
        elif values.op == messages.SEND_AGAIN:
            terminal.journal.unack(values.argument - 1)
        elif values.op == messages.RESTART:
            terminal.cause("restart")
        elif values.op == messages.IDENTIFY:
            terminal.cause("show", "here", (terminal.address,))
        else:
            return messages.REFUSED
        return messages.APPLIED


def _list_state(number, cards, status):
    return messages.encode(messages.LIST_STATE, (number, cards.version, cards.digest, status))
