"""The bad line: what each fault does to the next frame, and that the one after it arrives."""

import asyncio

import pytest

from terminal_sim.wire import Wire

FIRST, SECOND, THIRD = b"first frame\0", b"second\0", b"third\0"


def heard(*faults, sends=(FIRST, SECOND, THIRD), then=None):
    """-> what arrives of frames that are sent one after the other, each after a pause."""

    async def story():
        arrived = bytearray()

        async def serve(reader, _writer):
            while data := await reader.read(100):
                arrived.extend(data)

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()[:2]
        wire = Wire(lambda: f"{host}:{port}")
        where = (await wire.open()).rsplit(":", 1)
        _, writer = await asyncio.open_connection(where[0], int(where[1]))
        for fault in faults:
            wire.trouble(fault, 7)
        for frame in sends:
            writer.write(frame)
            await asyncio.sleep(0.03)
        await asyncio.sleep(0.15)
        result = bytes(arrived), wire.faults
        if then:
            result += (await then(wire, where),)
        writer.transport.abort()
        await wire.close()
        server.close()
        return result

    return asyncio.run(asyncio.wait_for(story(), 20))


def test_without_orders_all_comes_through():
    assert heard() == (FIRST + SECOND + THIRD, 0)


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        ("lost", SECOND + THIRD),
        ("doubled", FIRST + FIRST + SECOND + THIRD),
        ("delayed", FIRST + SECOND + THIRD),
        ("reordered", SECOND + FIRST + THIRD),
        ("half_open", b""),
        ("dead", b""),
    ],
)
def test_a_fault_of_the_first_frame(fault, arrives):
    assert heard(fault) == (arrives, 1)


@pytest.mark.parametrize("fault", ["truncated", "corrupted", "collision"])
def test_a_spoilt_frame_is_another_one_and_ends(fault):
    arrived, faults = heard(fault)
    assert faults == 1
    assert arrived.endswith(b"\0" + SECOND + THIRD)
    assert not arrived.startswith(FIRST)
    assert len(arrived) <= len(FIRST + SECOND + THIRD)


def test_cut_off_and_back():
    async def then(wire, where):
        wire.down()
        reader, _ = await asyncio.open_connection(where[0], int(where[1]))
        was_cut = await reader.read(1) == b""
        wire.up()
        _, writer = await asyncio.open_connection(where[0], int(where[1]))
        writer.write(b"x\0")
        await asyncio.sleep(0.05)
        return was_cut

    assert heard(then=then)[2] is True
