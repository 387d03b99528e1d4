"""Markdown tables of the wire formats, made from the tables in protocol/.

What a field of a record means is the comment beside it in the source: it is written once, and
costs a terminal nothing.
"""

import inspect
import re
import struct
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, cast

from werkzeug.routing import Rule

from firmware.core import policy
from protocol import messages, params, reasons, record, states
from sync_server.core import alarms, partners, rights
from sync_server.web.app import create_app
from sync_server.web.needs import SCOPES
from tools.flashing.sentences import SENTENCES

_VARIABLE = re.compile(r"<[^<>]*:")
_COMMENTED = re.compile(r'^ +\(.*?"(\w+)".*\),  # (.+)$', re.MULTILINE)


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def meanings(module: ModuleType) -> dict[str, str]:
    """name -> comment of every commented row of a module's table."""
    return dict(_COMMENTED.findall(inspect.getsource(module)))


def record_fields() -> str:
    """Offset, size, name and meaning of the 64 bytes."""
    words = meanings(record)
    rows = []
    at = 0
    for name, size in record.FIELDS:
        rows.append([at, size, f"`{name}`", words[name]])
        at += size
    rows += [
        [48, 8, "chain", "SHA-256(chain of the record before, bytes 0-47), first 8 bytes"],
        [56, 4, "CRC-32", "over bytes 0-55"],
        [60, 1, "outcome", "FF intent; programmed to 0F done or F0 void"],
        [61, 1, "acked", "not FF: this record and all before it are on the server"],
        [62, 2, "", "FF FF"],
    ]
    return markdown(["offset", "bytes", "field", "meaning"], rows)


def message_table() -> str:
    """Every message: number, sender, fields with their sizes, tail."""
    rows = []
    for number, name, sender, letters, fields, tail in messages.rows():
        who = "both" if sender == messages.BOTH else states.ROLE_NAMES[sender]
        rows.append([f"0x{number:02X}", name, who, _fields(letters, fields), _tail(*tail)])
    return markdown(["number", "name", "from", "fields (bytes)", "tail"], rows)


def _fields(letters: str, names: str) -> str:
    sizes = [struct.calcsize(">" + letter) for letter in re.findall(r"\d*[A-Za-z]", letters)]
    parts = zip(names.split(), sizes, strict=True)
    return ", ".join(f"{name} {size}" for name, size in parts) or "none"


def _tail(least: int, most: int, multiple: int) -> str:
    if not most:
        return "none"
    return f"{least}..{most}" + (f", times {multiple}" if multiple > 1 else "")


def parameter_table() -> str:
    """Every parameter: number, type, unit, default, range, meaning."""
    types = {"B": "u8", "H": "u16", "I": "u32", "h": "i16", "s": "bytes"}
    rows = []
    for number, name, unit, letter, default, least, most, what in params.rows():
        shown = (default.hex() or "empty") if isinstance(default, bytes) else default
        bounds = f"{least}..{most}" + (" bytes" if letter == "s" else "")
        rows.append([number, f"`{name}`", types[letter], unit, shown, bounds, what])
    return markdown(["number", "name", "type", "unit", "default", "range", "meaning"], rows)


def policy_checks() -> str:
    """The checks of a tap in their order."""
    rows = []
    for place, (code, _) in enumerate(policy.CHECKS, 1):
        what = reasons.text(code, 1)[0]
        rows.append([place, code, reasons.name(code), what])
    return markdown(["order", "bit", "reason", "bites when"], rows)


def reason_table() -> str:
    """Every reason: code, name, what happened and what to do, in both languages."""
    rows = [
        [code, name, f"{zh} / {en}", f"{zh_do} / {en_do}" if en_do else ""]
        for code, name, zh, en, zh_do, en_do in reasons.rows()
    ]
    return markdown(["code", "name", "what happened", "what to do"], rows)


def flash_faults() -> str:
    """Every fault of `campus flash`: its name in reports, and its sentence in both languages."""
    rows = [[f"`{name}`", zh, en] for name, (zh, en) in SENTENCES.items()]
    return markdown(["fault", "中文", "English"], rows)


def right_table() -> str:
    """Every right: who has it, after which article, for what."""
    rows = []
    for right, roles, articles, what in rights.TABLE:
        rows.append([f"`{right}`", what, ", ".join(roles), articles])
    return markdown(["right", "allows", "roles", "Art."], rows)


def partner_table() -> str:
    """Every scope of other systems: what it opens, and the routes that need it."""
    rules = {
        rule.endpoint: rule for rule in create_app(cast(Any, None), "docs").url_map.iter_rules()
    }
    rows = []
    for scope, what in (("", "what was granted to it"), *partners.SCOPES):
        routes = [_route(rules[view]) for view, needed in SCOPES.items() if needed == scope]
        rows.append([f"`{scope}`" if scope else "any", what, ", ".join(routes)])
    return markdown(["scope", "opens", "routes"], rows)


def _route(rule: Rule) -> str:
    (method,) = (rule.methods or set()) - {"HEAD", "OPTIONS"}
    return f"`{method} {_VARIABLE.sub('<', rule.rule)}`"


def alarm_table() -> str:
    """Every alarm of a terminal: what it looks at, its limit and the range that may be set."""
    source = inspect.getsource(alarms)
    words = dict(re.findall(r'^ +\("(\w+)", .*\),  # (.+)$', source, re.MULTILINE))
    rows = [
        [f"`{name}`", words[name], f"{default} {unit}", f"{least}..{most}"]
        for name, unit, default, least, most in alarms.TABLE
    ]
    return markdown(["alarm", "raised when", "limit", "range"], rows)
