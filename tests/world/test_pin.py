"""A PIN above a limit: the real firmware's keypad, the real server, a card that lies there or left,
a server and a till that are killed. And the digits are looked for wherever something was kept."""

import asyncio
import json
import urllib.request
from contextlib import asynccontextmanager

from terminal_sim import fleet
from terminal_sim.mifare import MifareClassic

PIN, WRONG = "471108", "830264"
LIMITS = {"pin_tap_fen": 2000, "pin_day_fen": 6000, "pin_ask_fen": 1500, "pin_wait_s": 120}
WAIT_S = 60


async def seen(panel, text):
    async with asyncio.timeout(WAIT_S):
        await panel.screen(text)


@asynccontextmanager
async def lying(till, card):
    """A card that lies on the reader."""
    till.field.put(card)
    try:
        yield
    finally:
        till.field.take(card)


def holder_with_card(server, fen=20000):
    """Somebody of a list, a card of theirs, a PIN by the desk's link. -> card"""
    rows = "学号,姓名,专业\n180001,张三,国际金融\n".encode()
    put = server.call("POST", "/api/lists?kind=students&file=a.csv", rows)
    server.call("POST", f"/api/lists/{put['id']}/apply")
    uid = b"\x5a\x00\x01\x02"
    wish = {
        "holder_kind": 2, "name": "张三", "uid": uid.hex(), "valid_until": "2029-07-01",
        "zones": 1, "balance_fen": fen, "holder": "180001",
    }  # fmt: skip
    card = MifareClassic(uid, server.issue([wish])[0][1])
    link = server.call("POST", "/api/people/1/pin")["link"]
    body = json.dumps({"ticket": link.partition("#")[2], "pin": PIN}).encode()
    asking = urllib.request.Request(server.http + "/api/pin", body, method="POST")
    with urllib.request.urlopen(asking) as answer:
        assert json.load(answer) == {"is_set": True}
    return card


def test_above_the_limit(campus, tmp_path):
    async def story():
        async with campus() as made:
            server = made.server
            card = await asyncio.to_thread(holder_with_card, server)
            await asyncio.to_thread(server.call, "PUT", "/api/params", LIMITS)
            place = made.fleet.add("pos", "第二食堂", "第二食堂")  # has them before its first tap
            await made.fleet.ready()
            number, till, panel = place.number, place.terminal, place.terminal.panel
            assert await fleet.pay(made.pos, card, 500) == fleet.ACCEPTED
            await uploaded(server, made.numbers[0], bool)
            assert await fleet.pay(till, card, 1000) == fleet.ACCEPTED
            await it_lies_there(till, card)
            assert await fleet.pay(till, card, 2500) == fleet.TORN  # it is asked for
            panel.press(WRONG + "#")
            await seen(panel, "还可试 2 次")
            server.kill()
            panel.press(PIN + "#")
            await seen(panel, "需联网输密码")
            till.kill()
            await asyncio.to_thread(server.start)
            till.start()
            await seen(panel, "断电前未支付")
            await online(server, number)
            for tries, said in ((1, "还可试 1 次"), (0, "密码已锁")):
                if tries:
                    assert await fleet.pay(till, card, 2500) == fleet.TORN
                panel.press(WRONG + "#")
                await seen(panel, said)
            panel.press("*")
            assert await fleet.pay(till, card, 2500) == fleet.TORN
            panel.press(PIN + "#")
            await seen(panel, "密码已锁")
            panel.press("*")
            assert await fleet.pay(till, card, 1500) == fleet.ACCEPTED  # 5 elsewhere, 10 + 25 + 15
            assert await fleet.pay(till, card, 501) == fleet.TORN  # the day's 60 yuan
            panel.press("**")
            assert await fleet.pay(till, card, 500) == fleet.ACCEPTED
            assert panel.shows("余额 140.00 元")
            await asyncio.to_thread(server.call, "POST", "/api/people/1/pin/unlock")
            tries = await asyncio.to_thread(server.call, "GET", "/api/people/1/pin")
            assert [row["verdict"] for row in tries["tries"]] == [51, 50, 50, 0]
            records = await uploaded(server, number, lambda found: found[-1][6] == 500)
            assert [row[3] for row in records if row[1] == 3 or row[3] == 51] == [
                31, 31, 31, 51, 31, 51, 31,
            ]  # fmt: skip
            live = till.stop()["heap_live_peak_bytes"]
            print(f"heap of a till with a PIN: {live} bytes")
            server.stop()

    asyncio.run(asyncio.wait_for(story(), 240))
    for file in tmp_path.rglob("*"):
        if file.is_file():
            kept = file.read_bytes()
            assert PIN.encode() not in kept and WRONG.encode() not in kept, file


async def it_lies_there(till, card):
    """The card stays while the PIN is keyed in, and is found again."""
    panel = till.panel
    panel.press("2500#")
    await seen(panel, "应付 25.00 元")
    async with lying(till, card):
        await seen(panel, "请输密码")
        panel.press(PIN[:3])
        await seen(panel, "***")
        panel.press(PIN[3:] + "#")
        await seen(panel, "支付成功")
        assert panel.shows("余额 160.00 元")


async def online(server, number):
    async with asyncio.timeout(WAIT_S):
        while True:  # until its first report after the power cut is there, or the time-out
            status = await asyncio.to_thread(server.call, "GET", "/api/status")
            rows = {row["number"]: row for row in status["terminals"]}
            if rows[number]["connected"]:
                return
            await asyncio.sleep(0.05)


async def uploaded(server, number, is_there):
    """All records of the till once `is_there` says so."""
    async with asyncio.timeout(WAIT_S):
        while True:  # until then, or the time-out
            found = await asyncio.to_thread(server.records, number)
            if found and is_there(found):
                return found
            await asyncio.sleep(0.1)
