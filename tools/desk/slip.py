"""What the holder gets with the card, on paper: plain text, or PDF 80 mm wide, a page each.

The Chinese of the PDF is in Adobe's STSong-Light, which every viewer brings or replaces; it is not
embedded. No key and no UID is on it.
"""

from __future__ import annotations

import io
import time
from typing import Any, NamedTuple

from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from tools.desk.people import yuan_of
from tools.fault import LANGUAGES

WIDTH_MM, LINE_MM, EDGE_MM = 80, 6, 6
_FONT = "STSong-Light"
_TITLE_PT, _LINE_PT = 13, 9
_TITLES = {
    "issue": ("校园卡发卡单", "Campus card issued"),
    "replace": ("校园卡补卡单", "Campus card replaced"),
    "load": ("校园卡充值单", "Campus card top-up"),
    "take_back": ("校园卡退卡单", "Campus card returned"),
}
_NAMES = {
    "name": ("姓名", "Name"), "card": ("卡号", "Card"), "kind": ("类别", "Kind"),
    "valid_until": ("有效期至", "Valid until"), "replaces": ("原卡号", "Old card"),
    "balance_fen": ("卡内金额", "On the card"), "amount_fen": ("充值金额", "Amount"),
    "fee_fen": ("卡费", "Card fee"), "total_fen": ("应收合计", "To be paid"),
    "paid_fen": ("应退金额", "To be paid out"), "utc_s": ("时间", "Time"),
}  # fmt: skip
_KINDS = {1: ("教工", "staff"), 2: ("学生", "student"), 3: ("临时", "temporary")}
_SIGNATURE = ("持卡人签名：____________", "Holder's signature: ____________")


class Slip(NamedTuple):
    """what: of _TITLES. rows: of _NAMES, in order; None is left out."""

    what: str
    rows: dict[str, Any]


def lines(slip: Slip, language: str) -> list[str]:
    """The title first, the place for a signature last."""
    at = LANGUAGES.index(language)
    told = [
        f"{_NAMES[name][at]}: {_said(name, value, at)}"
        for name, value in slip.rows.items()
        if value is not None
    ]
    return [_TITLES[slip.what][at], *told, "", _SIGNATURE[at]]


def text(slips: list[Slip], language: str) -> bytes:
    """UTF-8, a form feed between two."""
    return "\f".join("\n".join(lines(slip, language)) + "\n" for slip in slips).encode()


def pdf(slips: list[Slip], language: str) -> bytes:
    """A page each."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    out = io.BytesIO()
    page = Canvas(out, invariant=True)
    page.setTitle("campus card")
    for slip in slips:
        told = lines(slip, language)
        height_mm = (len(told) + 2) * LINE_MM
        page.setPageSize((WIDTH_MM * mm, height_mm * mm))
        for at, line in enumerate(told):
            page.setFont(_FONT, _LINE_PT if at else _TITLE_PT)
            page.drawString(EDGE_MM * mm, (height_mm - (at + 1.5) * LINE_MM) * mm, line)
        page.showPage()
    page.save()
    return out.getvalue()


def _said(name: str, value: Any, at: int) -> str:
    if name.endswith("_fen"):
        return f"{yuan_of(value)} " + ("元", "yuan")[at]
    if name == "kind":
        return _KINDS[value][at]
    if name == "utc_s":
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(value))
    return str(value)
