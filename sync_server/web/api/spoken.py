"""What a route's own first line says of its request: `?q=TEXT&after=N` and `{card, amount_fen}`.

The line is written for people; this reads as much of it as a document of the API needs: names, what
is a list or an object, and of well-known names the type. What it is not: a check of requests.
"""

from __future__ import annotations

import re
from typing import Any

_QUERY = re.compile(r"\?([a-z_]+=[^\s,;:)]+)")
_NAME = re.compile(r"[a-z_]+")
_WHOLE = re.compile(
    r".*(_fen|_utc_s)|card|lost|is_lost|holder_kind|zones|boxes|days|minutes|limit|a_minute"
    r"|version|oldest|action|count|fee|turn|replaces"
)
_LISTS = {"kinds", "gates", "scopes", "events", "cards", "without"}
_YES_NO = {"kit", "sectors"}


def query_of(line: str) -> list[str]:
    """Names of what may stand behind the ?."""
    found = [part for match in _QUERY.findall(line) for part in match.split("&")]
    return list(dict.fromkeys(part.partition("=")[0] for part in found))


def body_of(line: str) -> dict[str, Any]:
    """JSON schema of the object that the line begins with; of one that it does not tell, any."""
    plain = re.sub(r"\([^()]*\)|\"[^\"]*\"", "", line.partition("->")[0])
    if not plain.startswith("{") or plain.startswith("{name: value"):
        return {"type": "object"}
    return _object(plain, 0)[0]


def _object(text: str, at: int) -> tuple[dict[str, Any], int]:
    """The object that begins at a { -> its schema, and where it ends."""
    properties: dict[str, Any] = {}
    at += 1
    while at < len(text) and text[at] != "}":
        name = _NAME.match(text, at)
        if name is None:
            at += 1
            continue
        at = name.end()
        properties[name[0]], at = _value(name[0], text, at)
    return {"type": "object", "properties": properties}, at + 1


def _value(name: str, text: str, at: int) -> tuple[dict[str, Any], int]:
    """What is told behind a name, up to the next comma."""
    schema = _named(name)
    while at < len(text) and text[at] not in ",}":
        if text.startswith("[{", at):
            items, at = _object(text, at + 1)
            schema = {"type": "array", "items": items}
        elif text[at] == "[":
            schema, at = {"type": "array"}, at + 1
        elif text[at] == "{":
            schema, at = _object(text, at)
        else:
            at += 1
    return schema, at


def _named(name: str) -> dict[str, Any]:
    if _WHOLE.fullmatch(name):
        return {"type": "integer"}
    if name in _LISTS:
        return {"type": "array"}
    return {"type": "boolean"} if name in _YES_NO else {"type": "string"}
