"""CPU cards and codes at a window: whole taps in the chip's time; machine code by the book."""

import pytest

from card_layout.des import Des
from hil_tests.emulated import branch
from hil_tests.emulated.three import CPU, PHONE, Three, taps
from terminal_sim.demo_card import student_cpu
from tests.shared import test_field

BARS_MS = {"cpu": 300, "code": 400}  # of a tap, the first since power-on too
OPENS_S = 2  # from the server to the first customer
EDGES = 6
STEPS = """
from card_layout import p256, points, field as book
from card_layout.native import field as chip, inverse
cases = {cases}
wrong = 0
for a in {edges}:
    for b in {edges}:
        told = []
        for form in (book, chip):
            f = form.Field(9)
            f.set(0, a)
            f.set(1, b)
            f.play(form.program(*cases))
            told.append([f.get(at) for at in range(9)])
        wrong += told[0] != told[1]
    for m in (book.P, p256.ORDER):
        if a % m:
            wrong += inverse.invert(a % m, m) * a % m != 1
print("wrong", wrong, points.Field is chip.Field)
"""
DES = """
from card_layout import des, des_rounds
from card_layout.native import des as chip
wrong = 0
for turn in range(6):
    key, block = bytes(range(turn, turn + 8)), bytes([turn * at * 37 & 255 for at in range(8)])
    wrong += chip.schedule(key) != des_rounds.schedule(key)
    for is_back in (False, True):
        keys = chip.schedule(key)
        wrong += chip.cipher(block, keys, is_back) != des_rounds.cipher(block, keys, is_back)
print("wrong", wrong, des.cipher is chip.cipher, des.Des({key!r}).encrypt({block!r}) == {sealed!r})
"""


def pay_by_cpu(window):
    """At the window of all tests: it costs no start of its own."""
    window.cards[CPU] = student_cpu(b"\x04\x5a\x01\x02\x03\x04\x05", window._masters, 9000, CPU)
    took_ms = window.present(CPU) / 1e6
    window.settle()
    return took_ms, window.panel.beeps[-1][1], window.booked_fen(CPU)


def start_and_pay(window):
    window.ready()
    window.board.run(OPENS_S)
    took = taps(window, ("cpu", "code"))
    window.settle()
    booked = [window.booked_fen(card) for card in (CPU, PHONE)]
    return took, booked, window.panel.beeps, window.memory.grey(), window.scanner.ear.noise


def test_a_cpu_card_pays(on):
    took_ms, word, booked_fen = on((pay_by_cpu,))[0]
    print(f"\nthe first CPU card since power-on: {took_ms:.1f} ms")
    assert (word, booked_fen) == ("ok", 1250)
    assert took_ms <= BARS_MS["cpu"]


def test_machine_code_says_what_integers_say(told):
    steps = told(STEPS.format(cases=test_field.STEPS, edges=test_field.EDGES[:EDGES]))
    key, block = bytes(range(16)), b"campus!!"
    des = told(DES.format(key=key, block=block, sealed=Des(key).encrypt(block)))
    assert steps == "wrong 0 True"
    assert des == "wrong 0 True True"


@pytest.mark.long
def test_taps_within_their_bars(emulated):
    took, booked, beeps, grey, noise = branch.of(start_and_pay, Three())
    print("".join(f"\n{name}: {[round(ms, 1) for ms in took[name]]} ms" for name in took))
    assert [word for _, word in beeps] == ["ok"] * 4
    assert booked == [640, 640]
    assert grey == noise == 0
    for name, bar_ms in BARS_MS.items():
        assert max(took[name]) <= bar_ms
