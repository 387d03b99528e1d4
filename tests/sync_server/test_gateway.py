"""The gateway over real TCP with terminals that are only sessions; the store is in memory."""

import asyncio
import contextlib
import os

import pytest

from bench.plain_terminal import PlainTerminal, Tape
from protocol import batch, frame, messages, reasons, record
from sync_server.gateway import connection, limits
from sync_server.gateway.push import BLACKLIST, PARAMETERS
from sync_server.gateway.service import Gateway
from sync_server.store.trouble import Unavailable
from tests.sync_server.memory_store import MemoryKeyring, MemoryStore

KEYS = MemoryKeyring()
LOOPS = [asyncio.new_event_loop]
with contextlib.suppress(ImportError):
    from uvloop import new_event_loop

    LOOPS.append(new_event_loop)


@pytest.fixture(autouse=True, params=LOOPS, ids=lambda make: make.__module__.split(".")[0])
def loop_factory(request):
    """Every test runs on asyncio's own loop and on uvloop."""
    Rig.loop_factory = staticmethod(request.param)


class Rig:
    """A gateway, its store, and terminals to make."""

    def __init__(self, count):
        self.store = MemoryStore()
        for _ in range(count):
            self.store.terminals.enrol("pos", "食堂", "食堂", 0)

    async def start(self):
        self.gateway = Gateway(self.store, KEYS)
        self.port = await self.gateway.start("127.0.0.1", 0)

    def terminal(self, number, key=None):
        return PlainTerminal(number, key or KEYS.key(number))

    async def joined(self, number, epoch=1):
        terminal = self.terminal(number)
        await terminal.connect(self.port, epoch)
        return terminal

    async def raw(self):
        return await asyncio.open_connection("127.0.0.1", self.port)

    def change(self, *added):
        version = self.store.change(added)
        self.gateway.pusher.changed(BLACKLIST, version, self.gateway.live.values())
        return version


def run(scenario, count=3):
    """Run `scenario(rig)` on a fresh gateway and close it."""

    async def body():
        rig = Rig(count)
        await rig.start()
        try:
            await asyncio.wait_for(scenario(rig), 20)
        finally:
            rig.store.gate.set()
            await rig.gateway.stop()

    with asyncio.Runner(loop_factory=Rig.loop_factory) as runner:
        runner.run(body())


async def until(true, seconds=5.0):
    """Wait for something that comes about elsewhere on the loop."""
    for _ in range(int(seconds / 0.005)):
        if true():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not happen in time")


def test_report_is_answered_and_batches_are_acknowledged():
    async def scenario(rig):
        terminal = await rig.joined(1)
        tape = Tape(1)
        first = tape.take(50)
        _, _, answers = await terminal.ask(messages.BATCH, (), first)
        assert batch.unpack(answers) == [(batch.STORED, 0)] * 50
        _, _, answers = await terminal.ask(messages.BATCH, (), first)
        assert batch.unpack(answers) == [(batch.EXISTS, 0)] * 50
        assert (await terminal.report()).serial_highest == 50
        assert len(rig.store.kept) == 50

    run(scenario)


def test_batches_of_many_terminals_share_commits():
    async def scenario(rig):
        terminals = [await rig.joined(n) for n in range(1, 31)]
        tapes = [Tape(t.number) for t in terminals]
        rig.store.gate.clear()
        asks = [
            asyncio.ensure_future(t.ask(messages.BATCH, (), tape.take(5)))
            for t, tape in zip(terminals, tapes, strict=True)
        ]
        await asyncio.sleep(0.1)
        assert not any(ask.done() for ask in asks), "acknowledged before the commit"
        rig.store.gate.set()
        await asyncio.gather(*asks)
        assert sum(rig.store.commits) == 30 and len(rig.store.commits) <= 3

    run(scenario, 30)


def test_a_batch_that_fails_harms_no_other():
    async def scenario(rig):
        terminals = [await rig.joined(n) for n in (1, 2, 3)]
        rig.store.poison = 2
        asks = [t.ask(messages.BATCH, (), Tape(t.number).take(3)) for t in terminals]
        one, two, three = await asyncio.gather(*asks)
        assert (one[0], three[0]) == (messages.ANSWERS, messages.ANSWERS)
        assert two[0] == messages.PROBLEM and two[1].code == messages.FAILED
        rig.store.poison = None
        assert (await terminals[1].ask(messages.BATCH, (), Tape(2).take(3)))[0] == messages.ANSWERS

    run(scenario)


def test_a_database_that_takes_nothing_is_asked_once_for_all_and_everybody_is_told():
    """Each batch alone would have waited for the lock again: 64 times ten seconds."""

    async def scenario(rig):
        terminals = [await rig.joined(n) for n in range(1, 21)]
        tails = [Tape(t.number).take(3) for t in terminals]
        rig.store.trouble = Unavailable("database is locked")
        rig.store.gate.clear()
        asks = [
            asyncio.ensure_future(t.ask(messages.BATCH, (), tail))
            for t, tail in zip(terminals, tails, strict=True)
        ]
        await asyncio.sleep(0.1)
        rig.store.gate.set()
        replies = await asyncio.gather(*asks)
        assert {(number, values.code) for number, values, _ in replies} == {
            (messages.PROBLEM, messages.FAILED)
        }
        assert rig.store.attempts <= 3
        assert rig.gateway.writer.problem == "database is locked"
        rig.store.trouble = None
        for terminal, tail in zip(terminals, tails, strict=True):
            assert (await terminal.ask(messages.BATCH, (), tail))[0] == messages.ANSWERS
        assert rig.gateway.writer.problem == ""

    run(scenario, 20)


def test_a_replaced_terminal_is_hung_up_on_and_its_old_key_opens_nothing():
    async def scenario(rig):
        terminal = await rig.joined(1, epoch=7)
        await terminal.report()
        rig.store.lost.replace(1, 0)
        rig.gateway.replaced(rig.store.terminals.get(1))
        await until(lambda: 1 not in rig.gateway.live)
        old = rig.gateway.terminals[1]
        assert (old.generation, old.epoch) == (2, 0)

    run(scenario)


def test_a_hello_that_was_on_its_way_when_its_terminal_was_replaced():
    async def scenario(rig):
        terminal = rig.terminal(1)
        rig.store.lost.replace(1, 0)  # committed, and the loop has not heard of it yet
        with pytest.raises((OSError, asyncio.IncompleteReadError, asyncio.TimeoutError)):
            await asyncio.wait_for(terminal.connect(rig.port, 9), 2)
            await asyncio.wait_for(terminal.report(), 2)
        assert rig.store.rows[1]["epoch"] == 0
        assert 1 not in rig.gateway.live

    run(scenario)


# shows R27
def test_same_record_number_with_other_content():
    async def scenario(rig):
        terminal = await rig.joined(1)
        await terminal.ask(messages.BATCH, (), Tape(1).take(1))
        other = Tape(1, cards=[99]).take(2)
        _, _, answers = await terminal.ask(messages.BATCH, (), other)
        assert batch.unpack(answers) == [(batch.EXISTS_DIFFERENT, 0), (batch.STORED, 0)]
        assert record.unpack(rig.store.kept[1, 1]).card == 0

    run(scenario)


# who is turned away


# shows R16
def test_unknown_terminal_is_told_so():
    async def scenario(rig):
        stranger = rig.terminal(77)
        with pytest.raises(ConnectionError):
            await stranger.connect(rig.port, 1)
        assert stranger.rejected == reasons.UNKNOWN_TERMINAL

    run(scenario)


# shows R26
def test_wrong_key_never_gets_in():
    async def scenario(rig):
        honest = await rig.joined(1)
        thief = rig.terminal(1, bytes(16))
        connecting = asyncio.ensure_future(thief.connect(rig.port, 2))
        await until(lambda: thief.faults == 1)
        assert rig.store.rows[1]["epoch"] == 1
        await honest.report()  # the live session did not notice
        thief.close()
        with pytest.raises(ConnectionError):
            await connecting

    run(scenario)


def test_forged_first_request_stores_no_epoch():
    async def scenario(rig):
        reader, writer = await rig.raw()
        hello = bytes([1]) + (9).to_bytes(4, "big") + os.urandom(12)
        writer.write(frame.pack(1, frame.HELLO, hello))
        await reader.readuntil(b"\0")
        writer.write(frame.pack(1, frame.TERMINAL_REQUEST, bytes(4) + os.urandom(60)))
        assert await reader.read() == b""
        assert rig.store.rows[1]["epoch"] == 0 and rig.gateway.live == {}
        assert rig.gateway.counts["faults"] == 1

    run(scenario)


def test_stale_epoch_is_told_so_and_the_live_session_stays():
    async def scenario(rig):
        live = await rig.joined(1, epoch=5)
        for epoch in (5, 4):
            copy = rig.terminal(1)
            with pytest.raises(ConnectionError):
                await copy.connect(rig.port, epoch)
            assert copy.rejected == reasons.STALE_EPOCH
        await live.report()

    run(scenario)


def test_old_connection_ends_when_the_new_one_is_authentic():
    async def scenario(rig):
        old = await rig.joined(1, epoch=1)
        new = await rig.joined(1, epoch=2)
        await asyncio.wait_for(old.closed, 30)
        await new.report()
        assert len(rig.gateway.live) == 1

    run(scenario)


def test_a_replayed_conversation_changes_nothing():
    """Every frame a terminal ever sent, recorded and played back on a new connection."""

    async def scenario(rig):
        sent = []
        terminal = rig.terminal(1)
        await terminal.connect(rig.port, 1, report=False)
        write = terminal.transport.write
        terminal.transport = type(
            "Tap", (), {"write": lambda _, data: (sent.append(data), write(data))}
        )()
        hello = terminal._session._hello
        await terminal.report()
        await terminal.ask(messages.BATCH, (), Tape(1).take(3))
        before = dict(rig.store.kept), rig.store.rows[1]["epoch"]
        reader, writer = await rig.raw()
        writer.write(frame.pack(1, frame.HELLO, hello) + b"".join(sent))
        frames = frame.Receiver().feed(await reader.read())
        assert [(kind, payload) for _, kind, payload in frames] == [
            (frame.REJECT, bytes([reasons.STALE_EPOCH]))
        ]
        assert (dict(rig.store.kept), rig.store.rows[1]["epoch"]) == before
        write(sent[-1])  # the last one again on its own connection: the kept reply, no new record
        await asyncio.sleep(0.1)
        assert dict(rig.store.kept) == before[0] and 1 in rig.gateway.live

    run(scenario)


# garbage


@pytest.mark.parametrize(
    "noise",
    [b"GET / HTTP/1.1\r\n\r\n", b"\0" * 500, os.urandom(3000).replace(b"\0", b"x") + b"\0"],
)
def test_after_garbage_the_gateway_is_in_step_at_the_next_zero(noise):
    async def scenario(rig):
        terminal = rig.terminal(1)
        original = terminal.connection_made

        def noisy(transport):
            original(transport)
            transport.write(noise + b"\0")

        terminal.connection_made = noisy
        await terminal.connect(rig.port, 1)
        assert 1 in rig.gateway.live

    run(scenario)


def test_64_kilobytes_without_a_delimiter_take_no_memory():
    async def scenario(rig):
        reader, writer = await rig.raw()
        for _ in range(16):
            writer.write(b"\x05" * 65536)
            await writer.drain()
        await until(lambda: rig.gateway.counts["garbage"] >= 1)
        (open_one,) = rig.gateway.connections
        assert open_one._receiver.held < 5000
        writer.write(b"\0")
        hello = bytes([1]) + (1).to_bytes(4, "big") + os.urandom(12)
        writer.write(frame.pack(1, frame.HELLO, hello))
        block = await reader.readuntil(b"\0")
        ((_, kind, _),) = frame.Receiver().feed(block)
        assert kind == frame.CHALLENGE

    run(scenario)


def test_speaking_as_another_terminal_ends_the_connection():
    async def scenario(rig):
        terminal = await rig.joined(1)
        terminal.transport.write(frame.pack(2, frame.TERMINAL_REQUEST, bytes(40)))
        await asyncio.wait_for(terminal.closed, 30)

    run(scenario)


def test_nonsense_inside_a_session_ends_it_and_no_other():
    async def scenario(rig):
        other = await rig.joined(2)
        for number, body in enumerate((b"\x7f", b"\x02" + bytes(63), b"", b"\x81" + bytes(21))):
            terminal = await rig.joined(1, epoch=number + 1)
            terminal.send(body).add_done_callback(lambda f: f.exception())
            await asyncio.wait_for(terminal.closed, 30)
        assert rig.gateway.counts["faults"] == 4
        await other.report()

    run(scenario)


# time


def test_half_open_and_silent_connections_end(monkeypatch):
    monkeypatch.setattr(connection, "HANDSHAKE_S", 0.2)
    monkeypatch.setattr("sync_server.gateway.service.SWEEP_S", 0.05)

    async def scenario(rig):
        reader, _ = await rig.raw()
        half, half_writer = await rig.raw()
        half_writer.write(frame.pack(1, frame.HELLO, bytes([1]) + bytes(3) + b"\1" + bytes(12)))
        await half.readuntil(b"\0")
        alive = await rig.joined(2)
        assert await asyncio.wait_for(reader.read(), 30) == b""
        assert await asyncio.wait_for(half.read(), 30) == b""
        await alive.report()
        monkeypatch.setattr(connection, "SILENCE_S", 0.1)
        await asyncio.wait_for(alive.closed, 30)
        assert not rig.gateway.live and not rig.gateway.connections

    run(scenario)


def test_a_terminal_that_does_not_answer_a_push_is_cut(monkeypatch):
    monkeypatch.setattr(connection, "REPLY_S", 0.2)
    monkeypatch.setattr("sync_server.gateway.service.SWEEP_S", 0.05)

    async def scenario(rig):
        deaf, good = await rig.joined(1), await rig.joined(2)
        deaf.deaf = True
        rig.change(5)
        await until(lambda: good.cards == {5})
        await asyncio.wait_for(deaf.closed, 30)
        await good.report()

    run(scenario)


def test_a_slow_reader_holds_up_nobody_and_is_cut(monkeypatch):
    monkeypatch.setattr(connection, "WRITE_STALL_S", 0.3)
    monkeypatch.setattr("sync_server.gateway.service.SWEEP_S", 0.05)
    monkeypatch.setattr("sync_server.gateway.tcp.WRITE_HIGH_BYTES", 2048)

    async def scenario(rig):
        rig.store.change(range(0, 30000, 3))
        slow, good = rig.terminal(1), await rig.joined(2)
        slow._applied = None
        await slow.connect(rig.port, 1)
        await until(lambda: slow.fetches and not slow._waiting)
        slow.transport.pause_reading()
        retry = slow._session.request(messages.encode(messages.FETCH, (0, 0, 0)))
        for _ in range(20_000):  # each one is answered with the kept 2 KB reply, which nobody reads
            slow.transport.write(retry)
        for _ in range(20):
            await asyncio.wait_for(good.report(), 30)
        await until(lambda: 1 not in rig.gateway.live)
        await good.report()

    run(scenario)


def test_a_gateway_that_ends_says_until_when_it_was_there(monkeypatch):
    """Who is away from then on is known to the second, not to half a minute."""
    clock = [1000.0]
    monkeypatch.setattr("sync_server.gateway.service.time.time", lambda: clock[0])

    async def scenario(rig):
        await until(lambda: rig.store.served == [(1000, 1000)])
        clock[0] = 1020.0
        await rig.gateway.stop()
        assert rig.store.served[-1] == (1000, 1020)

    run(scenario)


def test_reconnect_storm():
    async def scenario(rig):
        async def come_and_go(number):
            for epoch in range(1, 6):
                terminal = await rig.joined(number, epoch)
                if epoch % 2:
                    terminal.transport.abort()
            return terminal

        terminals = await asyncio.gather(*(come_and_go(n) for n in range(1, 101)))
        await asyncio.gather(*(rig.joined(n, 9) for n in range(1, 101)))
        await until(lambda: len(rig.gateway.connections) == 100)
        assert len(rig.gateway.live) == 100 and len(terminals) == 100

    run(scenario, 100)


# lists and parameters


# shows R9
def test_a_loss_reaches_fifty_connected_terminals():
    async def scenario(rig):
        terminals = [await rig.joined(n) for n in range(1, 51)]
        version = rig.change(4711)
        await until(lambda: all(t.cards == {4711} for t in terminals))
        assert {t.pushes[-1] for t in terminals} == {messages.DELTA}
        await until(lambda: len(rig.store.confirmed) >= 50)
        assert {(n, BLACKLIST, version) for n in range(1, 51)} <= set(rig.store.confirmed)

    run(scenario, 50)


def test_changes_while_a_push_is_out_are_told_once():
    async def scenario(rig):
        terminal = await rig.joined(1)
        terminal.deaf = True
        rig.change(1)
        await until(lambda: terminal.pushes)
        for card in range(2, 20):
            rig.change(card)
        await asyncio.sleep(0.05)
        assert len(terminal.pushes) == 1
        terminal.deaf = False
        answer = (0, 0, bytes(16), messages.REFUSED)
        terminal.transport.write(
            terminal._session.reply(messages.encode(messages.LIST_STATE, answer))
        )
        await terminal.report()  # what was refused is tried again after a report
        await until(lambda: terminal.versions[BLACKLIST] == 19)
        assert len(terminal.pushes) == 2 and terminal.cards == set(range(1, 20))

    run(scenario)


def test_reconnect_catches_up_by_delta():
    async def scenario(rig):
        terminal = await rig.joined(1)
        rig.change(1)
        await until(lambda: terminal.cards == {1})
        terminal.close()
        await terminal.closed
        rig.change(2)
        rig.change(3)
        await terminal.connect(rig.port, 2)
        await until(lambda: terminal.cards == {1, 2, 3})
        assert terminal.fetches == 0

    run(scenario)


def test_an_unknown_version_or_digest_gets_the_full_list_in_chunks():
    async def scenario(rig):
        cards = set(range(0, 30_000, 3))
        rig.store.change(cards)
        for version, digest in ((900, bytes(16)), (1, b"x" * 16)):
            terminal = rig.terminal(1)
            terminal.versions[BLACKLIST], terminal.digests[BLACKLIST] = version, digest
            await terminal.connect(rig.port, version)
            await until(lambda t=terminal: t.cards == cards)
            assert terminal.fetches == 1 and messages.NEWS in terminal.pushes
            terminal.close()
            rig.store.rows[1]["epoch"] = rig.gateway.terminals[1].epoch = 0

    run(scenario)


def test_a_delta_too_large_for_a_message_becomes_news():
    async def scenario(rig):
        terminal = await rig.joined(1)
        rig.change(*range(0, 32_000, 5))
        await until(lambda: len(terminal.cards) == 6400)
        assert terminal.pushes == [messages.NEWS] and terminal.fetches == 1

    run(scenario)


def test_a_change_in_the_middle_of_a_fetch_is_not_lost():
    async def scenario(rig):
        terminal = await rig.joined(1)
        rig.change(*range(0, 32_000, 5))
        await until(lambda: terminal.fetches == 1)
        rig.change(1)
        await until(lambda: len(terminal.cards) == 6401)

    run(scenario)


def test_parameters_are_pushed_once():
    async def scenario(rig):
        terminal = await rig.joined(1)
        version = rig.store.terminals.set_params(None, b"\x06\x02\x0b\xb8")
        rig.gateway.pusher.changed(PARAMETERS, version, rig.gateway.live.values())
        await until(lambda: terminal.params == b"\x06\x02\x0b\xb8")
        await terminal.report()
        assert terminal.pushes == [messages.PARAMS]

    run(scenario)


def test_too_many_connections_are_closed_on_arrival(monkeypatch):
    monkeypatch.setattr("sync_server.gateway.service.CONNECTIONS", 2)

    async def scenario(rig):
        one, two = await rig.joined(1), await rig.joined(2)
        reader, _ = await rig.raw()
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
        await one.report()
        await two.report()

    run(scenario)


def test_limits_leave_room():
    assert limits.READ_BYTES >= 4096 and limits.DELTA_BYTES <= 3072 and limits.CHUNK_BYTES <= 2048
