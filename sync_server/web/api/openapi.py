"""GET /api/openapi.json: what programs may ask, as OpenAPI 3.1, made from the routes themselves.

Each operation says its route's own first line, the right or scope that it needs (x-right, x-scope),
what its path takes, and what of query and body its line tells (spoken.py). Every status that it may
answer with is listed; `make test` asks all of them with whatever fits and does not fit.
"""

from __future__ import annotations

import inspect
import re
from importlib.metadata import version
from typing import Any

from flask import current_app, jsonify
from werkzeug.routing import Rule

from sync_server.web.api import api, spoken
from sync_server.web.fields import NUMBER_MAX
from sync_server.web.needs import LARGE, SCOPES, TWIN, need_of

_TEXT = {"type": "string"}
_VARIABLE = re.compile(r"<(?:(int)(?:\(([^)]*)\))?:)?(\w+)>")
_WITH_BODY = frozenset({"POST", "PUT"})
_FILES = LARGE | {"api.put"}  # a body of bytes
_JSON = "application/json"
_ERROR_SCHEMA = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
}
_ERRORS = {
    "400": "a field is wrong, and named",
    "401": "no key, or a wrong one",
    "403": "not a right of this key",
    "404": "there is no such thing",
    "409": "not in this state",
    "413": "too large",
    "429": "too many",
    "503": "busy; ask again",
}
_PAPERS = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@api.get("/openapi.json")
def openapi():
    """-> this document"""
    paths: dict[str, dict[str, Any]] = {}
    for rule in sorted(current_app.url_map.iter_rules(), key=str):
        if rule.rule.startswith("/api/"):
            path = paths.setdefault(_path(rule), {})
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                path[method.lower()] = _operation(rule, method)
    bearer = {"type": "http", "scheme": "bearer"}
    schemes = {"key": bearer, "partner": bearer}
    return jsonify(
        {
            "openapi": "3.1.0",
            "info": {"title": "Campus card", "version": version("campus-card")},
            "paths": paths,
            "components": {"securitySchemes": schemes},
        }
    )


def _path(rule: Rule) -> str:
    return _VARIABLE.sub(r"{\3}", rule.rule)


def _operation(rule: Rule, method: str) -> dict[str, Any]:
    office, _, view = rule.endpoint.rpartition(".")
    lines = inspect.getdoc(current_app.view_functions[rule.endpoint]) or view
    line = " ".join(lines.split())
    need = need_of(rule.endpoint)
    asked = [{"name": name, "in": "query", "schema": _TEXT} for name in spoken.query_of(line)]
    made: dict[str, Any] = {
        "operationId": f"{method.lower()} {rule.endpoint}",
        "tags": [office.removesuffix(TWIN)],
        "summary": line,
        "parameters": [_parameter(*found) for found in _VARIABLE.findall(rule.rule)] + asked,
        "responses": _responses(method, line),
    }
    if need is not None:  # else the request says itself who somebody is
        made |= {"security": [{"key": []}], "x-right": need.right}
    elif rule.endpoint in SCOPES:
        made |= {"security": [{"partner": []}], "x-scope": SCOPES[rule.endpoint]}
    if method in _WITH_BODY:
        plain = f"{office.removesuffix(TWIN)}.{view}"
        if plain in _FILES:
            content = {"application/octet-stream": {"schema": {"type": "string"}}}
        else:
            content = {_JSON: {"schema": spoken.body_of(line)}}
        made["requestBody"] = {"content": content}
    return made


def _responses(method: str, line: str) -> dict[str, Any]:
    done: dict[str, Any] = {_JSON: {"schema": {"type": "object"}}}
    if "?as=" in line:
        done |= {media: {} for media in _PAPERS.values()}
    codes = ("200",) if method == "GET" else ("200", "201")
    error = {_JSON: {"schema": _ERROR_SCHEMA}}
    return {code: {"description": "done", "content": done} for code in codes} | {
        code: {"description": why, "content": error} for code, why in _ERRORS.items()
    }


def _parameter(kind: str, limits: str, name: str) -> dict[str, Any]:
    """Of what stands in a rule: <int(min=1,max=9):name> or <name>."""
    whole = {"type": "integer", "minimum": 0, "maximum": NUMBER_MAX}
    schema: dict[str, Any] = whole if kind else {"type": "string"}
    for which, number in re.findall(r"(min|max)=(\d+)", limits):
        schema[f"{which}imum"] = int(number)
    return {"name": name, "in": "path", "required": True, "schema": schema}
