"""The server as a process: ready line, HTTP, SIGTERM, and SIGKILL in the middle of batches."""

import asyncio
import contextlib
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from bench.plain_terminal import PlainTerminal, Tape
from protocol import batch, messages, record

SERVE = "from sync_server.commands.serve import command; command()"


class Process:
    """`campus serve` on free ports over one database."""

    def __init__(self, database):
        self.database = database
        self.start()

    def start(self, **environment):
        words = ["--db", f"sqlite:///{self.database}", "--http", "127.0.0.1:0"]
        self.running = subprocess.Popen(
            [sys.executable, "-c", SERVE, *words, "--tcp", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        line = self.running.stdout.readline()
        assert line, self.running.stderr.read()
        self.ready = json.loads(line)
        self.port = int(self.ready["tcp"].rpartition(":")[2])
        self.token = Path(self.ready["token_file"]).read_text().strip()

    def end(self, number):
        self.running.send_signal(number)
        code = self.running.wait(20)
        self.running.stdout.close()
        self.running.stderr.close()
        return code

    def ask(self, method, address, body=None):
        request = urllib.request.Request(
            self.ready["http"] + address,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.load(answer)

    def enrol(self, count):
        """Terminals with the keys from their provisioning pages."""
        made = []
        for place in range(count):
            body = {"kind": "pos", "place": f"食堂 {place}", "merchant": "食堂"}
            answer = self.ask("POST", "/api/terminals", body)
            page = bytes.fromhex(answer["provisioning"])
            made.append(PlainTerminal(answer["number"], page[12:28]))
        return made

    def issue(self, count, balance_fen=100_000):
        cards = [
            {
                "holder_kind": 2, "name": f"学生 {n}", "uid": f"{n:08x}", "zones": 1,
                "valid_until": "2030-07-01", "balance_fen": balance_fen,
            }
            for n in range(count)
        ]  # fmt: skip
        return self.ask("POST", "/api/cards", {"cards": cards})["cards"]


@pytest.fixture
def process(tmp_path):
    made = Process(tmp_path / "campus.db")
    yield made
    if made.running.poll() is None:
        made.end(signal.SIGKILL)


def test_ready_line_http_and_a_clean_end(process):
    assert set(process.ready) >= {"http", "tcp", "token_file"}
    status = process.ask("GET", "/api/status")
    assert status["ledger_sum"] == 0 and status["terminals"] == []
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(process.ready["http"] + "/api/status", timeout=60)
    assert refused.value.code == 401
    began_s = time.monotonic()
    assert process.end(signal.SIGTERM) == 0
    assert time.monotonic() - began_s < 5


# shows R20
def test_a_loss_report_reaches_the_terminals_and_the_page(process):
    terminals = process.enrol(5)
    (card,) = [made["card"] for made in process.issue(1)]

    async def scenario():
        for terminal in terminals[:4]:
            await terminal.connect(process.port, 1)
        loop = asyncio.get_running_loop()
        began_s = time.monotonic()
        await loop.run_in_executor(None, process.ask, "POST", f"/api/cards/{card}/loss")
        while any(t.cards != {card} for t in terminals[:4]):
            assert time.monotonic() - began_s < 2
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        path = f"/api/cards/{card}/loss"
        reach = await loop.run_in_executor(None, process.ask, "GET", path)
        assert (reach["listed"], reach["confirmed"], reach["connected"]) == (True, 4, 4)
        assert [item["number"] for item in reach["missing"]] == [terminals[4].number]
        await loop.run_in_executor(None, process.ask, "DELETE", path)
        while any(t.cards for t in terminals[:4]):
            assert time.monotonic() - began_s < 4
            await asyncio.sleep(0.01)

    asyncio.run(scenario())


def test_http_answers_beyond_a_thousand_descriptors(process):
    with contextlib.ExitStack() as stack:
        for _ in range(1100):
            stack.enter_context(socket.create_connection(("127.0.0.1", process.port)))
        ends_s = time.monotonic() + 10
        while process.ask("GET", "/api/status")["gateway"]["connections"] < 1100:
            assert time.monotonic() < ends_s
            time.sleep(0.05)


def test_two_servers_never_share_a_database(process):
    words = ["--db", f"sqlite:///{process.database}", "--http", "127.0.0.1:0"]
    second = subprocess.run(
        [sys.executable, "-c", SERVE, *words, "--tcp", "127.0.0.1:0"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert second.returncode != 0 and "another server has this database open" in second.stderr


def test_taps_come_in_live(process):
    (terminal,) = process.enrol(1)
    (card,) = [made["card"] for made in process.issue(1)]
    link = process.ask("POST", "/api/links")["link"]
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    assert "校园一卡通" in opener.open(link, timeout=60).read().decode()
    stream = opener.open(process.ready["http"] + "/events", timeout=60)

    async def pay():
        await terminal.connect(process.port, 1)
        await terminal.ask(messages.BATCH, (), Tape(terminal.number, [card], 100_000).take(1))

    asyncio.run(pay())
    seen = ""
    while f">{card}<" not in seen:
        seen = stream.readline().decode()
    assert "消费" in seen or f">{card}<" in seen
    stream.close()


# shows R27
def test_killed_in_the_middle_of_batches_nothing_is_lost_or_doubled(process):
    count, per_terminal = 6, 1500
    terminals = process.enrol(count)
    cards = [made["card"] for made in process.issue(count, 1_000_000)]
    tapes = [Tape(t.number, [card], 1_000_000) for t, card in zip(terminals, cards, strict=True)]
    tails = [[tape.take(5) for _ in range(per_terminal // 5)] for tape in tapes]
    acked = [0] * count

    async def send(place, epoch):
        terminal = terminals[place]
        await terminal.connect(process.port, epoch)
        while acked[place] < len(tails[place]):
            number, _, answers = await terminal.ask(messages.BATCH, (), tails[place][acked[place]])
            assert number == messages.ANSWERS
            assert {a for a, _ in batch.unpack(answers)} <= {batch.STORED, batch.EXISTS}
            acked[place] += 1

    async def spell(epoch, kill_after):
        """kill_after: so many batches were answered (a time would be luck on a busy machine)."""
        sending = [asyncio.ensure_future(send(place, epoch)) for place in range(count)]
        if kill_after:
            while sum(acked) < kill_after:
                await asyncio.sleep(0.002)
            process.running.send_signal(signal.SIGKILL)
        return await asyncio.gather(*sending, return_exceptions=bool(kill_after))

    for epoch, kill_after in enumerate((3, 150, 700), 1):
        asyncio.run(asyncio.wait_for(spell(epoch, kill_after), 60))
        assert 0 < sum(acked) < sum(len(mine) for mine in tails), "not killed in the middle"
        process.end(signal.SIGKILL)
        process.start()
    asyncio.run(spell(9, 0))
    status = process.ask("GET", "/api/status")
    total = count * per_terminal
    assert (status["records"], status["accepted"], status["ledger_sum"]) == (total, total, 0)
    assert status["quarantined"] == status["grey"] == 0


def test_a_terminal_burns_and_another_takes_its_place(process):
    old, other = process.enrol(2)
    (card,) = [made["card"] for made in process.issue(1, 10_000)]
    burnt, after = Tape(old.number, [card], 10_000), Tape(other.number, [card], 10_000)

    async def scenario():
        await old.connect(process.port, 900)
        await old.ask(messages.BATCH, (), burnt.take(2))
        lost = burnt.take(2)
        made = process.ask("POST", f"/api/terminals/{old.number}/replacement")
        assert (made["first"], made["last"]) == (3, 2 + (1 << 16))
        with pytest.raises(ConnectionError):
            await old.connect(process.port, 901)  # with the key of the old one
        new = PlainTerminal(old.number, bytes.fromhex(made["provisioning"])[12:28])
        await new.connect(process.port, 1)
        assert (await new.report()).serial_highest == made["last"]
        await other.connect(process.port, 1)
        after._purses = dict(burnt._purses)
        told = record.unpack(after.take(1)[-64:])._replace(previous_terminal=old.number)
        raw = record.pack(told, record.first_chain(other.number), record.DONE)
        assert (await other.ask(messages.BATCH, (), raw))[0] == messages.ANSWERS
        return lost, made

    lost, made = asyncio.run(asyncio.wait_for(scenario(), 20))
    found = process.ask("GET", f"/api/terminals/{old.number}/lost")
    assert [row["serial"] for row in found["rebuilt"]] == [4]
    assert found["missing"] == [{"first": 3, "last": 3}]
    ledger = process.ask("GET", "/api/ledger")
    path = f"/api/terminals/{old.number}/journal"
    answer = process.ask("POST", path, {"records": (lost + b"\xff" * 64).hex()})
    assert (answer["stored"], answer["quarantined"]) == (2, 0)
    assert process.ask("GET", f"/api/terminals/{old.number}/lost")["missing"] == []
    status = process.ask("GET", "/api/status")
    assert (status["quarantined"], status["unnamed_fen"], status["ledger_sum"]) == (0, 0, 0)
    after_fen = {(row["type"], row["key"]): row["balance_fen"] for row in ledger["accounts"]}
    now = process.ask("GET", "/api/ledger")
    assert {(r["type"], r["key"]): r["balance_fen"] for r in now["accounts"]} == after_fen | {
        ("suspense", "unnamed"): 0,
        ("merchant", "食堂"): after_fen["merchant", "食堂"] + after_fen["suspense", "unnamed"],
    }
    assert process.ask("POST", f"/api/terminals/{old.number}/lost")["missing"] == []
    assert [t["generation"] for t in status["terminals"]] == [2, 1]


@pytest.mark.parametrize("fault", ["kill@commit:9", "kill@committed:11", "kill@statement:333"])
def test_a_server_that_is_ordered_to_die_between_statements(process, fault):
    (terminal,) = process.enrol(1)
    (card,) = [made["card"] for made in process.issue(1, 1_000_000)]
    process.end(signal.SIGTERM)
    process.start(CAMPUS_FAULT=fault)
    tape = Tape(terminal.number, [card], 1_000_000)
    tails = [tape.take(5) for _ in range(40)]
    acked = 0

    async def send(epoch):
        nonlocal acked
        await terminal.connect(process.port, epoch)
        while acked < len(tails):
            assert (await terminal.ask(messages.BATCH, (), tails[acked]))[0] == messages.ANSWERS
            acked += 1

    with pytest.raises(ConnectionError):
        asyncio.run(asyncio.wait_for(send(1), 20))
    assert process.end(signal.SIGKILL) == -signal.SIGKILL and 0 < acked < 40
    process.start()
    kept = process.ask("GET", "/api/status")["records"]
    assert kept in (acked * 5, acked * 5 + 5)
    asyncio.run(asyncio.wait_for(send(2), 20))
    status = process.ask("GET", "/api/status")
    assert (status["records"], status["accepted"], status["ledger_sum"]) == (200, 200, 0)
    assert status["quarantined"] == 0


def test_a_database_that_another_process_holds(process):
    (terminal,) = process.enrol(1)
    tape = Tape(terminal.number)
    other = sqlite3.connect(process.database, isolation_level=None)

    async def scenario():
        await terminal.connect(process.port, 1)
        other.execute("BEGIN IMMEDIATE")
        ask = asyncio.ensure_future(terminal.ask(messages.BATCH, (), tape.take(50)))
        await asyncio.sleep(0.5)
        assert not ask.done()
        other.execute("ROLLBACK")
        assert (await asyncio.wait_for(ask, 10))[0] == messages.ANSWERS

    asyncio.run(scenario())
    assert process.ask("GET", "/api/status")["records"] == 50


def test_a_full_disk_under_a_running_server(process):
    """The system refuses to let its files grow; then it does again."""
    (terminal,) = process.enrol(1)
    (card,) = [made["card"] for made in process.issue(1, 1_000_000)]
    tape = Tape(terminal.number, [card], 1_000_000)
    pid, limit = process.running.pid, resource.RLIMIT_FSIZE
    free = resource.prlimit(pid, limit)
    database = process.database

    async def scenario():
        await terminal.connect(process.port, 1)
        assert (await terminal.ask(messages.BATCH, (), tape.take(50)))[0] == messages.ANSWERS
        size = max(path.stat().st_size for path in database.parent.glob("campus.db*"))
        resource.prlimit(pid, limit, (size, free[1]))
        tail = b""
        for _ in range(100):  # the log has some room in it
            tail = tail or tape.take(50)
            number, values, _ = await terminal.ask(messages.BATCH, (), tail)
            if number == messages.PROBLEM:
                break
            tail = b""
        assert (number, values.code) == (messages.PROBLEM, messages.FAILED)
        assert "disk" in process.ask("GET", "/api/status")["problem"]
        with pytest.raises(urllib.error.HTTPError) as refused:
            for _ in range(100):
                process.ask("POST", f"/api/cards/{card}/loss")
                process.ask("DELETE", f"/api/cards/{card}/loss")
        assert refused.value.code == 503
        assert "nothing was changed" in json.load(refused.value)["error"]
        resource.prlimit(pid, limit, free)
        assert (await terminal.ask(messages.BATCH, (), tail))[0] == messages.ANSWERS
        await terminal.report()

    asyncio.run(scenario())
    status = process.ask("GET", "/api/status")
    assert (status["records"], status["problem"], status["ledger_sum"]) == (tape.serial, "", 0)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--serial", "/dev/nowhere"], "--serial /dev/nowhere@115200: No such file"),
        (["--serial", "/dev/null"], "--serial /dev/null@115200: Could not configure port"),
        (["--serial", "/dev/null@300"], "--serial: 9600 to 921600 baud, not 300"),
        (["--serial", "/dev/null@fast"], "--serial: DEVICE, DEVICE@BAUD or DEVICE@BAUD+MS"),
        (["--db", "mysql://x"], "--db: a database is sqlite:///PATH or postgresql://"),
        (["--tcp", "nowhere"], "--tcp must be HOST:PORT"),
        (["--http", "127.0.0.1:99999"], "--http must be HOST:PORT"),
        (["--db", "sqlite:////nowhere/at/all.db"], "/nowhere/at/all.db"),
    ],
)
def test_a_server_that_cannot_start_says_why_in_one_line(tmp_path, words, line):
    given = ["--db", f"sqlite:///{tmp_path}/a.db", "--http", "127.0.0.1:0", "--tcp", "127.0.0.1:0"]
    ended = subprocess.run(
        [sys.executable, "-c", SERVE, *given, *words], capture_output=True, text=True, timeout=20
    )
    assert ended.returncode != 0 and ended.stdout == ""
    assert line in ended.stderr and len(ended.stderr.strip().splitlines()) == 1


def test_a_taken_port_is_one_line(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        given = ["--db", f"sqlite:///{tmp_path}/a.db", "--http", "127.0.0.1:0"]
        words = [sys.executable, "-c", SERVE, *given, "--tcp", f"127.0.0.1:{port}"]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=20)
    assert ended.returncode != 0 and f"--tcp 127.0.0.1:{port}" in ended.stderr
