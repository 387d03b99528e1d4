"""What is done with one card: issued, read, taken back. States and what can go wrong: docs/desk.md.

Every step can be done again without harm: the server knows a chip that was begun, and the chip
tells by its keys whether it is blank or issued. So a card or a reader that goes in the middle is
waited for, and the work begins anew where the card stands.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any, NamedTuple

from tools.desk import cpu, mifare
from tools.desk.chips import CPU, ISSUED, MIFARE, SPOILED, Chip, Made, Reader
from tools.desk.faults import Fault, Gone
from tools.desk.office import Conflict, Office

CHIPS: dict[str, ModuleType] = {MIFARE: mifare, CPU: cpu}
NAMES = {MIFARE: "MIFARE Classic", CPU: "CPU"}

# steps of an issue, each with what is said of a card that leaves in it
LOOK, WRITE, CLOSE, VERIFY = "look", "write", "close", "verify"
LEFT = {LOOK: "left", WRITE: "left_blank", CLOSE: "left_unsure", VERIFY: "left_issued"}
STEPS = (LOOK, WRITE, CLOSE, VERIFY)
_LOOK_AGAIN_S = 0.05
_AWAY = ("no_reader", "no_service", "no_pn532")  # pulled out, or started anew: may come back
_TIMES_MAX = 10
DESK = 0xFFFF  # whom a card names that the desk loaded (docs/desk.md)

Tell = Callable[[str], None]


class Desk(NamedTuple):
    """wait_s: for a card to be laid down. patience_s: for one that left in the middle."""

    reader: Reader
    office: Office
    wait_s: float
    patience_s: float


def find(desk: Desk, last: Chip | None = None, wanted: Chip | None = None) -> Chip:
    """The next card: another one than `last`, or that one put down anew. Fault no_card; with
    `wanted` other_card."""
    wait_s = desk.wait_s if wanted is None else desk.patience_s
    end_s = time.monotonic() + wait_s
    while True:  # ends with a card, or when the time is over
        try:
            chip = desk.reader.look()
        except Gone:
            chip = None
        except Fault as fault:
            if wanted is None or fault.name not in _AWAY:
                raise
            chip = None
        if chip is None:
            last = None
        elif wanted is not None and chip != wanted:
            raise Fault("other_card", uid=chip.uid.hex(), wanted=wanted.uid.hex())
        elif chip != last:
            return chip
        if time.monotonic() >= end_s:
            raise Fault("no_card", seconds=round(wait_s))
        time.sleep(_LOOK_AGAIN_S)


def issue(desk: Desk, chip: Chip, wish: dict[str, Any], tell: Tell = lambda step: None) -> Made:
    """A chip into a card, or the rest of it. Faults."""
    made: list[Made] = []
    for _ in range(_TIMES_MAX):
        at = [LOOK]

        def reached(step: str, at: list[str] = at) -> None:
            at[0] = step
            tell(step)

        try:
            return _issue(desk, chip, wish, made, reached)
        except Gone:
            left = _left(chip, at[0], made)
        try:
            find(desk, wanted=chip)
        except Fault as fault:
            raise left if fault.name == "no_card" else fault from None
    raise left


def _left(chip: Chip, step: str, made: list[Made]) -> Fault:
    card = made[0].card if made else "?"
    return Fault(LEFT[step], uid=chip.uid.hex(), card=card)


def _issue(desk: Desk, chip: Chip, wish: dict[str, Any], made: list[Made], tell: Tell) -> Made:
    kind = CHIPS[chip.kind]
    tell(LOOK)
    if not made:
        if not kind.is_blank(desk.reader, chip):
            _must_be_begun(desk, chip)
        made.append(_begin(desk, chip, wish))
    stands = kind.stands(desk.reader, chip, made[0])
    if stands == SPOILED:
        raise Fault("spoiled", uid=chip.uid.hex(), card=made[0].card)
    if stands != ISSUED:
        tell(WRITE)
        kind.write(desk.reader, chip, made[0])
        tell(CLOSE)
        kind.close(desk.reader, chip, made[0])
    tell(VERIFY)
    kind.verify(desk.reader, chip, made[0])
    try:
        desk.office.end(made[0].card)
    except (Conflict, Fault) as error:
        raise Fault("untold", uid=chip.uid.hex(), card=made[0].card, why=error) from None
    return made[0]


def _must_be_begun(desk: Desk, chip: Chip) -> None:
    """A chip that is not blank goes on only if this desk, or another one, had begun with it."""
    known = desk.office.chip(chip)
    if known is None:
        raise Fault("foreign", uid=chip.uid.hex())
    if known["state"] == "issued":
        raise Fault("already", uid=chip.uid.hex(), card=known["card"])
    is_half = chip.kind == CPU and cpu.identity(desk.reader) is None
    if known["state"] != "open" and not is_half:
        raise Fault("unreturned", card=known["card"])


def _begin(desk: Desk, chip: Chip, wish: dict[str, Any]) -> Made:
    try:
        return desk.office.begin(chip, wish)
    except LookupError as error:
        raise Fault("refused", why=error) from None
    except Conflict as error:
        known = desk.office.chip(chip) or {"state": ""}
        uid, state = chip.uid.hex(), known["state"]
        if state == "open":
            raise Fault("begun", uid=uid, card=known["card"], name=known["name"]) from None
        if state == "issued":
            raise Fault("already", uid=uid, card=known["card"]) from None
        raise Fault("refused", why=error) from None


def read(desk: Desk, chip: Chip) -> dict[str, Any]:
    """What the card is, as the server judges its bytes. Fault blank, not_ours, unread, left."""
    try:
        reading, known = _reading(desk, chip)
    except Gone:
        raise Fault("left") from None
    if reading is None:
        raise Fault("unread", uid=chip.uid.hex(), card=known["card"])
    return _allowed(desk.office.read, chip, reading)


def _reading(desk: Desk, chip: Chip) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """-> what the card tells (None: it does not open), what the server knows of the chip."""
    known = desk.office.chip(chip)
    if known is None:
        is_blank = CHIPS[chip.kind].is_blank(desk.reader, chip)
        raise Fault("blank" if is_blank else "not_ours", uid=chip.uid.hex())
    if chip.kind == CPU:
        reading = cpu.read(desk.reader)
    else:
        reading = mifare.read(desk.reader, [bytes.fromhex(key) for key in known["keys_a"]])
    if reading is None and CHIPS[chip.kind].is_blank(desk.reader, chip):
        raise Fault("blank", uid=chip.uid.hex())
    return reading, known


def load(desk: Desk, chip: Chip) -> int:
    """What waits for this card onto it, proven by the card after each. -> fen that it holds then.
    Fault left_loading, refused: what is not on it waits for its next tap, or for the next try."""
    try:
        for _ in range(_TIMES_MAX):
            reading, known = _reading(desk, chip)
            if reading is None:
                raise Fault("unread", uid=chip.uid.hex(), card=known["card"])
            told = _allowed(desk.office.loading, chip, reading)
            if not told["action"]:
                return told["balance_fen"]
            _put(desk, chip, told)
            desk.reader.again()
        why = "?"
    except Gone:
        why = "卡离开了 / the card left"
    except Fault as fault:
        if fault.name != "no_server":
            raise
        why = str(fault.what["why"])
    raise Fault("left_loading", uid=chip.uid.hex(), why=why) from None


def _put(desk: Desk, chip: Chip, told: dict[str, Any]) -> None:
    """One load; whether it is on the card the next reading tells."""
    if chip.kind == MIFARE:
        block, data = told["block"]
        keys = [bytes.fromhex(key) for key in told["keys_b"]]
        mifare.put(desk.reader, block, bytes.fromhex(data), keys)
        return
    action, fen = told["action"], told["amount_fen"]

    def sign(begun: cpu.Begun, utc_s: int) -> bytes:
        asked = {
            "action": action, "count": begun.loads, "balance_fen": begun.balance_fen,
            "random": begun.random.hex(), "mac1": begun.mac1.hex(), "utc_s": utc_s,
        }  # fmt: skip
        return desk.office.sign(asked)

    with contextlib.suppress(Conflict):  # it was on the card already, and that is known now
        cpu.load(desk.reader, bytes.fromhex(told["pin"]), fen, (DESK, action), sign)


def take_back(desk: Desk, chip: Chip) -> dict[str, Any]:
    """The card is dead, its money told, the chip blank again. -> card, paid_fen. Faults."""
    try:
        reading, known = _reading(desk, chip)
    except Gone:
        raise Fault("left") from None
    is_dead = known["state"] in ("returned", "void", "replaced")
    if reading is None and not is_dead:
        raise Fault("unread", uid=chip.uid.hex(), card=known["card"])
    told = _allowed(desk.office.take_back, chip, _worth(desk, chip, reading, is_dead))
    keys = [told["master"]] if chip.kind == CPU else told["keys_b"]
    try:
        is_wiped = CHIPS[chip.kind].wipe(desk.reader, [bytes.fromhex(key) for key in keys])
    except Gone:
        raise Fault("left_wiping", uid=chip.uid.hex(), card=told["card"]) from None
    if not is_wiped:
        raise Fault("unread", uid=chip.uid.hex(), card=told["card"])
    return {"card": told["card"], "paid_fen": told["paid_fen"], "name": known["name"]}


def _worth(desk: Desk, chip: Chip, reading: dict[str, Any] | None, is_dead: bool) -> dict[str, Any]:
    """The reading, if it is worth something: a card that is half wiped already is not."""
    if reading is None:
        return {}
    seen = _allowed(desk.office.read, chip, reading)
    return {} if is_dead and seen["problem"] in ("identity", "purse") else reading


def _allowed(ask: Callable[..., dict[str, Any]], chip: Chip, reading: dict[str, Any]):
    try:
        return ask(chip, reading)
    except (Conflict, LookupError) as error:
        raise Fault("refused", why=error) from None
