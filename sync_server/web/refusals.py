"""Every error answer: one JSON line for the API, one plain page for people.

An internal error is logged with its traceback and answered without any of it.
"""

from __future__ import annotations

from flask import (
    Flask,
    Response,
    current_app,
    flash,
    jsonify,
    redirect,
    render_template,
    request,
)
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from sync_server.gateway.acting import errand
from sync_server.gateway.refusals import Impossible, NotReady
from sync_server.web import words

_SENTENCES = {
    400: _l("The request was not understood."),
    403: _l("Your office does not do this."),
    404: _l("There is nothing here."),
    405: _l("This address does not take that kind of request."),
    413: _l("The request is too large."),
    429: _l("Too many attempts. Please wait a minute."),
    500: _l("The server made a mistake. It was written to the log."),
    503: _l("The server is busy. Please try again."),
}


class BadField(Exception):
    """A field of the request is wrong; the message names the field."""


def init_app(app: Flask) -> None:
    """Answer every failure of a view in the form its caller reads."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(BadField, _bad_field)
    app.register_error_handler(Impossible, _impossible)
    app.register_error_handler(NotReady, _not_ready)
    app.register_error_handler(Exception, _mistake)


def _answer(code: int, line: str) -> tuple[Response | str, int]:
    errand.set(None)  # nothing was done
    if request.path.startswith("/api/"):
        return jsonify(error=line), code
    sentence = _SENTENCES.get(code, _l("The request was refused."))
    return render_template("refused.html", code=code, sentence=sentence, detail=_(line)), code


def _said(code: int, line: str):
    """To a program, or on a page of its own; whoever sent a form is back at it, and told why."""
    nowhere = "//"
    to = words.back(nowhere)
    if request.method != "POST" or request.path.startswith("/api/") or to == nowhere:
        return _answer(code, line)
    errand.set(None)
    flash(_(line), "problem")
    return redirect(to, 303)


def _http(error: HTTPException):
    if error.response is not None:
        return error.response
    code = error.code or 500
    line = " ".join((error.description or error.name).split())
    if code == 429:
        line = "too many attempts: " + line
    answer, code = _answer(code, line)
    return answer, code, [h for h in error.get_headers() if h[0].lower() == "retry-after"]


def _csrf(error: CSRFError):
    if request.path.startswith("/api/"):
        return _answer(403, str(error.description))
    sentence = _("This form is too old. Please load the page again.")
    page = render_template(
        "refused.html", code=403, sentence=sentence, detail=str(error.description)
    )
    return page, 403


def _bad_field(error: BadField):
    return _said(400, str(error))


def _impossible(error: Impossible):
    return _said(error.status, str(error))


def _not_ready(error: NotReady):
    return _answer(503, str(error))


def _mistake(error: Exception):
    current_app.logger.exception("%s %s", request.method, request.path, exc_info=error)
    return _answer(500, "internal error, see the server's log")
