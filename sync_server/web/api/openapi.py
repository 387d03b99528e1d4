"""GET /api/openapi.json: what programs may ask, as OpenAPI 3.1, made from the routes themselves.

Each operation says its route's own first line, the right that it needs (x-right) and what its path
takes. What it is not: a schema of bodies; those stand in docs/api.md and in the summaries.
"""

from __future__ import annotations

import inspect
import re
from importlib.metadata import version
from typing import Any

from flask import current_app, jsonify
from werkzeug.routing import Rule

from sync_server.web.api import api
from sync_server.web.needs import TWIN, need_of

_VARIABLE = re.compile(r"<(?:(int)(?:\(([^)]*)\))?:)?(\w+)>")
_WITH_BODY = frozenset({"POST", "PUT"})
_ERROR = {
    "description": "one line that says why not",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "properties": {"error": {"type": "string"}},
                "required": ["error"],
            }
        }
    },
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
    return jsonify(
        {
            "openapi": "3.1.0",
            "info": {"title": "Campus card", "version": version("campus-card")},
            "paths": paths,
            "components": {"securitySchemes": {"key": bearer}},
        }
    )


def _path(rule: Rule) -> str:
    return _VARIABLE.sub(r"{\3}", rule.rule)


def _operation(rule: Rule, method: str) -> dict[str, Any]:
    office, _, view = rule.endpoint.rpartition(".")
    lines = inspect.getdoc(current_app.view_functions[rule.endpoint]) or view
    need = need_of(rule.endpoint)
    made: dict[str, Any] = {
        "operationId": f"{method.lower()} {rule.endpoint}",
        "tags": [office.removesuffix(TWIN)],
        "summary": " ".join(lines.split()),
        "parameters": [_parameter(*found) for found in _VARIABLE.findall(rule.rule)],
        "responses": {"2XX": {"description": "done"}, "4XX": _ERROR},
    }
    if need is not None:  # else the request says itself who somebody is
        made |= {"security": [{"key": []}], "x-right": need.right}
    if method in _WITH_BODY:
        made["requestBody"] = {"content": {"application/json": {"schema": {"type": "object"}}}}
    return made


def _parameter(kind: str, limits: str, name: str) -> dict[str, Any]:
    """Of what stands in a rule: <int(min=1,max=9):name> or <name>."""
    schema: dict[str, Any] = {"type": "integer", "minimum": 0} if kind else {"type": "string"}
    for which, number in re.findall(r"(min|max)=(\d+)", limits):
        schema[f"{which}imum"] = int(number)
    return {"name": name, "in": "path", "required": True, "schema": schema}
