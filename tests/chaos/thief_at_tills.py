"""Thieves with found cards at two tills with limits: what the bugs of the PIN are planted in.

The real cores: tills on flash models, byte-exact cards, the server's own store; the server is
killed between the two commits of a try, power and line fail, hands wander between amounts and
cards. What is true is counted here alone, from the cards and from what was keyed in:

 P1 what takes a card above a limit followed its own right PIN, keyed in at that till for that card
    and that amount, with nothing in between that ends a leave, and once;
 P2 between two right PINs of a holder no more than three others are looked at, by all tills.
"""

from protocol import messages, params, reasons
from protocol.states import TERMINAL
from sync_server.core.pins import Begun
from sync_server.store.store import Store
from terminal_sim.scenario import Prng
from tests.shared import campus
from tests.sync_server.house import WISH

TAP_FEN, DAY_FEN = 2000, 6000
LIMITS = {
    "pin_tap_fen": TAP_FEN, "pin_day_fen": DAY_FEN, "pin_wait_s": 20, "tap_limit_fen": 9000,
    "offline_taps_per_card": 255, "offline_fen_per_card": 1_000_000,
}  # fmt: skip
PINS = ("471108", "830264")  # of holders 1 and 2; cards 1 and 2 are the first one's, 3 the second's
HOLDERS = {1: 0, 2: 0, 3: 1}
WRONG = ("000001", "999998", "123450", "830264")
START_FEN = 300_000
PHASE = 25  # steps of somebody who knows the PINs, or of one who does not


class Broken(Exception):
    """P1 or P2 is."""


class Thieves:
    """`run` some steps. Broken says what was wrong."""

    def __init__(self, folder, seed):
        self._dice = Prng(seed)
        self.store = Store(f"sqlite:///{folder / f'{seed}.db'}")
        connection = self.store.db.conn
        connection.execute("PRAGMA synchronous=OFF")  # no power cut of the server is played here
        for number in (1, 2):
            connection.execute(
                "INSERT INTO holder (number, kind, name, department, valid_until, made_utc_s)"
                " VALUES (?, 2, 'n', '', 20000, 1)",
                (str(number),),
            )
        self.store.cards.issue(
            [WISH | {"uid": f"5a00000{n}", "holder": str(1 + HOLDERS[n])} for n in HOLDERS], 1
        )
        for holder, pin in enumerate(PINS, 1):
            self.store.pins.put(holder, pin, "test", 1)  # looked at by comparing: argon2id is slow
        self.cards = {
            n: campus.Card(n, START_FEN, b"\x5a\0\0" + bytes([n])) for n in HOLDERS
        }  # fmt: skip
        self._ms = 0
        self._tills = [self._boot(campus.flash_of()) for _ in range(2)]
        self._spent = {}  # (till, card) -> fen of the day
        self._leave = {}  # till -> (card, fen, until ms)
        self._knows = True
        self._looked = [0, 0]  # PINs of each holder since a right one

    def _boot(self, flash):
        terminal = campus.terminal_on(flash)
        assert terminal.params.apply(1, params.pack(LIMITS)) in (1, 2)
        return terminal

    def run(self, steps):
        """So many things happen."""
        acts = (
            self._tap, self._tap, self._tap, self._type, self._type, self._wander, self._wait,
            self._fail,
        )  # fmt: skip
        for step in range(steps):
            if step % PHASE == 0:
                self._knows = self._dice.below(3) > 0
            acts[self._dice.below(len(acts))](self._dice.below(2))
        self.store.close()

    def _now(self, which, online=True):
        terminal = self._tills[which]
        utc_s = campus.NOON + self._ms // 1000
        if terminal.online != online:
            return campus.moment(terminal, utc_s, self._ms, online)
        return terminal.moment(utc_s, self._ms)

    def _press(self, which, keys):
        for char in keys:
            self._tills[which].key(char, self._now(which))
            self._ask(which)

    def _ask(self, which):
        terminal = self._tills[which]
        body = terminal.question()
        if body is None:
            return
        is_lost = self._dice.below(8) == 0
        answer = self._server(which, body)
        terminal.answered(None if is_lost else answer, self._now(which))
        if is_lost:
            self._leave.pop(which, None)

    def _server(self, which, body):
        """As gateway.pin_tries: counted, looked at, kept; killed in between now and then."""
        _, values, digits = messages.decode(body, TERMINAL)
        pin, holder, utc_s = digits.decode(), HOLDERS[values.card], 1 + self._ms // 1000
        found = self.store.pins.begin(
            values.card, which + 1, values.serial, values.amount_fen, utc_s
        )
        if isinstance(found, Begun):
            is_right = found.hashed == pin
            self._looked[holder] += 1
            if self._looked[holder] > 3:
                raise Broken(f"P2: {self._looked[holder]} PINs of holder {holder + 1} looked at")
            if self._dice.below(6) == 0:
                return None  # killed
            found = self.store.pins.end(found.number, is_right, utc_s)
        if found is None:
            return messages.encode(messages.PROBLEM, (messages.NOT_NOW,))
        if found.reason == reasons.OK and pin == PINS[holder]:
            self._looked[holder] = 0
            self._leave[which] = (values.card, values.amount_fen, self._ms + 20_000)
        elif found.reason == reasons.PIN_LOCKED and self._dice.below(2):
            self.store.pins.unlock(1 + holder, utc_s, False)  # the holder was at the desk
            self._looked[holder] = 0
        return messages.encode(messages.PIN_STATE, (values.card, *found))

    # what happens

    def _tap(self, which):
        """Some amount, or the one that stands there; some card."""
        pin = self._tills[which].kind.pin
        number = pin.card if pin and self._dice.below(2) else 1 + self._dice.below(3)
        if self._dice.below(2):
            fen = (500, 1999, 2000, 2001, 2500, 3000)[self._dice.below(6)]
            self._press(which, f"**{fen}#")
            self._leave.pop(which, None)
        self._present(which, number, self._dice.below(6) > 0)

    def _type(self, which):
        """Somebody keys a PIN in, and the card may still be there."""
        terminal = self._tills[which]
        if terminal.kind.pin is None:
            self._press(which, "**2500#")
            self._leave.pop(which, None)
            self._present(which, 1 + self._dice.below(3), True)
        card = terminal.kind.pin.card if terminal.kind.pin else 1
        is_right = self._knows and self._dice.below(4)
        digits = PINS[HOLDERS[card]] if is_right else WRONG[self._dice.below(len(WRONG))]
        self._press(which, digits + "#")
        if self._dice.below(2):
            self._present(which, card if self._dice.below(4) else 1 + self._dice.below(3), True)

    def _wander(self, which):
        """Keys that mean other things at other times."""
        self._press(which, ("*", "#", "12", "3#", "+", "0#")[self._dice.below(6)])

    def _wait(self, which):
        self._ms += (1000, 7000, 21_000)[self._dice.below(3)]
        for one in (0, 1):
            self._tills[one].turn(self._now(one))
            self._tills[one].idle(self._now(one))

    def _fail(self, which):
        """Power: what was keyed in and what was said is gone."""
        self._leave.pop(which, None)
        self._tills[which] = self._boot(self._tills[which]._flash)

    def _present(self, which, number, online):
        card, terminal = self.cards[number], self._tills[which]
        before = card.purse().balance_fen
        campus.tap(terminal, card, self._now(which, online))
        taken = before - card.purse().balance_fen
        if taken > 0:
            self._was_allowed(which, number, taken)

    def _was_allowed(self, which, number, taken):
        key = (which, number)
        self._spent[key] = self._spent.get(key, 0) + taken
        if taken > TAP_FEN or self._spent[key] > DAY_FEN:
            card, fen, until_ms = self._leave.get(which, (0, 0, 0))
            if (card, fen) != (number, taken) or self._ms >= until_ms:
                raise Broken(f"P1: card {number} paid {taken} at till {which}, {self._spent[key]}")
        if self._leave.get(which, (0,))[0] == number:
            del self._leave[which]
