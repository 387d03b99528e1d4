"""Signing in and out, one's own password, and the language switch."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from flask_limiter.util import get_remote_address

from sync_server.core.audit import Act
from sync_server.gateway.refusals import Impossible
from sync_server.web import visitors, words
from sync_server.web.access import NAME_RATE, SIGN_IN_RATE, limiter
from sync_server.web.console import console

YEAR_S = 365 * 24 * 3600
NAME_MOST = 40


def _let_in(officer: dict[str, Any] | None, name: str, role: str):
    visitors.begin(officer)
    _offices().note(Act(name, role, "signed in", "", {"from": get_remote_address()}))
    return redirect(visitors.home())


def _offices():
    return current_app.extensions["desk"].orders.offices


def _name_tried() -> str:
    return request.form.get("name", "").strip().lower()[:NAME_MOST]


def _is_refused(response) -> bool:
    return response.status_code == 403


@console.route("/sign-in", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_RATE, methods=["POST"])
@limiter.limit(
    NAME_RATE,
    methods=["POST"],
    key_func=lambda: f"name {_name_tried()}",
    deduct_when=_is_refused,
    exempt_when=lambda: not _name_tried(),
)
def sign_in():
    """The form for name and password; or for the token, by whoever has its file."""
    problem, code = "", 200
    if request.method == "POST":
        if "token" in request.form:
            keeper = current_app.extensions["desk"].doorkeeper
            if keeper.knows(request.form["token"].strip()):
                return _let_in(None, visitors.CONSOLE.name, visitors.CONSOLE.role)
            problem, code = _("That is not the token."), 403
        else:
            name = _name_tried()
            number = _offices().sign_in(name, request.form.get("password", ""))
            if number is not None:
                row = _offices().officer(number)
                return _let_in(row, row["name"], row["role"])
            if _offices().is_name(name):
                _offices().note(Act(name, "", "wrong password", "", {"from": get_remote_address()}))
            problem, code = _("Name or password is wrong."), 403
    return render_template("sign_in.html", problem=problem), code


@console.get("/enter")
@limiter.limit(SIGN_IN_RATE)
def enter():
    """A one-time link: signs in once, then it is an ordinary wrong key."""
    if current_app.extensions["desk"].doorkeeper.redeem(request.args.get("key", "")):
        return _let_in(None, visitors.CONSOLE.name, visitors.CONSOLE.role)
    problem = _("This link was used already or is too old. Please sign in.")
    return render_template("sign_in.html", problem=problem), 403


@console.route("/password", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_RATE, methods=["POST"])
def password():
    """One's own password; the first thing after it was given by somebody else."""
    problem, code = "", 200
    if request.method == "POST":
        try:
            new = request.form.get("new", "")
            if new != request.form.get("again", ""):
                raise Impossible("the two new passwords are not the same")
            _offices().change_password(g.visitor.officer, request.form.get("old", ""), new)
            visitors.begin(_offices().officer(g.visitor.officer))
            flash(_("Your password is changed."), "done")
            return redirect(visitors.home())
        except Impossible as error:
            problem, code = _(str(error)), error.status
    return render_template("password.html", problem=problem), code


@console.post("/sign-out")
def sign_out():
    """Forget this browser."""
    session.clear()
    return redirect(url_for("console.sign_in"))


@console.post("/language")
def speak():
    """Switch the language of this browser."""
    wish = request.form.get("language", "")
    answer = redirect(words.back(visitors.home() if session.get("officer") else "/sign-in"))
    if wish in words.LANGUAGES:
        answer.set_cookie(words.COOKIE, wish, max_age=YEAR_S, httponly=True, samesite="Lax")
    return answer
