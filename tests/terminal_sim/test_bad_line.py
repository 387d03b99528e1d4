"""The bad line: what each fault does to frames, and that none of it ends the line for good."""

from __future__ import annotations

import asyncio
from collections import deque

import pytest

from terminal_sim.bad_line import DOWN, UP, BadLine, befall
from terminal_sim.weather import LINK_FAULTS

FRAME = b"\x05abcd\x00"
WAIT_S = 30


@pytest.mark.parametrize(
    ("fault", "noise", "arrives"),
    [
        ("lost", 0, []),
        ("doubled", 0, [FRAME, FRAME]),
        ("truncated", 3, [FRAME[:3]]),
        ("corrupted", 1, [b"\x05" + bytes((FRAME[1] ^ 2,)) + FRAME[2:]]),
        ("delayed", 0, []),
        ("dead", 0, []),
    ],
)
def test_what_arrives(fault, noise, arrives):
    assert befall(fault, noise, FRAME, deque()) == arrives


def test_a_collision_leaves_the_head_and_garbles_the_rest():
    (arrived,) = befall("collision", 2, FRAME, deque())
    assert arrived[:2] == FRAME[:2]
    assert len(arrived) == len(FRAME)
    assert arrived != FRAME


def test_what_was_late_comes_when_the_next_is_late_too():
    late: deque[bytes] = deque()
    assert befall("reordered", 0, b"1\0", late) == []
    assert befall("reordered", 0, b"2\0", late) == [b"1\0"]


async def _world(act):
    """A server that echoes, a wire before it. -> what `act(wire, dial)` returns."""

    async def echo(reader, writer):
        while data := await reader.read(4096):
            writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    wire = BadLine(lambda: f"127.0.0.1:{port}")
    await wire.open()

    async def dial():
        host, at = wire.address.split(":")
        return await asyncio.open_connection(host, int(at))

    try:
        async with asyncio.timeout(WAIT_S):
            return await act(wire, dial)
    finally:
        await wire.close()
        server.close()


def test_a_line_that_is_down_keeps_what_was_said_until_it_is_up():
    async def act(wire, dial):
        reader, writer = await dial()
        writer.write(FRAME)
        await asyncio.sleep(0.05)
        assert not wire.answers
        wire.up()
        assert await reader.readexactly(len(FRAME)) == FRAME
        writer.close()

    asyncio.run(_world(act))


def test_going_down_breaks_the_connection_and_the_next_one_waits():
    async def act(wire, dial):
        wire.up()
        reader, writer = await dial()
        writer.write(FRAME)
        await reader.readexactly(len(FRAME))
        wire.down()
        assert await reader.read() == b""
        writer.close()
        reader, writer = await dial()
        writer.write(FRAME)
        wire.up()
        assert await reader.readexactly(len(FRAME)) == FRAME
        writer.close()

    asyncio.run(_world(act))


@pytest.mark.parametrize("fault", LINK_FAULTS)
def test_after_any_fault_a_new_connection_works(fault):
    async def act(wire, dial):
        wire.up()
        seen = []
        wire.on_frame = seen.append
        for noise in (0, 1):
            reader, writer = await dial()
            wire.trouble(fault, 1, noise)
            writer.write(FRAME)
            seen.clear()
            while not seen:  # ends: the frame is seen, or the timeout comes
                await asyncio.sleep(0.001)
            writer.close()
            wire.calm()
        reader, writer = await dial()
        writer.write(FRAME)
        assert await reader.readexactly(len(FRAME)) == FRAME
        writer.close()
        assert wire.counts[fault] == 2
        assert {UP, DOWN} >= set(seen)

    asyncio.run(_world(act))


def test_a_fault_waits_for_its_frame():
    async def act(wire, dial):
        wire.up()
        wire.trouble("lost", 1, 0, after=1)
        reader, writer = await dial()
        writer.write(b"1\0")
        assert wire.has_trouble
        while wire.has_trouble:  # ends: the answer to it is lost, or the timeout comes
            await asyncio.sleep(0.001)
        assert wire.counts["lost"] == 1
        writer.write(b"2\0")
        assert await reader.readexactly(2) == b"2\0"
        writer.close()

    asyncio.run(_world(act))
