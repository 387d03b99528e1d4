"""From a card to the ledger through everything that is real: reader bytes, the interpreter, the
session, the server process. Each bad input gives one clear message, and nothing stops."""

import asyncio

from terminal_sim import fleet
from terminal_sim.mifare import MifareClassic


def run(coroutine):
    asyncio.run(asyncio.wait_for(coroutine, 60))


# shows R3 R14
def test_a_purchase_and_a_pass_reach_the_ledger(campus):
    async def story():
        async with campus() as made:
            number, card = made.card(balance_fen=5000)
            assert await fleet.pay(made.pos, card, 1250) == fleet.ACCEPTED
            assert made.pos.panel.rows[:3] == ["支付成功", "支付 12.50 元", "余额 37.50 元"]
            assert await fleet.present(made.gate, card) == fleet.ACCEPTED
            assert made.gate.panel.shows("请通行")
            status = await made.uploaded(2)
            assert (status["accepted"], status["refused"], status["ledger_sum"]) == (2, 0, 0)
            ledger = made.server.call("GET", "/api/ledger")
            balances = {(a["type"], a["key"]): a["balance_fen"] for a in ledger["accounts"]}
            assert balances["purse", str(number)] == 3750
            assert balances["merchant", "第一食堂"] == 1250
            async with asyncio.timeout(60):
                while made.gate.pins.pulses["barrier"] == 0 or made.gate.pins.on:
                    await asyncio.sleep(0.05)  # it opens, and shuts again by itself

    run(story())


def test_every_bad_card_is_told_in_words(campus):
    async def story():
        async with campus() as made:
            _, good = made.card()
            _, expired = made.card(valid_until="2020-01-01")
            _, altered = made.card()
            altered.memory[5 * 16 + 5] ^= 1  # a little more money
            _, poor = made.card(balance_fen=100)
            foreign = MifareClassic(b"\x5a\x77\x77\x77")
            long_uid = made.card(uid_length=7)[1]
            for card, words in (
                (foreign, "非本校卡"),
                (expired, "卡已过期"),
                (altered, "卡数据异常"),
                (poor, "余额不足"),
            ):
                assert await fleet.pay(made.pos, card, 500) == fleet.REFUSED
                assert made.pos.panel.shows(words), made.pos.panel.rows
                made.pos.panel.press("*")
            assert await fleet.pay(made.pos, long_uid, 500) == fleet.ACCEPTED
            assert await fleet.pay(made.pos, good, 500) == fleet.ACCEPTED
            status = await made.uploaded(6)
            assert (status["accepted"], status["refused"]) == (2, 4)

    run(story())


def test_amounts_that_cannot_be_are_refused_at_the_keypad(campus):
    async def story():
        async with campus() as made:
            for keys, words in (("*#", "金额为零"), ("*5001#", "超过单笔限额")):
                made.pos.panel.press(keys)
                async with asyncio.timeout(60):
                    await made.pos.panel.screen(words)

    run(story())


def test_two_cards_at_once_pay_nothing(campus):
    async def story():
        async with campus() as made:
            cards = made.card()[1], made.card()[1]
            made.pos.panel.press("500#")
            async with asyncio.timeout(60):
                await made.pos.panel.screen("应付")
                beep = made.pos.panel.beep()
                made.pos.field.put(*cards)
                assert await beep == "error"
            assert made.pos.panel.shows("请勿多卡")
            made.pos.field.clear()
            beep = made.pos.panel.beep()
            made.pos.field.put(cards[0])
            async with asyncio.timeout(60):
                assert await beep == "ok"
            assert made.pos.panel.shows("余额 45.00 元")

    run(story())


def test_a_card_torn_in_the_write_pays_exactly_once(campus):
    async def story():
        async with campus() as made:
            for shape, balance in (("none", "45.00"), ("half", "45.00"), ("all", "45.00")):
                number, card = made.card(balance_fen=5000)
                card.tear_after(5, shape)  # select, authenticate, three reads; then the write
                assert await fleet.pay(made.pos, card, 500) == fleet.TORN
                assert made.pos.panel.shows("请把卡放回")
                assert await fleet.present(made.pos, card) == fleet.ACCEPTED
                assert made.pos.panel.shows(f"余额 {balance} 元"), (shape, made.pos.panel.rows)
                async with asyncio.timeout(60):
                    purse = None
                    while purse != 4500:  # the ledger comes to the same
                        ledger = await asyncio.to_thread(made.server.call, "GET", "/api/ledger")
                        purse = {
                            a["key"]: a["balance_fen"]
                            for a in ledger["accounts"]
                            if a["type"] == "purse"
                        }[str(number)]
                        await asyncio.sleep(0.05)

    run(story())
