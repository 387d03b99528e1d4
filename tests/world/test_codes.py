"""A phone at a real terminal: its code goes through the scanner, the record to the server."""

import asyncio
import time

from terminal_sim import fleet
from tests.firmware.code_phone import ISSUER, ISSUER_NUMBER, Phone, compressed

KEY = bytes((ISSUER_NUMBER,)) + compressed(ISSUER)


def test_a_code_pays_once_and_a_card_pays_too(campus):
    async def story():
        async with campus() as made:
            await asyncio.to_thread(
                made.server.call, "PUT", "/api/params", {"code_issuers": KEY.hex()}
            )
            (number, _), (_, card) = made.card(), made.card()  # a phone has a number of its own
            place = made.fleet.add("pos", "第二食堂", "第二食堂", has_scanner=True)
            await made.fleet.ready()
            phone, panel = Phone(number, expiry_utc_s=int(time.time()) + 3600), place.terminal.panel
            text = phone.show(int(time.time()))
            assert await said(panel, text, place) == ["ok", "从账户扣款"]
            assert await said(panel, "HTTPS://EXAMPLE.ORG/", place) == ["error", "非本校卡"]
            await asyncio.sleep(1)  # the module tells the same code again only after a while
            assert await said(panel, text, place) == ["error", "二维码已用过"]
            assert await fleet.pay(place.terminal, card, 150) == fleet.ACCEPTED
            status = await made.uploaded(4)
            assert (status["accepted"], status["refused"], status["ledger_sum"]) == (2, 2, 0)
            assert place.terminal.stop()["heap_live_peak_bytes"] > 0

    asyncio.run(asyncio.wait_for(story(), 60))


# shows R14
def test_an_online_till_takes_no_more_than_the_account_has(campus):
    async def story():
        async with campus() as made:
            await asyncio.to_thread(
                made.server.call, "PUT", "/api/params", {"code_issuers": KEY.hex()}
            )
            number, _ = made.card(balance_fen=150)
            place = made.fleet.add("pos", "第二食堂", "第二食堂", has_scanner=True)
            await made.fleet.ready()
            phone, panel = Phone(number, expiry_utc_s=int(time.time()) + 3600), place.terminal.panel
            assert await said(panel, phone.show(int(time.time())), place) == ["ok", "从账户扣款"]
            await made.uploaded(1)
            text = phone.show(int(time.time()))
            assert await said(panel, text, place) == ["error", "余额不足"]
            await made.uploaded(2)

    asyncio.run(asyncio.wait_for(story(), 60))


async def said(panel, text, place):
    """Ask 1.00 yuan of whoever shows `text`. -> (beep, third row or first of a refusal)."""
    panel.press("100#")
    async with asyncio.timeout(60):
        await panel.screen("应付 1.00 元")
        beep = panel.beep()
        place.terminal.scanner.show(text)
        word = await beep
    panel_rows = [row for row in panel.rows if row]
    panel.press("*")
    return [word, panel_rows[2] if word == "ok" else panel_rows[0]]
