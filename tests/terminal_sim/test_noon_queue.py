"""One till at noon: fifteen taps a minute for an hour, and the network away for twenty minutes.

The real firmware core and the real store on a virtual clock. Hands take the time that hands take
(below), the till its 150 ms a tap. Who tears a card puts it back; who is poor goes away; a cashier
adds dishes, cancels, is asked about what was paid already. At the end the till's summary, the
server's ledger and what is gone from the cards are one number.
"""

import pytest

from firmware.core import layout
from protocol import record
from terminal_sim.people import MEAL_FEN
from terminal_sim.pocket import Issuer, Pocket
from terminal_sim.prng import Prng
from tests.shared import campus
from tests.sync_server.house import START_FEN, WISH, House

TAPS, EVERY_MS = 900, 4000
HOLDERS, PHONES = 420, 8
POOR, POOR_FEN = 11, 150
CASHIER = HOLDERS
CUT_MS = 20 * 60_000, 40 * 60_000  # the network is away
KEY_MS, REACH_MS, TAKE_MS, BACK_MS, CODE_MS, TAP_MS = 280, 900, 350, 1500, 1600, 150
PRICES = (200, 350, 600, 1200)  # A to D
# what a noon like this shows: if one is missing, the noon was too easy
SCREENS = {
    "no_shift", "shift_begins", "shift_end", "shift_ended", "idle_online", "idle_offline",
    "amount", "dish", "dishes", "ready", "paid", "paid_offline", "paid_account",
    "paid_account_offline", "put_back", "unpaid", "too_low", "repeated", "cancel", "cancelled",
}  # fmt: skip


class Noon:
    """The till of a House, its queue, and the clock on the wall."""

    def __init__(self, house, seed):
        self.house, self.terminal = house, house.terminals[1]
        self.dice = Prng(seed)
        self.ms = self.free_ms = 0
        self.waits_ms = []
        self.screens = set()
        self.said = None
        self.phone_fen = 0
        self.tears = 0
        issuer = Issuer(seed)
        house.store.terminals.set_params(None, {
            "cashier_zone": 3, "repeat_s": 60, "code_issuers": issuer.parameter,
            "prices": b"".join(fen.to_bytes(2, "big") for fen in PRICES),
        })  # fmt: skip
        last = campus.NOON + 86400
        self.phones = [
            Pocket(HOLDERS - 1 - n, (9, 5000, 50_000), issuer, last) for n in range(PHONES)
        ]
        house.sync(1)
        house.now = lambda number: self.now()
        self.terminal.told_time(campus.NOON + 60, self.now())

    def now(self):
        """The till's moment; the line is there or not, as the clock says."""
        terminal, utc_s = self.terminal, campus.NOON + 60 + self.ms // 1000
        self.house.utc_s, ticks_ms = utc_s, 60_000 + self.ms
        now = terminal.moment(utc_s, ticks_ms)
        away = CUT_MS[0] <= self.ms < CUT_MS[1]
        if terminal.online and away:
            terminal.on_close(now)
        elif not terminal.online and not away:
            terminal.on_open(now)
            terminal.told_time(utc_s, now)
            terminal.list_checked(utc_s, now)
        return terminal.moment(utc_s, ticks_ms)

    def see(self, effects):
        """What the screen says from now on."""
        for effect in effects:
            if effect[0] == "show":
                self.said = effect[1:]
                self.screens.add(effect[1])

    def press(self, keys):
        for char in keys:
            self.ms += KEY_MS
            self.see(self.terminal.key(char, self.now()))

    def present(self, card=None, found=None):
        """A card, or a code, is held there and taken away."""
        self.ms += REACH_MS if card else CODE_MS
        now = self.now()
        _, effects = campus.tap(self.terminal, card, now, found)
        self.ms += TAP_MS
        self.see(effects)
        self.ms += TAKE_MS

    def bill(self):
        """-> the keys of one person's meal."""
        at = self.dice.below(16)
        fen = self.dice.between(MEAL_FEN[at], MEAL_FEN[at + 1])
        return self.dice.pick(
            (f"{fen}#", f"{fen}#", f"{fen // 2}+{fen - fen // 2}#", "AB#", "A+C#")
        )

    def serve(self, arrived_ms):
        """One person."""
        self.ms = max(self.free_ms, arrived_ms)
        if self.ms == arrived_ms:
            self.see(self.terminal.idle(self.now()))
        self.waits_ms.append(self.ms - arrived_ms)
        self.press(self.bill())
        if self.dice.chance(1, 50):
            self.by_code()
        else:
            self.by_card()
        self.free_ms = self.ms
        if self.terminal.online:
            self.house.sync(1)

    def by_code(self):
        phone = self.dice.pick(self.phones)
        fen = self.terminal.kind.armed_fen
        self.present(found=("code", phone.show(self.house.utc_s).decode()))
        if self.said[0].startswith("paid_account"):
            self.phone_fen += fen
        self.press("*")

    def by_card(self):
        number = self.dice.between(1, HOLDERS - PHONES - 1)
        if self.dice.chance(1, 60):
            number = HOLDERS + self.dice.between(1, POOR)
        card = self.house.cards[number]
        if self.dice.chance(1, 20):
            self.tears += 1
            card.gone_at, card.written = self.dice.between(1, 6), self.dice.chance(1, 2)
        self.present(card)
        card.gone_at = None
        while self.said[0] == "put_back" or self.said[1][:1] == (15,):  # torn; left too early
            self.ms += BACK_MS
            self.present(card)
        if self.dice.chance(1, 40) and self.said[0].startswith("paid"):
            again = f"{self.said[1][0]}#"
            self.press(again)  # a slip of the cashier
            self.present(card)
        elif self.dice.chance(1, 60) and self.said[0].startswith("paid"):
            self.press("0#")
            self.present(card)
        self.press("*")


@pytest.mark.parametrize("seed", [1, 2])
def test_an_hour_of_fifteen_taps_a_minute(tmp_path, seed):
    house = House(tmp_path, terminals=1, cards=HOLDERS, laid=layout.make(1, 16))
    cashier = house.cards[CASHIER]
    house.cards[CASHIER] = campus.Card(CASHIER, START_FEN, cashier.uid, zones=1 << 3)
    poor = [WISH | {"uid": f"5b{n:06x}", "balance_fen": POOR_FEN} for n in range(POOR)]
    for number, wish in zip(house.store.cards.issue(poor, 1), poor, strict=True):
        house.cards[number] = campus.Card(number, POOR_FEN, bytes.fromhex(wish["uid"]))
    noon = Noon(house, seed)
    noon.see(noon.terminal.idle(noon.now()))
    noon.present(house.cards[CASHIER])
    for person in range(TAPS):
        noon.serve(person * EVERY_MS)
    assert noon.ms < TAPS * EVERY_MS + 15_000, "the queue has grown"
    assert max(noon.waits_ms) < 60_000, "somebody waited a minute"
    noon.press("000#")
    noon.present(house.cards[CASHIER])
    screen, (sales, sold_fen, back_fen) = noon.said
    assert screen == "shift_ended"
    house.sync(1)
    assert noon.screens >= SCREENS, SCREENS - noon.screens
    truth_fen = noon.phone_fen + sum(
        (POOR_FEN if number > HOLDERS else START_FEN) - card.purse().balance_fen
        for number, card in house.cards.items()
    )
    shift = house.store.shifts.of(1, 1)[0]
    assert sold_fen - back_fen == truth_fen == house.balances()["merchant", "m0"]
    assert (shift["sales"], shift["difference_fen"], shift["grey"]) == (sales, 0, 0)
    assert house.store.records.counts()["grey"] == house.store.records.counts()["quarantined"] == 0
    assert noon.tears > 30 and sales > 800
    offline = house.store.db.one(
        "SELECT count(*) FROM record WHERE type = ? AND flags & 1 = 0", record.PURCHASE
    )
    assert offline > 200
    house.store.close()
