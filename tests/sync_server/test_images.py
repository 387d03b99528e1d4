"""Images at the server: what it takes; an update of the firmware's core over a real session."""

import asyncio

import pytest

from bench.plain_terminal import PlainTerminal
from card_layout import p256
from protocol import manifest, messages, states
from sync_server.gateway.images import IMAGE_MAX, Images, read
from sync_server.gateway.orders import Orders
from sync_server.gateway.refusals import Impossible, NotReady
from sync_server.gateway.service import Gateway
from tests.power import update_world
from tests.power.update_world import NEW, OLD, World, bought, image
from tests.sync_server.memory_store import MemoryKeyring, MemoryStore

KEYS = MemoryKeyring()


def raw_of(made):
    return made[0] + made[1]


def test_a_whole_image_is_taken_and_kept(tmp_path):
    images = Images(tmp_path / "images")
    assert images.put(raw_of(NEW)).row()["version"] == "0.2.0"
    again = Images(tmp_path / "images")
    assert again.rows() == images.rows() and again.offer("pos")[1][1:] == NEW[0]
    assert again.offer("gate") is None
    assert [path.name for path in (tmp_path / "images").iterdir()] == ["pos.img"]


@pytest.mark.parametrize("length", [0, 3, 159, 160, 1000, -1])
def test_an_image_cut_short_is_refused(length):
    with pytest.raises(Impossible):
        read(raw_of(NEW)[:length])


@pytest.mark.parametrize("place", [0, 4, 5, 13, 17, 70, 160, 5000])
def test_a_flipped_bit_is_found(place):
    raw = bytearray(raw_of(NEW))
    raw[place] ^= 0x40
    with pytest.raises(Impossible):
        read(bytes(raw))


def test_an_older_image_is_refused_and_the_same_is_no_fault():
    images = Images()
    images.put(raw_of(NEW))
    images.put(raw_of(NEW))
    for other in (OLD, image((0, 2, 0), 700)):
        with pytest.raises(Impossible) as refused:
            images.put(raw_of(other))
        assert refused.value.status == 409
    assert images.rows()[0]["version"] == "0.2.0"


def test_a_full_disk_changes_nothing(tmp_path):
    (tmp_path / "images").write_text("in the way")
    images = Images(tmp_path / "images")
    with pytest.raises(NotReady):
        images.put(raw_of(NEW))
    assert images.rows() == []


def test_a_damaged_file_is_not_offered(tmp_path):
    Images(tmp_path).put(raw_of(NEW))
    (tmp_path / "pos.img").write_bytes(raw_of(NEW)[:-1])
    assert Images(tmp_path).rows() == []


def test_each_kind_has_its_own():
    images = Images()
    images.put(raw_of(NEW))
    images.put(raw_of(image((0, 1, 5), 900, messages.GATE)))
    number = manifest.number_of((0, 1, 0))
    assert images.wanted("pos", number) == manifest.number_of((0, 2, 0))
    assert images.wanted("gate", number) == manifest.number_of((0, 1, 5))
    assert images.wanted("water", number) == number
    assert images.wanted("pos", number + 1000) == number + 1000
    assert len(raw_of(NEW)) < IMAGE_MAX


class Wire(PlainTerminal):
    """The session of a terminal whose words are the firmware's own."""

    def __init__(self, number, world):
        super().__init__(number, KEYS.key(number))
        self.world = world

    def _pushed(self, body):
        number, _, _ = messages.decode(body, states.SERVER)
        self.pushes.append(number)
        uploader = self.world.terminal.uploader
        self.transport.write(self._session.reply(uploader.on_request(body, self.world.now())))


class Rig:
    """A gateway, one POS with two slots."""

    def __init__(self, **story):
        self.store = MemoryStore()
        self.store.terminals.enrol("pos", "食堂", "食堂", 0)
        self.world = World(bought("twice"), taps=0, **story)
        self.wire = Wire(1, self.world)
        self.epoch = 0

    async def start(self):
        self.gateway = Gateway(self.store, KEYS)
        self.port = await self.gateway.start("127.0.0.1", 0)
        await self.boot()

    async def boot(self):
        while not self.world.boot():  # ends when a try is over, or World finds it Wrong
            pass
        self.epoch += 1
        await self.wire.connect(self.port, self.epoch, report=False)

    async def hang_up(self):
        self.wire.close()
        await self.wire.closed

    async def go_on(self, steps):
        """-> True if it restarted."""
        for _ in range(steps):
            terminal, now = self.world.terminal, self.world.now()
            body = terminal.uploader.next_request(now)
            if body is not None:
                terminal.uploader.on_reply(await self.wire.send(body), now)
            await asyncio.sleep(0.002)
            if any(effect[0] == "restart" for effect in terminal.effects()):
                await self.hang_up()
                await self.boot()
                return True
        return False

    def progress(self):
        return self.gateway.images.progress(1)


def run(scenario, monkeypatch, **story):
    monkeypatch.setattr(p256, "verify", update_world.VERIFY_ONCE)

    async def body():
        rig = Rig(**story)
        await rig.start()
        try:
            await asyncio.wait_for(scenario(rig), 30)
        finally:
            rig.store.gate.set()
            await rig.gateway.stop()

    asyncio.run(body())


def test_a_terminal_is_brought_to_a_new_image(monkeypatch):
    async def scenario(rig):
        await rig.go_on(2)
        assert rig.progress() is None
        put = Orders(rig.gateway).put_image
        await asyncio.get_running_loop().run_in_executor(None, put, raw_of(NEW))
        await rig.go_on(12)
        told = rig.progress()
        assert told["state"] == "fetching" and 0 < told["offset"] <= told["size"] == 8500
        assert await rig.go_on(100)
        await rig.go_on(5)
        assert rig.world.runs is NEW and not rig.world.images.is_trial
        assert rig.progress() == {
            "version": "0.2.0", "offset": 8500, "size": 8500, "state": "running",
        }  # fmt: skip

    run(scenario, monkeypatch)


def test_a_session_that_dies_in_the_middle_costs_nothing(monkeypatch):
    async def scenario(rig):
        rig.gateway.images.put(raw_of(NEW))
        await rig.go_on(14)
        offset = rig.progress()["offset"]
        assert offset >= 2048
        await rig.hang_up()
        rig.world.terminal.uploader.restart()
        rig.epoch += 1
        await rig.wire.connect(rig.port, rig.epoch, report=False)
        await rig.go_on(3)
        assert rig.progress()["offset"] >= offset

    run(scenario, monkeypatch)


def test_a_reset_in_the_middle_costs_one_sector(monkeypatch):
    async def scenario(rig):
        rig.gateway.images.put(raw_of(NEW))
        while rig.progress() is None or rig.progress()["offset"] < 6 * 1024:  # it comes that far
            await rig.go_on(1)
        await rig.hang_up()
        await rig.boot()
        await rig.go_on(2)
        assert rig.progress()["offset"] in (4096, 5120)
        assert await rig.go_on(100) and rig.world.runs is NEW

    run(scenario, monkeypatch)


def test_what_had_its_tries_is_said_to_be_refused(monkeypatch):
    async def scenario(rig):
        rig.gateway.images.put(raw_of(NEW))
        assert await rig.go_on(100)
        await rig.go_on(6)
        assert rig.world.runs is OLD and rig.progress()["state"] == "refused"
        assert rig.wire.pushes.count(messages.IMAGE) < 10

    run(scenario, monkeypatch, works="crash")


@pytest.mark.parametrize(
    "made",
    [
        image((0, 2, 0), 900, number=8),
        image(
            (0, 2, 0), 900, key=update_world.ec.generate_private_key(update_world.ec.SECP256R1())
        ),
        image((0, 2, 0), 12_289),
    ],
    ids=["unknown key", "other key", "too long"],
)
def test_what_a_terminal_does_not_take_it_refuses_before_it_erases(monkeypatch, made):
    async def scenario(rig):
        rig.gateway.images.put(raw_of(made))
        erases = rig.world.flash.erases
        await rig.go_on(10)
        assert rig.progress()["state"] == "refused" and rig.world.flash.erases == erases

    run(scenario, monkeypatch)


def test_a_piece_of_another_image_is_a_problem(monkeypatch):
    async def scenario(rig):
        await rig.go_on(2)
        rig.gateway.images.put(raw_of(NEW))
        for digest, offset in ((bytes(16), 0), (read(raw_of(NEW)).told.digest[:16], 8500)):
            body = messages.encode(messages.PIECE, (digest, offset))
            assert (await rig.wire.send(body))[0] == messages.PROBLEM

    run(scenario, monkeypatch)
