"""Signing in and out, and the language switch."""

from __future__ import annotations

from flask import current_app, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from sync_server.web import words
from sync_server.web.access import SIGN_IN_RATE, limiter
from sync_server.web.console import console

YEAR_S = 365 * 24 * 3600


def _let_in():
    session.clear()  # a session begun before the sign-in is worth nothing after it
    session["signed_in"] = True
    return redirect(url_for("console.index"))


@console.route("/sign-in", methods=["GET", "POST"])
@limiter.limit(SIGN_IN_RATE, methods=["POST"])
def sign_in():
    """The form for the token."""
    problem, code = "", 200
    if request.method == "POST":
        if current_app.extensions["desk"].doorkeeper.knows(request.form.get("token", "").strip()):
            return _let_in()
        problem, code = _("That is not the token."), 403
    return render_template("sign_in.html", problem=problem), code


@console.get("/enter")
@limiter.limit(SIGN_IN_RATE)
def enter():
    """A one-time link: signs in once, then it is an ordinary wrong key."""
    if current_app.extensions["desk"].doorkeeper.redeem(request.args.get("key", "")):
        return _let_in()
    problem = _("This link was used already or is too old. Please enter the token.")
    return render_template("sign_in.html", problem=problem), 403


@console.post("/sign-out")
def sign_out():
    """Forget this browser."""
    session.clear()
    return redirect(url_for("console.sign_in"))


@console.post("/language")
def speak():
    """Switch the language of this browser."""
    wish = request.form.get("language", "")
    answer = redirect(url_for("console.index"))
    if wish in words.LANGUAGES:
        answer.set_cookie(words.COOKIE, wish, max_age=YEAR_S, httponly=True, samesite="Lax")
    return answer
