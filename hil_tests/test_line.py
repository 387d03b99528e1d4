"""A till on RS-485 at 115,200 baud, polled by `campus serve --serial`: torn cards, power cuts.

The seed draws amounts, cards, who pulls its card away when, and the flash commands at which power
fails. Cashier and customers do what the screen tells them. Afterwards what the cards have lost,
what the screens have said and what the database holds are the same, to the fen.
"""

import random
from collections import Counter

import pytest

from card_layout import keys, purse_m1
from hil_tests.emulated import branch, factory
from hil_tests.emulated.canteen import CONFIG
from hil_tests.emulated.polled import LATE_MS, PolledLine
from hil_tests.emulated.till import Till, issue
from hil_tests.test_purchase import TAP_MS
from protocol import keypage, record
from protocol.aes import Aes
from terminal_sim.server import ServerProcess
from terminal_sim.tearing import SHAPES

SEED = 485
TAPS = 200
CUTS = 3
CARDS = 20
FEN = 20_000
BAUD = 115_200
TORN_ONE_IN = 8
COMMANDS = 9  # of a card in a purchase, more or less
CHANGES = 2  # flash commands of a purchase: intent, confirmation
TRIES = 6
MEETS_S = 5
WIRES = {"tx": 4, "rx": 5, "baud": BAUD, "enable": 6, "half_duplex": True}
SETTLE_S = 60


class Noon:
    """So many sales, one after the other. paid: (card, fen) of those that the screen called paid;
    took_ms: of the taps that paid at once; told: (sale, card, fen, beep, rows) of every look at the
    screen."""

    def __init__(self, till, cards, taps, cuts, seed=SEED):
        self.till = till
        self.cards = cards
        self.paid = []
        self.took_ms = []
        self.told = []
        self.tears = self.cuts = 0
        self._draw = random.Random(seed)
        self._left = taps
        self._cut_at = set(self._draw.sample(range(2, taps), cuts))
        self._last_fen = 0

    def play(self):
        """All of them."""
        for sale in range(self._left):
            number = self._draw.choice(sorted(self.cards))
            fen = self._draw.randrange(100, 990)
            fen += fen == self._last_fen  # a cashier tells two sales by their amount
            self._last_fen = fen
            self._sell(number, fen, sale in self._cut_at)
            self.paid.append((number, fen))
            self.till.rest()

    def _sell(self, number, fen, is_cut):
        """One sale, until the screen calls it paid."""
        card, till, draw = self.cards[number], self.till, self._draw
        till.enter(fen)
        if is_cut:
            till.board.flash.cut(draw.randint(1, CHANGES), draw.choice((None, draw.random())))
        elif not draw.randrange(TORN_ONE_IN):
            noise = draw.randbytes(16)
            card.tear_after(draw.randrange(1, COMMANDS), draw.choice(sorted(SHAPES)), noise)
        was_cut = False
        for attempt in range(TRIES):
            word, took_ms = till.present(card)
            self._note(number, fen, word)
            if till.board.flash.is_off:
                is_cut, was_cut = False, True
                if self._comes_back(number, fen):
                    return
            elif word == "ok":
                assert till.panel.face.shows(f"{fen / 100:.2f} 元"), till.panel.face.rows
                if not attempt:
                    self.took_ms.append(took_ms)
                card.tear_after(None)
                assert not is_cut, "power did not fail"
                return
            elif self._was_paid(fen):
                if was_cut:  # the cashier entered it again all the same
                    return
                till.once_more(fen)  # that was another sale of as much to this card
            elif till.panel.face.shows("请联网后再用"):  # its clock is not set yet
                till.board.run(MEETS_S)
            else:
                self.tears += 1
                till.rest()
        raise AssertionError(f"not paid after {TRIES} tries: {till.panel.face.rows}")

    def _comes_back(self, number, fen):
        """Power is there again. -> True if the screen says that this sale is paid."""
        till = self.till
        self.cuts += 1
        till.power_off()
        till.power_on()
        till.ready(("断电前", "请把卡放回", "请刷卡"))
        self._note(number, fen, "power")
        if self._was_paid(fen):
            return True
        if not till.panel.face.shows("请把卡放回"):
            till.enter(fen)
        return False

    def _note(self, number, fen, word):
        self.told.append((len(self.paid), number, fen, word, list(self.till.panel.face.rows)))

    def _was_paid(self, fen):
        """Does the screen say that power failed when this sale was paid? It may tell when."""
        what, how_much = self.till.panel.face.rows[:2]
        return what == "断电前已支付" and how_much.startswith(f"{fen / 100:.2f} 元")


def balance_fen(card, key):
    """What the card says that it holds."""
    mac = keys.card_mac(Aes(key).ecb, card.uid)
    return purse_m1.choose(card.block(5), card.block(6), card.uid, mac)[0].balance_fen


def noon(folder, taps, cuts):
    """-> what the cards, the screens and the server say of it."""
    line = PolledLine()
    more = ("--serial", f"{line.path}@{BAUD}+{LATE_MS}")
    server = ServerProcess(folder, more=more)
    server.start()
    try:
        number, page = server.enrol("pos", "window 1", "canteen")
        cards = issue(server, CARDS, FEN)
        till = Till(factory.make(page, CONFIG | {"link": WIRES}), line.plug)
        till.ready()
        played = Noon(till, cards, taps, cuts)
        played.play()
        sold_fen = sum(fen for _, fen in played.paid)
        for _ in range(SETTLE_S):
            till.board.run(1)
            ledger = server.call("GET", "/api/ledger")
            if [place["amount_fen"] for place in ledger["places"]] == [sold_fen]:
                break
        mac_key = keypage.unpack(page).purse
        return {
            "paid": played.paid, "took_ms": sorted(played.took_ms), "tears": played.tears,
            "cuts": played.cuts, "told": played.told, "records": server.records(number),
            "ledger": ledger,
            "taken": {n: FEN - balance_fen(card, mac_key) for n, card in cards.items()},
            "polls": (line.polls, line.unanswered), "damaged": len(line.damaged),
            "minutes": (till.lived_ns + till.board.now_ns) / 60e9,
            "noise": (line.link.ear.noise, line.link.mute, line.link.clashes),
            "lost": [uart.lost for uart in till.board.uarts],
        }  # fmt: skip
    finally:
        server.stop()
        line.close()


def judge(found):
    """Nothing is lost and nothing is there twice, whoever is asked."""
    paid = Counter()
    for number, fen in found["paid"]:
        paid[number] += fen
    in_database, sales = Counter(), []
    for _, kind, outcome, _, _, card, fen in found["records"]:
        assert outcome != record.INTENT  # no grey is left
        if kind == record.PURCHASE and outcome == record.DONE:
            in_database[card] += fen
            sales.append((card, fen))
    lost = Counter(found["paid"]) - Counter(sales)
    doubled = Counter(sales) - Counter(found["paid"])
    wrong = {sale[0] for sale in found["told"] if sale[1:3] in {*lost, *doubled}}
    story = [sale for sale in found["told"] if wrong & {sale[0] - 1, sale[0], sale[0] + 1}]
    assert not lost and not doubled, (lost, doubled, story, found["records"])
    assert in_database == paid == Counter({n: fen for n, fen in found["taken"].items() if fen})
    assert found["ledger"]["sum"] == 0
    (place,) = found["ledger"]["places"]
    assert (place["amount_fen"], place["count"]) == (sum(paid.values()), len(sales))
    assert found["noise"] == (0, 0, 0) and found["lost"] == [0, 0]


def tell(found):
    """The figures of a run."""
    took_ms = found["took_ms"]
    middle, p99 = took_ms[len(took_ms) // 2], took_ms[len(took_ms) * 99 // 100]
    print(
        f"\n{len(found['paid'])} sales on RS-485 at {BAUD} baud: 0 lost, 0 doubled; "
        f"{found['tears']} cards torn, {found['cuts']} power cuts; whole tap in the chip's time: "
        f"median {middle:.1f} ms, p99 {p99:.1f} ms, slowest {took_ms[-1]:.1f} ms; "
        f"{found['minutes']:.1f} minutes of it; polls, unanswered: {found['polls']}; "
        f"{found['damaged']} frames damaged"
    )
    return middle


# shows R28
@pytest.mark.long
def test_two_hundred_taps(emulated, tmp_path):
    found = branch.of(noon, tmp_path, TAPS, CUTS)
    judge(found)
    assert len(found["paid"]) == TAPS and found["cuts"] == CUTS and found["tears"] >= TAPS / 20
    assert tell(found) <= TAP_MS
