"""Puts generated diagrams and tables into the pages, so that they cannot fall behind the code.

A page has `<!-- generated: NAME -->` and `<!-- end -->`; what stands between is replaced by what
GENERATED[NAME]() returns. `python -m docs.diagrams write` does it, `check` fails if it would
change anything. Not a template language: one marker, one function.
"""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from docs import requirements, tables
from firmware.core import door as door_machine
from firmware.core import pin as pin_machine
from firmware.core import slots
from firmware.core import states as tap_states
from firmware.core import usage as usage_machine
from protocol import polling, states, turns
from sync_server.core import disputes, fees, topups
from sync_server.core import merchants as merchant_machine

Table = Mapping[Any, Mapping[Any, Any]]  # state -> event -> state
Names = Mapping[Any, str]  # state or event -> word

DOCS = Path(__file__).parent

_SECTION = re.compile(r"(<!-- generated: ([a-z-]+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def mermaid(table: Table, names: Names) -> str:
    """A mermaid state diagram of table[state][event] -> state; the first state is the start.

    `names` gives the words for states and events that are not words themselves; {} if all are.
    Events that lead the same way share one arrow.
    """
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {_word(next(iter(table)), names)}"]
    for state, row in table.items():
        arrows: dict[Any, list[str]] = {}
        for event, after in row.items():
            arrows.setdefault(after, []).append(_word(event, names))
        for after, events in arrows.items():
            there = f"{_word(state, names)} --> {_word(after, names)}"
            lines.append(f"    {there}: {', '.join(events)}")
    return "\n".join([*lines, "```"])


def cells(table: Table, names: Names) -> str:
    """The same table as a table: a row a state, a column an event, a dot for no cell."""
    events = list(dict.fromkeys(event for row in table.values() for event in row))
    rows = [
        [f"**{_word(state, names)}**", *(_word(row[e], names) if e in row else "·" for e in events)]
        for state, row in table.items()
    ]
    return tables.markdown(["", *(_word(event, names) for event in events)], rows)


def _word(value: object, names: Names) -> str:
    return str(names.get(value, value)).replace(":", " ")


def session() -> str:
    """Both halves of the session machine."""
    parts = []
    for role in (states.TERMINAL, states.SERVER):
        table = states.TABLE[role]
        parts += [f"### The {states.ROLE_NAMES[role]}", mermaid(table, {}), cells(table, {})]
    return "\n\n".join(parts)


def tap() -> str:
    """The tap machine."""
    return f"{mermaid(tap_states.TABLE, {})}\n\n{cells(tap_states.TABLE, {})}"


def asked() -> str:
    """What the master of a serial line thinks of a terminal."""
    return f"{mermaid(polling.TABLE, {})}\n\n{cells(polling.TABLE, {})}"


def turn() -> str:
    """A terminal's turn on a serial line."""
    return f"{mermaid(turns.TABLE, {})}\n\n{cells(turns.TABLE, {})}"


def slot() -> str:
    """What can happen to a slot for images."""
    return f"{mermaid(slots.TABLE, {})}\n\n{cells(slots.TABLE, {})}"


def usage() -> str:
    """A valve's machine."""
    return f"{mermaid(usage_machine.TABLE, {})}\n\n{cells(usage_machine.TABLE, {})}"


def pin() -> str:
    """A PIN that is asked for."""
    return f"{mermaid(pin_machine.TABLE, {})}\n\n{cells(pin_machine.TABLE, {})}"


def door() -> str:
    """A gate's machine."""
    return f"{mermaid(door_machine.TABLE, {})}\n\n{cells(door_machine.TABLE, {})}"


def merchants() -> str:
    """A merchant's way through three offices."""
    table = merchant_machine.TABLE
    return f"{mermaid(table, {})}\n\n{cells(table, {})}"


def topup() -> str:
    """A payment of a channel."""
    return f"{mermaid(topups.TABLE, {})}\n\n{cells(topups.TABLE, {})}"


def dispute() -> str:
    """A dispute about a purchase."""
    return f"{mermaid(disputes.TABLE, {})}\n\n{cells(disputes.TABLE, {})}"


def fee() -> str:
    """A fee that an office ordered."""
    return f"{mermaid(fees.TABLE, {})}\n\n{cells(fees.TABLE, {})}"


GENERATED: dict[str, Callable[[], str]] = {
    "session": session,
    "tap": tap,
    "polling": asked,
    "turns": turn,
    "slots": slot,
    "usage": usage,
    "pin": pin,
    "door": door,
    "merchants": merchants,
    "topup": topup,
    "dispute": dispute,
    "fee": fee,
    "policy": tables.policy_checks,
    "record": tables.record_fields,
    "messages": tables.message_table,
    "params": tables.parameter_table,
    "reasons": tables.reason_table,
    "rights": tables.right_table,
    "alarms": tables.alarm_table,
    "partners": tables.partner_table,
    "requirements": requirements.page,
    "flash-faults": tables.flash_faults,
}


def filled(page: str) -> str:
    """A page's text with every generated section made anew; KeyError for an unknown name."""
    return _SECTION.sub(lambda m: f"{m[1]}\n{GENERATED[m[2]]()}\n\n{m[4]}", page)


def stale() -> list[Path]:
    """The pages whose generated sections are not what the code says now."""
    return [page for page in sorted(DOCS.glob("*.md")) if filled(_text(page)) != _text(page)]


def write() -> list[Path]:
    """Bring every page up to date; the pages that were changed."""
    changed = stale()
    for page in changed:
        page.write_text(filled(_text(page)), encoding="utf-8")
    return changed


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def main(command: str) -> int:
    """0, or 1 if `check` found a stale page, or 2 for another command."""
    if command not in ("write", "check"):
        print("usage: python -m docs.diagrams write|check", file=sys.stderr)
        return 2
    pages = write() if command == "write" else stale()
    for page in pages:
        print(f"{page.name}: {'written' if command == 'write' else 'stale'}")
    return 1 if pages and command == "check" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
