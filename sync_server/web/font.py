"""The font with Chinese of what is put on paper, and put in, the characters that occur: WenQuanYi
Micro Hei (Debian's fonts-wqy-microhei); where it is not installed, Adobe's STSong-Light, which
every viewer brings or replaces.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont

from sync_server.gateway.refusals import NotReady

FILE = Path("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc")


@cache
def font() -> str:
    """Its name; either of the two."""
    if FILE.exists():
        pdfmetrics.registerFont(TTFont("WenQuanYi", str(FILE), subfontIndex=0))
        return "WenQuanYi"
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    return "STSong-Light"


def font_inside() -> str:
    """For what must look the same in ten years. NotReady without the file."""
    if not FILE.exists():
        raise NotReady("the font for documents is missing: install fonts-wqy-microhei")
    return font()
