"""Files that pages bring along. A page asks for each by what is in it (`?v=`), so a browser that
has it never asks again; by its plain name, as the phone's worker asks, it is looked at anew.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Flask, Response, request

FOR_GOOD = "public, max-age=31536000, immutable"
_LETTERS = 16


def init_app(app: Flask) -> None:
    """Names in pages, and the word to keep what was asked for by such a name."""
    assert app.static_folder is not None
    folder = Path(app.static_folder)

    @app.url_defaults
    def name(endpoint: str, values: dict[str, Any]) -> None:
        if endpoint == "static":
            values["v"] = version(folder / values["filename"])

    @app.after_request
    def keep(answer: Response) -> Response:
        asked = request.args.get("v")
        if asked and request.endpoint == "static" and answer.status_code in (200, 304):
            assert request.view_args is not None  # and it names a file that is there
            if asked == version(folder / request.view_args["filename"]):
                answer.headers["Cache-Control"] = FOR_GOOD
        return answer


def version(path: Path) -> str:
    """Of what is in a file now."""
    return _digest(path, path.stat().st_mtime_ns)


@lru_cache(64)
def _digest(path: Path, _changed_ns: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:_LETTERS]
