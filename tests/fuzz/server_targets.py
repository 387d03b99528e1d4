"""The server's doors, each on a real server in this process: its API, its gateway.

CPython only. A server is made at first use, on a database in memory's file system where there is
one, and lives as long as the process; what one input did, the next one finds.
"""

import asyncio
import io
import json
import logging
import re
import tempfile
import threading
from pathlib import Path

from protocol import frame, messages
from protocol.errors import RemoteError
from protocol.session import TERMINAL, Session
from sync_server.gateway.connection import Connection
from sync_server.running import Address, Server
from sync_server.web.access import limiter
from tests.fuzz.cut import Cut, pieces

INPUTS = 1000  # that one server serves
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS")
NASTY = (
    None, True, -1, 0, 1, 2, 3, 1 << 24, 1 << 63, 1 << 64, 1 << 200, 0.5, 1e308, float("nan"), "",
    " ", "pos", "gate", "water", "食堂", "\ud800", "\0", "a\nb", "0" * 300, "2c010203", "04" * 7,
    "2031-08-31", "2031-02-30", "9999-12-31", "00000000000000", [], [1, 1], [[]], {}, {"a": 1},
)  # fmt: skip
NAMES = (
    "cards", "holder_kind", "name", "uid", "valid_until", "zones", "balance_fen", "kind", "place",
    "merchant", "slots", "journal", "windows", "tap_limit_fen", "open_ms", "utc_offset_min", "zone",
    "offline_hours", "language", "records", "flash", "ticket", "key", "public_key", "signature",
    "card", "number", "utc_s", "told_s", "account",
)  # fmt: skip
HOLDER = {
    "holder_kind": 2, "name": "王", "uid": "2c010203", "valid_until": "2031-08-31", "zones": 1,
    "balance_fen": 100,
}  # fmt: skip
RIGHT = (  # bodies that are taken as they are, to begin with
    {},
    {"cards": [HOLDER]},
    {"cards": [1, 2, 3]},
    {"kind": "pos", "place": "食堂", "merchant": "食堂"},
    HOLDER,
    {"tap_limit_fen": 100, "windows": "0200000005a0"},
    {"slots": ["00" * 64]},
    {"ticket": "00" * 16, "public_key": "02" + "00" * 32},
    {"card": 1, "utc_s": 1, "signature": "00" * 64},
)
PAYLOADS = ("application/json", "text/plain", "application/x-www-form-urlencoded", "", "\xff/x")


class _Running:
    """A server, its loop in a thread of its own, and one enrolled terminal."""

    def __init__(self):
        logging.disable(logging.CRITICAL)
        memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
        self.folder = tempfile.TemporaryDirectory(dir=memory)
        self.loop = asyncio.new_event_loop()
        self.faults = []
        self.loop.set_exception_handler(lambda loop, what: self.faults.append(what))
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        url = f"sqlite:///{self.folder.name}/campus.db"
        nowhere = Address("127.0.0.1", 0)
        self.server = self.run(Server.open(url, nowhere, nowhere))
        self.number, _ = self.server.orders.enrol("pos", "食堂", "食堂")
        self.epoch = 0
        self.inputs = 0
        self.server.app.testing = False
        limiter.enabled = False  # or most inputs would meet nothing but it
        self.client = self.server.app.test_client()
        rules = [rule for rule in self.server.app.url_map.iter_rules() if rule.endpoint != "static"]
        self.rules = sorted((rule.rule, rule.endpoint) for rule in rules)

    def run(self, work):
        """The result of a coroutine on the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def session(self):
        """A fresh session of the enrolled terminal, with its true key."""
        gateway = self.server.gateway
        derive = gateway.derive_for(gateway.terminals[self.number])
        return Session(TERMINAL, self.number, derive, lambda size: bytes(size))

    def end(self):
        """Close everything, and forget the database."""
        self.run(self.server.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.folder.cleanup()


_now: list[_Running] = []


def _running():
    """The server of now: a new one after INPUTS, or a thousand replacements of one terminal make
    a history that no campus has."""
    if _now and _now[0].inputs >= INPUTS:
        _now.pop().end()
    if not _now:
        _now.append(_Running())
    _now[0].inputs += 1
    return _now[0]


def http(data):
    """A request of the API by someone who has the token, or has not: an answer, never a 500."""
    cut = Cut(data)
    running = _running()
    method = METHODS[cut.below(len(METHODS))]
    rule, endpoint = running.rules[cut.below(len(running.rules))]
    if "live" in rule or "stream" in rule or "changes" in rule:
        return None  # an answer that does not end
    argument = int.from_bytes(cut.take(cut.below(5)), "big")
    path = re.sub(r"<[^>]+>", str(argument), rule)
    headers = {"Authorization": f"Bearer {running.server.token}"} if cut.below(8) else {}
    kind = PAYLOADS[cut.below(2 * len(PAYLOADS)) % len(PAYLOADS)]
    right = RIGHT[cut.below(len(RIGHT))]
    body = json.dumps(right | _object(cut)).encode() if cut.below(4) else cut.rest()
    answer = running.client.open(
        path, method=method, headers=headers, content_type=kind, input_stream=io.BytesIO(body)
    )
    assert answer.status_code < 500, (method, path, body, answer.get_data(as_text=True))
    if answer.status_code >= 400 and path.startswith("/api/") and method != "OPTIONS":
        (line,) = answer.get_json().values()
        assert line and "\n" not in line and "Traceback" not in line
    if not headers and endpoint.startswith("api.") and method != "OPTIONS":
        assert answer.status_code in (401, 404, 405, 429), (method, path, answer.status_code)
    assert not running.faults, running.faults
    return answer.status_code


def _object(cut, depth=2):
    """A JSON object of names that the API knows and values that it may not expect."""
    made = {}
    while cut.left and len(made) < 8:
        what = cut.below(6)
        name = NAMES[cut.below(len(NAMES))]
        if what == 0:
            return made
        if what == 1:
            made[name] = int.from_bytes(cut.take(cut.below(5)), "big")
        elif what == 2:
            made[name] = cut.some().hex()
        elif what == 3 and depth:
            made[name] = [_object(cut, depth - 1) for _ in range(cut.below(3))]
        elif what == 4:
            made[name] = list(cut.some())
        else:
            made[name] = NASTY[cut.below(len(NASTY))]
    return made


class _Line:
    """What a connection sends, instead of a socket."""

    stalled_since_s = 0.0

    def __init__(self):
        self.sent = b""
        self.is_open = True

    def send(self, data):
        self.sent += data

    def close(self):
        self.is_open = False

    abort = close


def gateway(data):
    """Bytes of anybody: challenges and rejects at most, no epoch moves, nobody is live."""
    cut = Cut(data)
    running = _running()
    size, stream = cut.below(64), bytearray()
    while cut.left:
        kind, payload = cut.below(10), cut.some()
        if kind in (0, 9):
            stream += payload
        else:
            stream += frame.pack(running.number + cut.below(2), kind, payload)
    return running.run(_strange(running.server.gateway, pieces(bytes(stream), size)))


async def _strange(gateway, parts):
    line = _Line()
    connection = Connection(gateway, line)
    gateway.connections.add(connection)
    before = [(one.number, one.epoch) for one in gateway.terminals.values()]
    for part in parts:
        connection.received(part)
    assert not connection.live and connection not in gateway.live.values()
    assert before == [(one.number, one.epoch) for one in gateway.terminals.values()]
    kinds = [kind for _, kind, _ in frame.Receiver().feed(line.sent)]
    assert all(kind in (frame.CHALLENGE, frame.REJECT) for kind in kinds), kinds
    connection.lost()
    return kinds, line.is_open


def requests(data):
    """Bodies of a terminal whose key was stolen: each is answered, or the connection ends."""
    cut = Cut(data)
    running = _running()
    running.epoch += 1
    told = running.run(_stolen(running, cut))
    assert not running.faults, running.faults
    return told


async def _stolen(running, cut):
    line = _Line()
    connection = Connection(running.server.gateway, line)
    running.server.gateway.connections.add(connection)
    session, receiver, told = running.session(), frame.Receiver(), []
    connection.received(session.hello(running.epoch))
    bodies = [row[0] for row in messages.rows()]
    try:
        while line.is_open:
            for _, kind, payload in receiver.feed(line.sent):
                for name, what in session.receive(kind, payload):
                    if name == "reply":
                        told.append(messages.name(what[0]))
                    elif name == "request":
                        connection.received(session.reply(cut.some() or b"\xff\x01"))
            line.sent = b""
            if session.waiting:
                await asyncio.sleep(0.0005)
            elif cut.left:
                number = bodies[cut.below(len(bodies))] if cut.below(4) else cut.below(256)
                connection.received(session.request(bytes((number,)) + _tail(cut)))
            else:
                break
    except RemoteError:
        told.append("refused by the terminal")
    connection.lost()
    return told


def _tail(cut):
    """The rest of a body: bytes as they come, or of a length that a message may have."""
    size = (0, 1, 9, 60, 64, 65, 128)[cut.below(7)]
    return cut.take(size) if size else cut.some()
