"""Cards for a list of people, one after the other, and on from where it was broken off.

A card that is no good is told and another one is waited for; what is wrong with reader or server
ends the run, and the next one goes on. The chip of a card that was begun is remembered before the
server is asked, so that nobody gets two.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from tools.desk import work
from tools.desk.chips import MIFARE, Chip, Made
from tools.desk.faults import Fault
from tools.desk.people import Memory, keys
from tools.desk.progress import LAY, Steps

# of the card and not of reader, server or list: another one may be laid down
ANOTHER_CARD = (
    "two_cards", "other_kind", "unknown_kind", "foreign", "already", "begun", "unreturned",
    "protected", "refused_write", "unlike", "spoiled", "other_card",
)  # fmt: skip


class Row(NamedTuple):
    """What became of one wish."""

    wish: dict[str, Any]
    card: int | None = None
    uid: str = ""
    credential: str = ""
    fee_fen: int = 0
    state: str = ""
    fault: str = ""
    says: str = ""

    @property
    def is_done(self) -> bool:
        """The holder may have it."""
        return self.state == "issued"


class Batch:
    """credential: "" for both kinds. is_patient: a bad card is not the end."""

    def __init__(
        self, desk: work.Desk, memory: Memory, steps: Steps, language: str, credential: str = ""
    ):
        self._desk = desk
        self._memory = memory
        self._steps = steps
        self._language = language
        self._credential = credential
        self._last: Chip | None = None

    def run(self, wishes: list[dict[str, Any]]) -> list[Row]:
        """A row each; after a fault that ends it, those that are left have no state."""
        rows = [Row(wish) for wish in wishes]
        for at, key in enumerate(keys(wishes)):
            rows[at] = self._one(rows[at], key, is_patient=len(wishes) > 1)
            if rows[at].fault:
                self._steps.say(rows[at].says)
                break
            self._steps.done(f"{rows[at].wish['name']}: {rows[at].card}")
        return rows

    def _one(self, row: Row, key: str, is_patient: bool) -> Row:
        known = self._recall(key)
        if known.get("state") == "issued":
            return row._replace(**known)
        while True:  # ends with a card, or a fault that another card does not mend
            try:
                chip = self._next(row.wish, known.get("uid"))
                self._memory.note(key, {"uid": chip.uid.hex()})
                known = self._memory.of(key)
                made = self._issue(chip, row.wish)
                self._memory.note(key, _known(chip, made))
                return row._replace(**_known(chip, made), fee_fen=made.fee_fen)
            except Fault as fault:
                says = fault.says(self._language)
                if fault.name in ("foreign", "already", "protected", "other_kind", "unreturned"):
                    self._memory.note(key, {})  # nothing was begun with it
                    known = {}
                if not is_patient or fault.name not in ANOTHER_CARD:
                    return row._replace(fault=fault.name, says=says)
                self._steps.say(says)

    def _next(self, wish: dict[str, Any], begun: str | None) -> Chip:
        self._steps.tell(wish["name"], LAY)
        chip = self._last = work.find(self._desk, last=self._last)
        if begun and chip.uid.hex() != begun:
            raise Fault("other_card", uid=chip.uid.hex(), wanted=begun)
        if self._credential and chip.kind != self._credential:
            names = work.NAMES
            raise Fault("other_kind", found=names[chip.kind], wanted=names[self._credential])
        return chip

    def _issue(self, chip: Chip, wish: dict[str, Any]) -> Made:
        return work.issue(self._desk, chip, wish, lambda step: self._steps.tell(wish["name"], step))

    def _recall(self, key: str) -> dict[str, Any]:
        """What the folder knows, as far as it holds: a card that was given up is not begun."""
        known = self._memory.of(key)
        if not known.get("uid") or known.get("state") == "issued":
            return known
        told = self._desk.office.chip(Chip(MIFARE, bytes.fromhex(known["uid"])))
        if told is None or told["state"] not in ("open", "issued"):
            return {}
        if told["state"] == "issued" and told["name"] in key:
            return {"uid": known["uid"], "card": told["card"], "state": "issued"}
        return known


def _known(chip: Chip, made: Made) -> dict[str, Any]:
    return {
        "uid": chip.uid.hex(), "card": made.card, "credential": chip.kind, "state": "issued",
    }  # fmt: skip
