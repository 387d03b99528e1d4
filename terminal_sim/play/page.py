"""The page on which people play: one for each terminal, kept up to date over a web socket.

It is served on loopback to whoever sits at this machine. A socket that another page opens is
refused by its Origin. Limit: no password; do not give it an address of the network.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

from aiohttp import WSMsgType, web

from terminal_sim.play.seat import Seat
from terminal_sim.play.tray import Thing

_STATIC = Path(__file__).parent / "static"
_PAUSE_S = 0.03  # between two states: a screen comes in many pieces
_ORDER_BYTES = 1024


class Page:
    """seats: by the number of their terminal."""

    def __init__(self, seats: list[Seat], tray: list[Thing]):
        self._seats = {seat.place.number: seat for seat in seats}
        self._tray = tray
        self._sockets: dict[int, set[web.WebSocketResponse]] = {n: set() for n in self._seats}
        self._due: set[int] = set()
        self._tasks: set[asyncio.Task] = set()
        for seat in seats:
            seat.on_change = self._changed
        self._app = web.Application()
        self._app.add_routes(
            [
                web.get("/", self._first),
                web.get("/terminal/{number}", self._page),
                web.get("/terminal/{number}/live", self._live),
                web.static("/static", _STATIC),
            ]
        )
        self._runner = web.AppRunner(self._app, access_log=None)

    async def open(self, host: str, port: int) -> str:
        """-> its address. OSError if the port is taken."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/"

    async def close(self) -> None:
        """Everybody is sent away."""
        await self._runner.cleanup()

    async def _first(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPFound(f"/terminal/{min(self._seats)}")

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self._seat(request)
        return web.FileResponse(_STATIC / "play.html", headers={"Cache-Control": "no-cache"})

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """States out, orders in."""
        seat = self._seat(request)
        if request.headers.get("Origin", "").partition("://")[2] != request.host:
            raise web.HTTPForbidden(text="opened by another page")
        socket = web.WebSocketResponse(heartbeat=20, max_msg_size=_ORDER_BYTES)
        await socket.prepare(request)
        number = seat.place.number
        self._sockets[number].add(socket)
        try:
            await socket.send_json(self._all() | {"state": seat.state()})
            async for message in socket:
                if message.type == WSMsgType.TEXT:
                    await self._order(socket, seat, message.data)
        finally:
            self._sockets[number].discard(socket)
        return socket

    async def _order(self, socket: web.WebSocketResponse, seat: Seat, text: str) -> None:
        try:
            order = json.loads(text)
            if not isinstance(order, dict):
                raise ValueError("an order is an object")
            seat.do(order)
        except ValueError as fault:
            await socket.send_json({"problem": str(fault)})

    def _all(self) -> dict:
        """What does not change: the terminals, and what lies on the table."""
        return {
            "terminals": [
                {"number": n, "kind": seat.what, "name": seat.place.name}
                for n, seat in self._seats.items()
            ],
            "tray": [{"name": thing.name, "card": thing.card} for thing in self._tray],
        }

    def _seat(self, request: web.Request) -> Seat:
        with contextlib.suppress(KeyError, ValueError):
            return self._seats[int(request.match_info["number"])]
        raise web.HTTPNotFound(text="no such terminal")

    def _changed(self, seat: Seat) -> None:
        """Tell it soon, once for all that comes together."""
        number = seat.place.number
        if number not in self._due and self._sockets[number]:
            self._due.add(number)
            task = asyncio.get_running_loop().create_task(self._tell(seat))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _tell(self, seat: Seat) -> None:
        await asyncio.sleep(_PAUSE_S)
        number = seat.place.number
        self._due.discard(number)
        state = seat.state()
        for socket in list(self._sockets[number]):
            with contextlib.suppress(ConnectionError):
                await socket.send_json({"state": state})
