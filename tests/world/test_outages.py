"""Power cuts and dead servers: what was paid is in the ledger, once."""

import asyncio

from terminal_sim import fleet
from terminal_sim.server import ServerProcess


def test_taps_while_the_server_is_dead_arrive_when_it_is_back(campus):
    async def story():
        async with campus() as made:
            _, card = made.card()
            assert await fleet.pay(made.pos, card, 100) == fleet.ACCEPTED
            await made.uploaded(1)
            made.server.kill()
            for _ in range(2):  # within the offline cap of three taps
                assert await fleet.pay(made.pos, card, 100) == fleet.ACCEPTED
            await asyncio.to_thread(made.server.start)
            status = await made.uploaded(3)
            assert (status["accepted"], status["ledger_sum"], status["grey"]) == (3, 0, 0)

    asyncio.run(asyncio.wait_for(story(), 60))


# shows R25
def test_a_terminal_killed_with_unsent_records_sends_them_after_its_reboot(campus):
    async def story():
        async with campus() as made:
            _, card = made.card()
            assert await fleet.pay(made.pos, card, 100) == fleet.ACCEPTED
            await made.uploaded(1)
            made.server.kill()
            assert await fleet.pay(made.pos, card, 100) == fleet.ACCEPTED
            made.pos.kill()  # the same instant that the screen said paid
            await asyncio.to_thread(made.server.start)
            made.pos.panel.rows = [""] * 4
            made.pos.start()
            await made.pos.panel.screen("断电前已支付")  # nobody may have read it before
            made.pos.panel.press("*")
            await made.fleet.ready()
            status = await made.uploaded(2)
            assert (status["records"], status["accepted"], status["ledger_sum"]) == (2, 2, 0)
            assert await fleet.pay(made.pos, card, 150) == fleet.ACCEPTED  # 100: asked about first
            assert made.pos.panel.shows("余额 46.50 元")

    asyncio.run(asyncio.wait_for(story(), 60))


# shows R16
def test_a_terminal_of_another_campus_is_turned_away(campus, tmp_path):
    async def story():
        async with campus() as made:
            other = ServerProcess(tmp_path / "other")
            (tmp_path / "other").mkdir()
            other.start()
            try:
                for _ in range(3):  # numbers 1 and 2 are known here, with other keys; 3 is not
                    number, page = other.enrol("pos", "elsewhere", "elsewhere")
                    await _turned_away(made, tmp_path, number, page)
            finally:
                other.stop()
            status = made.server.call("GET", "/api/status")
            assert all(terminal["connected"] for terminal in status["terminals"])

    asyncio.run(asyncio.wait_for(story(), 60))


async def _turned_away(made, tmp_path, number, page):
    from terminal_sim.terminal import Terminal

    stranger = Terminal(tmp_path / f"stranger-{number}", page, made.server.tcp)
    stranger.attach(asyncio.get_running_loop())
    stranger.start()
    try:
        async with asyncio.timeout(60):
            await stranger.panel.screen("未就绪")
        await asyncio.sleep(0.5)
        assert not stranger.panel.shows("请刷卡")
        if number > 2:
            assert stranger.panel.shows("服务器拒绝") or stranger.panel.shows("未就绪")
    finally:
        stranger.close()


def test_a_mute_reader_is_told_and_found_again(campus):
    async def story():
        async with campus() as made:
            loop = asyncio.get_running_loop()
            loop.remove_reader(made.pos.reader.fileno())  # it hears, and says nothing any more
            _, card = made.card()
            made.pos.panel.press("100#")
            made.pos.field.put(card)
            loop.call_later(3, loop.add_reader, made.pos.reader.fileno(),
                            made.pos.reader.on_readable)  # fmt: skip
            beep = made.pos.panel.beep()
            async with asyncio.timeout(60):
                assert await beep == "ok"

    asyncio.run(asyncio.wait_for(story(), 60))
