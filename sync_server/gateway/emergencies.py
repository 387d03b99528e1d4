"""Emergencies: declared and ended with the code of the envelope, pushed, reported afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from protocol import emergency, messages
from protocol.emergency import Order
from sync_server.centre import Centre, WrongCode
from sync_server.core.emergencies import Done
from sync_server.gateway.refusals import Impossible

if TYPE_CHECKING:
    from sync_server.store.store import Store

WHATS = {"emergency": emergency.EMERGENCY, "drill": emergency.DRILL}
KINDS = {"pos": messages.POS, "gate": messages.GATE}
_WORDS = {emergency.EMERGENCY: "emergency", emergency.DRILL: "drill", emergency.END: "end"}
_SUMMED = (*Done._fields, "booked_fen", "difference_fen")
_ANSWERS = {
    messages.APPLIED: "obeys", messages.SAME: "obeys", messages.REFUSED: "refused",
}  # fmt: skip


class Emergencies:
    """Part of the orders. do: runs a change in the writer thread; tell: the loop, to push."""

    def __init__(
        self,
        store: Store,
        centre: Centre | None,
        do: Callable[..., Any],
        tell: Callable[[int], None],
    ):
        self._store = store
        self._centre = centre
        self._do = do
        self._tell = tell

    def declare(
        self, code: str, what: str, kinds: list[str], minutes: int, tap_fen: int, card_fen: int,
        reason: str, by: str,
    ) -> dict[str, Any]:  # fmt: skip
        """An emergency or a drill begins now. -> its report. Impossible for a wrong code."""
        now_s, going = int(time.time()), self.now()
        if going is not None and now_s + 60 * minutes < going["end_utc_s"]:
            raise Impossible("it would be over before the one that goes on: end that first", 409)
        mask = sum(1 << KINDS[kind] for kind in kinds)
        terms = WHATS[what], mask, now_s, now_s + 60 * minutes, tap_fen, card_fen
        return self.report(self._order(code, terms, reason, by))

    def end(self, code: str, reason: str, by: str) -> dict[str, Any]:
        """What goes on ends now. -> its report. Impossible if nothing goes on."""
        going = self.now()
        if going is None:
            raise Impossible("there is no emergency that could end now", 409)
        now_s = int(time.time())
        terms = emergency.END, going["mask"], now_s, max(going["end_utc_s"], now_s + 1), 0, 0
        self._order(code, terms, reason, by)
        return self.report(going["number"])

    def _order(self, code: str, terms: tuple, reason: str, by: str) -> int:
        if self._centre is None:
            raise Impossible("this server has no centre's key", 409)
        now_s = int(time.time())
        order = Order(self._store.emergencies.next_number(now_s), *terms)
        try:
            signed = self._centre.sign(code, order)
        except WrongCode as error:
            raise Impossible(str(error), 403) from None
        self._do(self._store.emergencies.order, order, signed, reason, by, now_s)
        self._tell(order.number)
        return order.number

    @property
    def lies_open(self) -> bool:
        """The code lies beside the database still."""
        return self._centre is not None and self._centre.lies_open

    def now(self) -> dict[str, Any] | None:
        """What goes on, None for ordinary work."""
        rows = self._store.emergencies.all()
        if not rows or rows[0]["what"] == emergency.END or rows[0]["end_utc_s"] <= time.time():
            return None
        return _plain(rows[0])

    def all(self) -> list[dict[str, Any]]:
        """Every emergency and drill, newest first."""
        return [
            _plain(row) for row in self._store.emergencies.all() if row["what"] != emergency.END
        ]

    def report(self, number: int) -> dict[str, Any]:
        """What was done in one, terminal by terminal, and whether the ledger has it all. Impossible
        if there is none."""
        found = [row for row in self.all() if row["number"] == number]
        if not found:
            raise Impossible(f"there is no emergency {number}", 404)
        answers = self._store.emergencies.answers(number)
        spans = {span.terminal: span for span in self._store.emergencies.spans(number)}
        lines = []
        for row in self._store.terminals.all():
            is_meant = row["kind"] in found[0]["kinds"]
            if is_meant and (
                row["enrolled_utc_s"] < found[0]["over_utc_s"] or row["number"] in spans
            ):
                lines.append(self._line(row, number, answers.get(row["number"]), spans))
        sums = {name: sum(line[name] for line in lines) for name in _SUMMED}
        sums["terminals"] = len(lines)
        sums["reached"] = sum(line["answer"] == "obeys" or line["began"] for line in lines)
        sums["complete"] = sum(line["ended"] for line in lines)
        sums["waiting"] = sum(line["began"] and not line["ended"] for line in lines)
        return found[0] | {"sums": sums, "terminals": lines}

    def _line(self, row, number, answer, spans) -> dict[str, Any]:
        span = spans.get(row["number"])
        done = self._store.emergencies.done(span) if span else None
        booked_fen = self._store.emergencies.booked_fen(number, span) if span else 0
        told = (done or Done())._asdict()
        return told | {
            "number": row["number"],
            "kind": row["kind"],
            "place": row["place"],
            "answer": _ANSWERS.get(answer[0], "refused") if answer else "",
            "answered_utc_s": answer[1] if answer else None,
            "began": span is not None,
            "ended": span is not None and span.last is not None,
            "booked_fen": booked_fen,
            "difference_fen": told["paid_fen"] - booked_fen,
        }


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    mask = row["kinds"]
    kinds = [name for name, number in KINDS.items() if mask >> number & 1]
    return row | {"what": _WORDS[row["what"]], "kinds": kinds, "mask": mask}
