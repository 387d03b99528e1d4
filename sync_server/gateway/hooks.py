"""Sends webhooks: a thread with a loop of its own, which never holds the writer (docs/partners.md).

A round looks at what came, hands the deliveries to the writer, sends what is due and hands in what
became of it. All of it is in the database: killed at any point, the next round goes on. What it is
not: it decides nothing; rules are core.hooks', rows store.hooks'.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import threading
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from sync_server.core import hooks, partners
from sync_server.keyring import HOOK_SECRET

if TYPE_CHECKING:
    from sync_server.gateway.service import Gateway

log = logging.getLogger(__name__)

LOOK_S = 0.5
HOLDERS_S = 5.0  # every so often all holders are compared
FORGET_S = 3600.0
TRY_S = 10.0  # to connect, send and hear a status
AT_ONCE = 20  # deliveries of a partner in a round
_ANSWER_BYTES = 1024
_CURSOR_LAG = 5_000  # records without news, until it is kept that they were looked at


class Refused(OSError):
    """A name leads to an address that no webhook goes to."""


def url_fault(text: str, ours: Collection[str]) -> str:
    """Why this is no address for a webhook, "" if it is."""
    try:
        url = URL(text)
        port = url.port or 0
    except ValueError:
        return "the address must be https://HOST/PATH"
    rest = ((url.user or "") + (url.password or ""), url.fragment)
    return hooks.url_fault(url.scheme, url.host or "", port, rest, ours)


class Outside(AbstractResolver):
    """Resolves names, and refuses those that lead anywhere inside: what it returns is what is
    connected to, so a name that means something else a moment later gains nothing."""

    def __init__(self, ours: Collection[str]):
        self._ours = ours
        self._plain = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a host, all of which may be connected to. Refused, OSError."""
        found = await self._plain.resolve(host, port, family)
        is_named = hooks.is_ours(host, port, self._ours)
        for one in found:
            address = hooks.address_of(one["host"].partition("%")[0])
            if address is None or not hooks.may_connect(address, is_named):
                raise Refused(f"{host} leads to an address that is not public")
        return found

    async def close(self) -> None:
        """Nothing is open."""


class Hooks:
    """ours: HOST or HOST:PORT of the campus' own network."""

    def __init__(self, gateway: Gateway, ours: Collection[str]):
        self.ours = ours
        self._store = gateway.store
        self._writer = gateway.writer
        self._keyring = gateway.keyring
        self._ending = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="hooks", daemon=True)
        self._holders_s = self._forgot_s = float("-inf")
        self._going: dict[int, asyncio.Task[None]] = {}  # of each partner
        self._rests: dict[int, float] = {}  # cannot be reached: not before then

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being sent is sent again by the next server. Blocks until it has."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ending.set)
            self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        serving = asyncio.ensure_future(self._rounds())
        ending = asyncio.ensure_future(self._ending.wait())
        await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
        for task in (serving, ending, *self._going.values()):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _rounds(self) -> None:
        async with self._session() as session:
            while True:  # ends with stop(), which cancels it
                try:
                    await self.round(session)
                except Exception:  # the database may be full for a while
                    log.exception("webhooks")
                await asyncio.sleep(LOOK_S)

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=Outside(self.ours), use_dns_cache=False, limit=50, limit_per_host=4
        )
        timeout = aiohttp.ClientTimeout(total=TRY_S)
        return aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def round(self, session: aiohttp.ClientSession) -> None:
        """Begin with everything that is to be told now; no partner waits for another."""
        now_s = time.monotonic()
        with_holders = now_s - self._holders_s >= HOLDERS_S
        if with_holders:
            self._holders_s = now_s
        if now_s - self._forgot_s >= FORGET_S:
            self._forgot_s = now_s
            await self._write(self._store.hooks.forget, int(time.time()))
        for hook in self._store.hooks.every():
            partner = hook["partner"]
            task = self._going.get(partner)
            if task is None or task.done():
                work = self._serve_one(session, hook, with_holders)
                self._going[partner] = asyncio.ensure_future(work)

    async def _serve_one(
        self, session: aiohttp.ClientSession, hook: dict[str, Any], with_holders: bool
    ) -> None:
        grant = partners.grant_of(hook["grant"], int(time.time()))
        if grant.state != partners.GRANTED:
            return
        try:
            await self._tell(hook, grant, with_holders)
            if self._rests.get(hook["partner"], 0.0) <= time.monotonic():
                await self._send_due(session, hook)
        except Exception:  # of this partner; the next round tries again
            log.exception("webhooks of partner %s", hook["partner"])

    async def _tell(self, hook: dict[str, Any], grant: partners.Grant, with_holders: bool) -> None:
        """Write down what came since."""
        news = self._store.hooks.news(hook, grant, with_holders)
        is_far = news.record - hook["record"] >= _CURSOR_LAG
        if news.events or news.holders or is_far or news.list_version != hook["list_version"]:
            await self._write(self._store.hooks.tell, hook, news, int(time.time()))

    async def _send_due(self, session: aiohttp.ClientSession, hook: dict[str, Any]) -> None:
        partner, outcomes = hook["partner"], []
        for delivery in self._store.hooks.due(partner, int(time.time()), AT_ONCE):
            status, problem = await self._send(session, hook, delivery)
            outcomes.append((delivery["id"], problem))
            if status == 0:  # it cannot be reached: the others wait for this one's next try
                self._rests[partner] = time.monotonic() + hooks.pause_s(delivery["tries"] + 1)
                break
        if outcomes:
            await self._write(self._store.hooks.sent, outcomes, int(time.time()))

    async def _send(
        self, session: aiohttp.ClientSession, hook: dict[str, Any], delivery: dict[str, Any]
    ) -> tuple[int, str]:
        """-> (status or 0, what was wrong or "")."""
        fault = url_fault(hook["url"], self.ours)
        if fault:
            return 0, fault
        body = delivery["body"].encode()
        name = hooks.name_of(delivery["id"], delivery["made_utc_s"])
        secret = self._keyring.show(HOOK_SECRET, hook["secret"])
        told = hooks.headers(secret, name, int(time.time()), body)
        try:
            async with session.post(
                URL(hook["url"]), data=body, headers=told, allow_redirects=False
            ) as answer:
                await answer.content.read(_ANSWER_BYTES)
                if 200 <= answer.status < 300:
                    return answer.status, ""
                return answer.status, f"status {answer.status}"
        except TimeoutError:
            return 0, f"no answer within {TRY_S:.0f} s"
        except Refused as error:
            return 0, str(error)
        except aiohttp.ClientConnectionError as error:
            return 0, str(error)[:200]
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return 0, type(error).__name__

    async def _write(self, work: Any, *args: Any) -> None:
        await asyncio.wrap_future(self._writer.call(work, *args))
