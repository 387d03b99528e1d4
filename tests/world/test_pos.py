"""A cashier's day at a real till with all that it may have: shift, staff window, scanner, display.

The scanner babbles all the while and the display is unplugged in the middle: neither stops a sale.
"""

import asyncio
import random

from protocol import meals
from terminal_sim import fleet
from terminal_sim.mifare import MifareClassic

TILL = {
    "staff": 1, "cashier_zone": 3, "repeat_s": 60, "prices": "00c8012c",
    "meals": meals.pack([(0x7F, 0, 1440, 800)]).hex(),
}  # fmt: skip


def test_a_day_at_the_staff_window(campus):
    async def story():
        async with campus() as made:
            place = made.fleet.add(
                "pos", "教工餐厅", "教工餐厅", has_scanner=True, display="ili9341"
            )  # fmt: skip
            till, panel = place.terminal, place.terminal.panel
            await made.fleet.ready()
            path = f"/api/terminals/{place.number}"
            await asyncio.to_thread(made.server.call, "PUT", path + "/params", TILL)
            cashier, teacher = staff(made, zones=9), staff(made, zones=1)
            _, student = made.card()
            async with asyncio.timeout(10):
                await panel.screen("未上班")
            babble = asyncio.create_task(babbling(till.scanner))
            assert await fleet.present(till, cashier) == fleet.ACCEPTED
            assert panel.shows("已上班")
            assert await fleet.pay(till, student, 900) == fleet.REFUSED
            assert panel.shows("此类人员不可用") and panel.shows("待付 9.00 元")
            panel.press("*650+AB#")
            async with asyncio.timeout(10):
                await panel.screen("应付 11.50 元")
            assert await fleet.present(till, teacher) == fleet.ACCEPTED
            assert panel.rows == ["支付成功", "补贴 8.00 元", "卡付 3.50 元", "余额 46.50 元"]
            till.display.close()  # unplugged: a till sells without it
            assert await fleet.pay(till, teacher, 1150) == fleet.TORN  # the cashier is asked
            assert panel.shows("刚刚已支付")
            panel.press("#")
            async with asyncio.timeout(10):
                await panel.screen("应付 11.50 元")
            assert await fleet.present(till, teacher) == fleet.ACCEPTED
            assert panel.shows("余额 35.00 元")  # one subsidised meal
            beeps = panel.beeps
            panel.press("*000#")
            async with asyncio.timeout(10):
                await panel.screen("请收银员刷卡")
                while panel.beeps == beeps:  # the question's own
                    await asyncio.sleep(0.05)
            assert await fleet.present(till, cashier) == fleet.ACCEPTED
            assert panel.rows == ["已交班", "共 2 笔", "收款 15.00 元", "退款 0.00 元"]
            await made.uploaded(6)
            (shift,) = (await asyncio.to_thread(made.server.call, "GET", path + "/shifts"))[
                "shifts"
            ]
            assert (shift["sales"], shift["sold_fen"], shift["subsidy_fen"]) == (2, 1500, 800)
            assert shift["till"] == {"sold_fen": 1500, "back_fen": 0}
            assert shift["difference_fen"] == 0
            ledger = await asyncio.to_thread(made.server.call, "GET", "/api/ledger")
            balances = {(a["type"], a["key"]): a["balance_fen"] for a in ledger["accounts"]}
            assert balances["merchant", "教工餐厅"] == 2300
            assert balances["subsidy", ""] == -800 and ledger["sum"] == 0
            assert till.stop()["reader_faults"] == 0
            babble.cancel()

    asyncio.run(asyncio.wait_for(story(), 90))


def staff(made, zones):
    """A member of staff's card with 50 yuan."""
    made._issued += 1
    uid = b"\x5a" + made._issued.to_bytes(3, "big")
    wish = {
        "holder_kind": 1, "name": "staff", "uid": uid.hex(), "valid_until": "2037-12-31",
        "zones": zones, "balance_fen": 5000,
    }  # fmt: skip
    return MifareClassic(uid, made.server.issue([wish])[0][1])


async def babbling(scanner):
    """Noise without an end of a line, as a module with a broken wire gives it."""
    dice = random.Random(3)
    while scanner._fd >= 0:  # until the till is gone
        scanner.say(bytes(dice.randrange(256) for _ in range(64)).replace(b"\r", b" "))
        await asyncio.sleep(0.05)
