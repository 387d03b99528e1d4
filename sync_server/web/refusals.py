"""Every error answer: one JSON line for the API, one plain page for people.

An internal error is logged with its traceback and answered without any of it.
"""

from __future__ import annotations

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from sync_server.gateway.refusals import Impossible, NotReady

_SENTENCES = {
    400: _l("The request was not understood."),
    403: _l("This form is too old. Please load the page again."),
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
    if request.path.startswith("/api/"):
        return jsonify(error=line), code
    sentence = _SENTENCES.get(code, _l("The request was refused."))
    return render_template("refused.html", code=code, sentence=sentence, detail=line), code


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
    return _answer(403, str(error.description))


def _bad_field(error: BadField):
    return _answer(400, str(error))


def _impossible(error: Impossible):
    return _answer(error.status, str(error))


def _not_ready(error: NotReady):
    return _answer(503, str(error))


def _mistake(error: Exception):
    current_app.logger.exception("%s %s", request.method, request.path, exc_info=error)
    return _answer(500, "internal error, see the server's log")
