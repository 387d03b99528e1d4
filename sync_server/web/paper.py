"""Draws a sheet as PDF, A4, with its Chinese font inside: it looks the same everywhere, for years.

What it is not: a signature (documents.py), nor a table of figures (export.py).
"""

from __future__ import annotations

import io
from functools import cache
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Frame,
    KeepTogether,
    PageTemplate,
    Paragraph,
    Spacer,
    Table,
    TableStyle,
)

from sync_server.web.font import font_inside
from sync_server.web.sheet import Part, Sheet

_EDGE = 18 * mm
_WIDTH = A4[0] - 2 * _EDGE
_INK, _QUIET, _LINE = HexColor(0x1C2A28), HexColor(0x5C6966), HexColor(0xD5DBD9)


@cache
def _styles() -> dict[str, ParagraphStyle]:
    """NotReady without the font."""
    name_of_font = font_inside()

    def style(name: str, size: int, lead: int, color: HexColor = _INK) -> ParagraphStyle:
        return ParagraphStyle(
            name,
            fontName=name_of_font,
            fontSize=size,
            leading=lead,
            textColor=color,
            wordWrap="CJK",
        )

    return {
        "title": style("title", 18, 26),
        "head": style("head", 12, 18),
        "plain": style("plain", 10, 15),
        "quiet": style("quiet", 9, 13, _QUIET),
    }


def pdf(sheet: Sheet) -> bytes:
    """All its pages. NotReady if this machine lacks the font."""
    _styles()
    out = io.BytesIO()
    frame = Frame(_EDGE, 20 * mm, _WIDTH, A4[1] - 38 * mm, 0, 0, 0, 0)

    def foot(page: Canvas, made: BaseDocTemplate) -> None:
        page.setFont(font_inside(), 8)
        page.setFillColor(_QUIET)
        page.drawString(_EDGE, 12 * mm, sheet.foot)
        page.drawRightString(A4[0] - _EDGE, 12 * mm, str(made.page))

    document = BaseDocTemplate(out, pagesize=A4, title=sheet.title, author="Campus card")
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=foot))
    story = [_said("title", sheet.title), *(_said("quiet", line) for line in sheet.lines)]
    if sheet.figures:
        story += [Spacer(0, 4 * mm), _figures(sheet)]
    for part in sheet.parts:
        story += [Spacer(0, 5 * mm), *_part(part)]
    document.build(story)
    return out.getvalue()


def _said(style: str, text: str) -> Paragraph:
    return Paragraph(escape(text), _styles()[style])


def _figures(sheet: Sheet) -> Table:
    cells = [[_said("quiet", word), _said("head", value)] for word, value in sheet.figures]
    table = Table([cells], colWidths=[_WIDTH / len(cells)] * len(cells))
    table.setStyle(TableStyle([("BOX", (0, 0), (-1, -1), 0.6, _LINE)]))
    return table


def _part(part: Part) -> list:
    rows = [[_said("quiet", when), _said("plain", what), _said("quiet", more)]
            for when, what, more in part.rows]  # fmt: skip
    story = Table(rows, colWidths=[36 * mm, _WIDTH / 2 - 14 * mm, _WIDTH / 2 - 22 * mm])
    lines = TableStyle([
        ("LINEABOVE", (0, 0), (-1, -1), 0.4, _LINE), ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (0, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
    ])  # fmt: skip
    story.setStyle(lines)
    head = [_said("head", part.head), _said("plain", part.verdict), _said("quiet", part.why),
            _said("quiet", part.mark), Spacer(0, 1 * mm)]  # fmt: skip
    return [KeepTogether([*head, story])]
