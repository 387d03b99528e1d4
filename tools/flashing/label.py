"""Labels of 50 x 30 mm, one a terminal: QR, number, kind, place, device id; as PDF and as ZPL.

The QR says `campus-terminal:NUMBER:ID`. PDF: the Chinese is in Adobe's STSong-Light, which every
viewer brings or replaces; it is not embedded. ZPL (203 dpi): the QR is drawn here, dot by dot, so
that every printer draws the same; the Chinese needs a font in the printer, `E:SIMSUN.FNT` as
printers for China have it.
"""

from __future__ import annotations

import io
from typing import NamedTuple

import segno
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

WIDTH_MM, HEIGHT_MM = 50, 30
DOTS_A_MM = 8
_FONT = "STSong-Light"
_QR_MM = 22
_EDGE_MM = 2
_PLACE_MAX = 18
_KINDS = {"pos": "消费机 POS", "gate": "通道机 GATE", "water": "水控机 WATER"}


class Label(NamedTuple):
    """What stands on one."""

    number: int
    kind: str
    place: str
    id: str
    version: str


def qr_text(label: Label) -> str:
    """What the QR says."""
    return f"campus-terminal:{label.number}:{label.id}"


def pdf(labels: list[Label]) -> bytes:
    """A page each."""
    pdfmetrics.registerFont(UnicodeCIDFont(_FONT))
    out = io.BytesIO()
    page = Canvas(out, pagesize=(WIDTH_MM * mm, HEIGHT_MM * mm), invariant=True)
    page.setTitle("campus terminals")
    for label in labels:
        _draw_qr(page, qr_text(label))
        for text, size, at_mm in _lines(label):
            page.setFont(_FONT, size)
            page.drawString((_EDGE_MM + _QR_MM + 1) * mm, at_mm * mm, text)
        page.showPage()
    page.save()
    return out.getvalue()


def _draw_qr(page: Canvas, text: str) -> None:
    rows = [bytes(row) for row in segno.make_qr(text, error="m").matrix]
    side = _QR_MM * mm / len(rows)
    top = (HEIGHT_MM + _QR_MM) / 2 * mm
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                page.rect(_EDGE_MM * mm + x * side, top - (y + 1) * side, side, side, 0, 1)


def _lines(label: Label) -> list[tuple[str, float, float]]:
    """(text, points, millimetres from below)"""
    half = len(label.id) // 2
    return [
        (f"No. {label.number}", 14, 23),
        (_KINDS.get(label.kind, label.kind), 7, 18.5),
        (label.place[:9], 7, 14.5),
        (label.place[9:_PLACE_MAX], 7, 11.5),
        (label.id[:half], 6, 8),
        (label.id[half:], 6, 5.5),
        (f"v{label.version}", 6, 2.5),
    ]


def zpl(labels: list[Label]) -> bytes:
    """UTF-8, a format each."""
    return "".join(map(_zpl, labels)).encode()


def _zpl(label: Label) -> str:
    matrix = [bytes(row) for row in segno.make_qr(qr_text(label), error="m").matrix]
    scale = _QR_MM * DOTS_A_MM // len(matrix)
    row_bytes = -(-len(matrix) * scale // 8)
    rows = []
    for row in matrix:
        bits = "".join(str(dark) * scale for dark in row).ljust(8 * row_bytes, "0")
        rows.append(f"{int(bits, 2):0{2 * row_bytes}X}" * scale)
    size = row_bytes * len(matrix) * scale
    picture = f"^GFA,{size},{size},{row_bytes},{''.join(rows)}"
    edge = _EDGE_MM * DOTS_A_MM
    lines = [f"^XA^CI28^PW{WIDTH_MM * DOTS_A_MM}^LL{HEIGHT_MM * DOTS_A_MM}"]
    lines.append(f"^FO{edge},{4 * DOTS_A_MM}{picture}^FS")
    for text, size_pt, at_mm in _lines(label):
        if text:
            dots = round(size_pt * 2.8)
            y = round((HEIGHT_MM - at_mm) * DOTS_A_MM - dots)
            x = (_EDGE_MM + _QR_MM + 1) * DOTS_A_MM
            lines.append(f"^FO{x},{y}^A@N,{dots},{dots},E:SIMSUN.FNT^FH^FD{_plain(text)}^FS")
    return "\n".join([*lines, "^XZ", ""])


def _plain(text: str) -> str:
    """No command of the printer; ^FH: _ and two digits are a byte."""
    return "".join(f"_{ord(c):02X}" if c in "^~_\\" or ord(c) < 32 else c for c in text)
