"""One view, two readers: a page for people, the same facts as JSON for programs under /api."""

from __future__ import annotations

from typing import Any

from flask import flash, jsonify, redirect, render_template, request


def is_program() -> bool:
    """Was the JSON twin asked for?"""
    return request.path.startswith("/api/")


def is_part() -> bool:
    """Did htmx ask, to put the answer into a page that is there?"""
    return request.headers.get("HX-Request") == "true"


def shown(template: str, told: dict[str, Any], **more: Any) -> Any:
    """`told` as JSON, or in a page; more: what only the page needs (words, forms)."""
    return jsonify(told) if is_program() else render_template(template, **told, **more)


def done(told: dict[str, Any], to: str, words: str, status: int = 200) -> Any:
    """A change was made: its result as JSON, or back to a page that says so. A page that is loaded
    again never does it twice."""
    if is_program():
        return jsonify(told), status
    flash(words, "done")
    return redirect(to, 303)
