"""The people of a small campus, and what they do at noon: the workload of `campus run`.

Deterministic from a seed. It invents holders with their cards and a noon of taps; it starts
nothing and issues nothing. Shapes are fitted to published records of real campuses: amounts are
the sixteenths of 20,320 canteen and 3,252 shop payments of 1 to 30 yuan, one payment in seven is a
shop's, and arrivals are the shares of the quarter hours around noon in the same records, widened
so that the peak is 11:30 to 12:30.
"""

from __future__ import annotations

from typing import NamedTuple

from terminal_sim.prng import Prng

STAFF, STUDENT, TEMPORARY = 1, 2, 3

# Quantiles 0/16 .. 16/16 in fen: between two of them amounts are taken as even.
MEAL_FEN = (
    100, 133, 150, 180, 203, 250, 300, 320, 377, 420, 450, 480, 520, 580, 700, 860, 3000,
)  # fmt: skip
SHOP_FEN = (
    100, 200, 280, 350, 400, 430, 500, 600, 670, 780, 900, 1050, 1210, 1460, 1820, 2560, 3000,
)  # fmt: skip
# Share of the noon's arrivals in each quarter of an hour from 11:00, in thousandths.
ARRIVALS = (70, 105, 150, 175, 190, 165, 90, 55)
NOON_START_S = 11 * 3600
QUARTER_S = 900

_FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗"
_GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华文玉建国志红"


class Holder(NamedTuple):
    """A person and the card to be issued to them. uid 4 or 7 bytes; balance in fen."""

    name: str
    kind: int
    uid: bytes
    balance_fen: int
    may_pass: bool
    is_expired: bool


class Act(NamedTuple):
    """One thing that happens. what: "pay", "pass", "report"; at_s: seconds after local midnight."""

    at_s: int
    what: str
    holder: int  # index of the holder
    amount_fen: int


def holders(seed: int, count: int) -> list[Holder]:
    """`count` people: 84 % students, 12 % staff, 4 % temporary; some poor, few expired."""
    draw = Prng(seed).fork(1)
    return [_holder(draw, index) for index in range(count)]


def noon(seed: int, count: int, taps: int, lost: int = 2) -> list[Act]:
    """A noon of `taps` taps of `count` holders in order of time; `lost` cards are reported lost.

    A card reported lost is tried again afterwards by whoever found it. One pass in four goes
    through the gate.
    """
    draw = Prng(seed).fork(2)
    acts = [_act(draw, count) for _ in range(taps)]
    for _ in range(lost):
        holder = draw.below(count)
        reported_s = NOON_START_S + draw.between(3, 5) * QUARTER_S
        found_s = reported_s + draw.between(60, 2 * QUARTER_S)
        acts.append(Act(reported_s, "report", holder, 0))
        acts.append(Act(found_s, "pay", holder, _amount_fen(draw)))
    return sorted(acts, key=lambda act: act.at_s)


def _holder(draw: Prng, index: int) -> Holder:
    share = draw.below(100)
    kind = STUDENT if share < 84 else STAFF if share < 96 else TEMPORARY
    name = draw.pick(_FAMILY) + draw.pick(_GIVEN) + (draw.pick(_GIVEN) if draw.chance(2, 3) else "")
    long_uid = draw.chance(1, 5)
    uid = b"\x04" + index.to_bytes(4, "big") + draw.bytes(2)
    if not long_uid:  # 08 would be a random UID and 88 a cascade tag: neither is a card's own
        uid = b"\x5a" + index.to_bytes(3, "big")
    poor = draw.chance(1, 40)
    balance_fen = draw.between(0, 300) if poor else draw.between(2_000, 30_000)
    return Holder(name, kind, uid, balance_fen, draw.chance(19, 20), draw.chance(1, 60))


def _act(draw: Prng, count: int) -> Act:
    share = draw.below(sum(ARRIVALS))
    quarter = 0
    while share >= ARRIVALS[quarter]:
        share -= ARRIVALS[quarter]
        quarter += 1
    at_s = NOON_START_S + quarter * QUARTER_S + draw.below(QUARTER_S)
    holder = draw.below(count)
    if draw.chance(1, 4):
        return Act(at_s, "pass", holder, 0)
    return Act(at_s, "pay", holder, _amount_fen(draw))


def _amount_fen(draw: Prng) -> int:
    quantiles = SHOP_FEN if draw.chance(1, 7) else MEAL_FEN
    part = draw.below(len(quantiles) - 1)
    return draw.between(quantiles[part], quantiles[part + 1])
