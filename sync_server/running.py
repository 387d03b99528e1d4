"""The running server: opens store, gateway and HTTP, and closes them in the right order.

Threads: the event loop owns the sockets of the terminals (main thread in `serve`, its own thread in
`Server` for tests), one writer thread owns changes to the database, waitress's threads serve HTTP.
What it is not: a command line; `commands/serve.py` reads the options.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from waitress import create_server

from sync_server.centre import Centre
from sync_server.gateway.channel import Settings, SignedChannel
from sync_server.gateway.hooks import Hooks
from sync_server.gateway.images import Images
from sync_server.gateway.keylog import KeyLog
from sync_server.gateway.limits import CONNECTIONS
from sync_server.gateway.orders import Orders
from sync_server.gateway.serial import Bus, Port
from sync_server.gateway.service import Gateway
from sync_server.gateway.sweep import Sweep
from sync_server.keyring import Keyring
from sync_server.store.database import engine_of
from sync_server.store.sqlite import Sqlite
from sync_server.store.store import Store
from sync_server.store.trouble import BadUrl, InUse, Trouble
from sync_server.web.access import token_beside
from sync_server.web.app import STREAMS_MAX, create_app

HTTP_THREADS = STREAMS_MAX + 8  # every live page holds one
HTTP_CONNECTIONS = 200
SPARE_FILES = HTTP_CONNECTIONS + 300  # HTTP, database, logs


class StartFailed(Exception):
    """The server cannot start; one clear line."""


class Address(NamedTuple):
    """Where to listen."""

    host: str
    port: int

    @classmethod
    def read(cls, option: str, text: str) -> Address:
        """From "HOST:PORT"; StartFailed names the option."""
        host, colon, port = text.rpartition(":")
        if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
            raise StartFailed(f"{option} must be HOST:PORT, not {text!r}")
        return cls(host.strip("[]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def home_of(url: str, state: str | None) -> Path:
    """What the keys, the token and the images lie beside: the file of a SQLite database, or
    DIR/campus of a folder that is named. StartFailed."""
    try:
        engine = engine_of(url)
    except BadUrl as error:
        raise StartFailed(f"--db: {error}") from None
    if state is not None:
        try:
            Path(state).mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartFailed(f"--state {state}: {error.strerror or error}") from None
        return Path(state) / "campus"
    if isinstance(engine, Sqlite):
        return Path(engine.path)
    raise StartFailed("--db is PostgreSQL: name a folder for keys and images with --state DIR")


def _allow_many_files() -> None:
    """Every terminal is a descriptor: take what the system lets us have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CONNECTIONS + SPARE_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """uvloop's where it is installed: it is faster, asyncio's does the same."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def serial_ports(texts: Sequence[str]) -> list[Port]:
    """From DEVICE or DEVICE@BAUD; StartFailed."""
    try:
        return [Port.read(text) for text in texts]
    except ValueError as error:
        raise StartFailed(f"--serial: {error}") from None


def serve(
    url: str,
    http: Address,
    tcp: Address,
    json_file: str | None = None,
    ports: Sequence[Port] = (),
    key_log: str | None = None,
    hook_hosts: Sequence[str] = (),
    state: str | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; StartFailed when it cannot begin."""
    _allow_many_files()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(url, http, tcp, json_file, ports, key_log, hook_hosts, state))


async def _serve(
    url: str,
    http: Address,
    tcp: Address,
    json_file: str | None,
    ports: Sequence[Port],
    key_log: str | None,
    hook_hosts: Sequence[str],
    state: str | None,
) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    server = await Server.open(url, http, tcp, state)
    try:
        if key_log is not None:
            server.log_keys(key_log)
        server.open_ports(ports)
        server.send_hooks(hook_hosts)
    except StartFailed:
        await server.close()
        raise
    line = json.dumps(server.ready)
    if json_file:
        Path(json_file).write_text(line + "\n", encoding="utf-8")
    print(line, flush=True)
    if sys.stderr.isatty():  # a key belongs on a screen, not in a log
        print(f"console: {server.console_link()}", file=sys.stderr, flush=True)
    await ended.wait()
    await server.close()


class Server:
    """Everything that runs; made by `open` inside an event loop."""

    def __init__(self, gateway: Gateway, tcp: Address, http: Address, token: str, token_file: Path):
        self.gateway = gateway
        self.orders = Orders(gateway)
        self.token = token
        self.app = create_app(self.orders, token)
        self._buses: list[Bus] = []
        self._hooks: Hooks | None = None
        self._socket = _listen(http)
        self._waitress = create_server(
            self.app,
            sockets=[self._socket],
            threads=HTTP_THREADS,
            connection_limit=HTTP_CONNECTIONS,
            asyncore_use_poll=True,  # select() ends at descriptor 1024, and terminals come first
            channel_request_lookahead=2,  # lets a stream notice that its page is gone
            ident="campus",
            clear_untrusted_proxy_headers=True,
        )
        bound = Address(http.host, self._socket.getsockname()[1])
        self.ready = {
            "http": f"http://{bound}",
            "tcp": str(tcp),
            "token_file": str(token_file),
        }
        self._sweep = Sweep((self.orders.payments.sweep, self.orders.disputes.sweep))
        self._thread = threading.Thread(target=self._waitress.run, name="http", daemon=True)

    @classmethod
    async def open(cls, url: str, http: Address, tcp: Address, state: str | None = None) -> Server:
        """Open everything; StartFailed leaves nothing open."""
        path = home_of(url, state)
        try:
            store = Store(url, alone=True)
            token, token_file = token_beside(path)
            channel = Settings.read(path.with_name(f"{path.name}.channel"))
            keyring, centre = Keyring.beside(path), Centre.beside(path)
        except OSError as error:
            raise StartFailed(f"{path}: {error.strerror or error}") from None
        except (InUse, ValueError) as error:
            raise StartFailed(str(error)) from None
        except Trouble as error:
            raise StartFailed(f"{path}: {error}") from None
        gateway = Gateway(store, keyring)
        gateway.centre, keyring.centre_key = centre, centre.public_key
        gateway.images = Images(Path(f"{path}.images"))
        if channel is not None:
            gateway.channels[channel.name] = SignedChannel(channel)
        try:
            port = await gateway.start(tcp.host, tcp.port)
        except OSError as error:
            raise StartFailed(f"--tcp {tcp}: {error.strerror or error}") from None
        try:
            server = cls(gateway, Address(tcp.host, port), http, token, token_file)
        except OSError as error:
            await gateway.stop()
            raise StartFailed(f"--http {http}: {error.strerror or error}") from None
        server._thread.start()
        server._sweep.start()
        return server

    def open_ports(self, ports: Sequence[Port]) -> None:
        """Serve these serial lines too; StartFailed names the one that cannot be opened."""
        for port in ports:
            bus = Bus(self.gateway, port)
            try:
                bus.start()
            except OSError as error:
                why = os.strerror(error.errno) if error.errno else str(error)
                raise StartFailed(f"--serial {port}: {why}") from None
            self._buses.append(bus)
        if ports:
            self.ready["serial"] = ", ".join(map(str, ports))

    def send_hooks(self, ours: Sequence[str]) -> None:
        """Send webhooks from now on; ours: hosts of the campus' own network."""
        self._hooks = Hooks(self.gateway, {host.lower() for host in ours})
        self.orders.partners.ours = self._hooks.ours
        self._hooks.start()

    def log_keys(self, path: str) -> None:
        """Write every session's keys down from now on; StartFailed."""
        try:
            self.gateway.key_log = KeyLog(Path(path))
        except OSError as error:
            raise StartFailed(f"--key-log {path}: {error.strerror or error}") from None
        print(
            f"WARNING: {path} gets the keys of every session. Whoever has this file can read all "
            "that terminals and server say to each other. Delete it when you are done.",
            file=sys.stderr,
            flush=True,
        )

    def console_link(self) -> str:
        """A link that opens the console once."""
        key = self.app.extensions["desk"].doorkeeper.one_time_key()
        return f"{self.ready['http']}/enter?key={key}"

    async def close(self) -> None:
        """HTTP first, so nobody hands in work that would not be done; then the gateway."""
        self.app.extensions["desk"].feed.close()
        self._waitress.close()
        self._waitress.task_dispatcher.shutdown()
        if self._hooks is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._hooks.stop)
        await asyncio.get_running_loop().run_in_executor(None, self._sweep.stop)
        await self.gateway.stop()
        for bus in self._buses:
            bus.stop()
        self.gateway.store.close()


def _listen(address: Address) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address.host, address.port))
    except OSError:
        listening.close()
        raise
    return listening
