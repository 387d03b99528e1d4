"""A cashier's day, scripted: what a till's screen says from the morning to the shift's end.

The real core decides what is shown; tests/firmware/sheets.py draws it as MicroPython does.
"""

from card_layout import identity
from protocol import meals, messages, params, reasons
from tests.shared import campus

ZH = 0
CASHIER, TEACHER, STUDENT, POOR = 1, 2, 3, 4
SETTINGS = {
    "staff": 0, "cashier_zone": 3, "supervisor_zone": 4, "repeat_s": 60,
    "prices": bytes((0, 200, 1, 94, 2, 88, 4, 176)),
    "meals": meals.pack([(0x7F, 0, 1440, 800)]),
}  # fmt: skip


class Day:
    """said: [[language, screen, values]] so far."""

    def __init__(self):
        self.terminal = campus.terminal_on(campus.flash_of())
        self.terminal.params.apply(1, params.pack(SETTINGS))
        self.ms, self.online, self.said = 0, True, []
        kinds = {CASHIER: identity.STAFF, TEACHER: identity.STAFF}
        self.cards = {
            number: campus.Card(
                number, 150 if number == POOR else 5000, b"\x04\0\0" + bytes([number]),
                holder_kind=kinds.get(number, identity.STUDENT),
                zones=1 << 3 if number == CASHIER else 1,
            )
            for number in (CASHIER, TEACHER, STUDENT, POOR)
        }  # fmt: skip

    def now(self):
        self.ms += 1000
        utc_s = campus.NOON + self.ms // 1000
        if self.online or self.terminal.online:
            return campus.moment(self.terminal, utc_s, self.ms, self.online)
        return self.terminal.moment(utc_s, self.ms)

    def see(self, effects):
        for effect in effects:
            said = [ZH, effect[1], list(effect[2])]
            if effect[0] == "show" and said != (self.said or [None])[-1]:
                self.said.append(said)

    def idle(self, seconds=5):
        self.ms += seconds * 1000
        self.see(self.terminal.idle(self.now()))

    def keys(self, text):
        """Only the last screen of a row of keys is looked at."""
        for char in text:
            effects = self.terminal.key(char, self.now())
        self.see(effects)

    def tap(self, number, gone_at=None):
        card = self.cards[number]
        card.gone_at = gone_at
        self.see(campus.tap(self.terminal, card, self.now())[1])
        card.gone_at = None

    def judged(self, verdict, tries):
        """The server has looked at a PIN."""
        question = self.terminal.question()
        _, values, _ = messages.decode(question)
        answer = messages.encode(messages.PIN_STATE, (values.card, verdict, tries))
        self.see(self.terminal.answered(answer, self.now()))

    def window(self, version, **given):
        """Other parameters are pushed."""
        self.terminal.params.apply(version, params.pack(dict(SETTINGS, **given)))


def screens():
    """-> [[language, screen, values]] of the day, in its order."""
    day = Day()
    day.idle()
    day.tap(CASHIER)
    day.idle()
    day.keys("1250")
    day.keys("#")
    day.tap(STUDENT)
    for keys in ("A", "B", "6.5", "+", "#"):
        day.keys(keys)
    day.tap(STUDENT, gone_at=5)
    day.tap(STUDENT)
    day.keys("1200#")
    day.tap(STUDENT)
    day.keys("#*")
    day.keys("880#")
    day.tap(POOR)
    day.keys("*")
    day.keys("0#")
    day.tap(STUDENT)
    day.window(2, staff=1)
    day.keys("900#")
    day.tap(POOR)
    day.keys("*1250#")
    day.tap(TEACHER)
    day.window(3, pin_tap_fen=2000)
    day.keys("2500#")
    day.tap(TEACHER)
    day.keys("123")
    day.keys("456#")
    day.judged(reasons.PIN_WRONG, 2)
    day.keys("471108#")
    day.judged(reasons.OK, 3)
    day.tap(TEACHER)
    day.window(4, fixed_fen=800)
    day.idle()
    day.online = False
    day.tap(STUDENT)
    day.keys("*")
    day.window(5)
    day.keys("**")
    day.idle(7800)
    day.keys("350#")
    day.tap(TEACHER)
    day.online = True
    day.keys("*000#")
    day.tap(CASHIER)
    day.idle()
    return day.said


if __name__ == "__main__":
    for _, screen, values in screens():
        print(screen, values)
