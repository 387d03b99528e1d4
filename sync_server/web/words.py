"""Languages of the console: Chinese first, English by a switch kept in a cookie.

English is the text in the code, Chinese is `translations/zh/LC_MESSAGES/messages.po`. The binary
catalog that gettext reads is made from it at start when it is missing or older, so neither set-up
nor a build step is needed and no binary lies in the tree.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, request
from flask_babel import Babel, get_locale

LANGUAGES = ("zh", "en")
COOKIE = "language"
_FOLDER = Path(__file__).with_name("translations")


def init_app(app: Flask) -> None:
    """Compile what is stale and pick the language of each request."""
    compile_catalogs()
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "en")  # the language of the code
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(_FOLDER)
    Babel(app, locale_selector=chosen)
    app.jinja_env.globals["language"] = lambda: str(get_locale() or "zh")[:2]


def chosen() -> str:
    """The language of this request: programs English; address, else cookie, else Chinese."""
    if request.path.startswith("/api/"):
        return "en"
    for wish in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if wish in LANGUAGES:
            return wish
    return LANGUAGES[0]


def back(otherwise: str) -> str:
    """Address of the page of ours that the request came from."""
    came = urlsplit(request.referrer or "")
    if came.netloc != request.host or not came.path.startswith("/") or came.path.startswith("//"):
        return otherwise
    return came.path + (f"?{came.query}" if came.query else "")


def compile_catalogs() -> None:
    """Write messages.mo beside each messages.po that has none or a newer one."""
    for source in _FOLDER.glob("*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        with open(source, "rb") as file:
            catalog = read_po(file, locale=source.parent.parent.name)
        descriptor, draft = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(descriptor, "wb") as file:
            write_mo(file, catalog)
        os.chmod(draft, 0o644)
        os.replace(draft, target)  # two servers starting at once each leave a whole file
