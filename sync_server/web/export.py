"""What a page shows, as a workbook or on paper: `?as=xlsx`, `?as=pdf`.

Amounts are exact: fen go into cells as decimals of two places, never through a fraction.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from flask import Response, request
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from sync_server.web.console import view
from sync_server.web.font import font
from sync_server.web.refusals import BadField

TEXT, FEN, COUNT = "text", "fen", "count"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_SHEET_NAME_MOST = 31
_MARGIN = 14 * mm


class Sheet(NamedTuple):
    """One table. heads: (word, TEXT, FEN or COUNT); rows: as wide; None is an empty cell."""

    title: str
    heads: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[Any]]


def wanted() -> str:
    """xlsx, pdf, or "" for the page itself. BadField for another."""
    kind = request.args.get("as", "")
    if kind not in ("", "xlsx", "pdf"):
        raise BadField("as must be xlsx or pdf")
    return kind


def given(name: str, title: str, sheets: list[Sheet]) -> Response:
    """The file that was asked for; name: of the file, without its end."""
    kind = wanted()
    data = workbook(sheets) if kind == "xlsx" else paper(title, sheets)
    answer = Response(data, mimetype=_XLSX if kind == "xlsx" else "application/pdf")
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return answer


def workbook(sheets: list[Sheet]) -> bytes:
    """An .xlsx. What begins like a formula is text all the same."""
    book = Workbook(write_only=True)
    for sheet in sheets:
        made = book.create_sheet(_sheet_name(sheet.title))
        for at, (word, _) in enumerate(sheet.heads):
            width = max([len(word) * 2, *(len(_shown(row[at], TEXT)) for row in sheet.rows[:200])])
            made.column_dimensions[get_column_letter(at + 1)].width = min(max(width + 4, 10), 48)
        made.freeze_panes = "A2"
        made.append([_head(made, *head) for head in sheet.heads])
        for row in sheet.rows:
            made.append([_cell(made, value, kind) for value, (_, kind) in zip(row, sheet.heads)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _sheet_name(title: str) -> str:
    return "".join(" " if c in "[]:*?/\\" else c for c in title)[:_SHEET_NAME_MOST]


def _head(sheet: Any, word: str, kind: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, value=word)
    cell.font = Font(bold=True)
    cell.alignment = Alignment(horizontal="left" if kind == TEXT else "right")
    return cell


def _cell(sheet: Any, value: Any, kind: str) -> WriteOnlyCell:
    if value is None:
        return WriteOnlyCell(sheet)
    if kind == FEN:
        cell = WriteOnlyCell(sheet, value=yuan(value))
        cell.number_format = "#,##0.00"
    elif kind == COUNT:
        cell = WriteOnlyCell(sheet, value=int(value))
    else:
        cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", str(value)))
        cell.data_type = "s"
    return cell


def yuan(fen: int) -> Decimal:
    """1250 -> 12.50, exactly."""
    return Decimal(fen).scaleb(-2)


def paper(title: str, sheets: list[Sheet]) -> bytes:
    """A PDF on A4, heads on every page."""
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, title=title, leftMargin=_MARGIN, rightMargin=_MARGIN,
        topMargin=_MARGIN, bottomMargin=_MARGIN,
    )  # fmt: skip
    big = ParagraphStyle("big", fontName=font(), fontSize=15, leading=20)
    plain = ParagraphStyle("plain", fontName=font(), fontSize=10.5, leading=16)
    story: list[Any] = [Paragraph(_escaped(title), big), Spacer(1, 3 * mm)]
    for sheet in sheets:
        story += [Paragraph(_escaped(sheet.title), plain), Spacer(1, 1 * mm)]
        story += [_table(sheet, document.width), Spacer(1, 5 * mm)]
    document.build(story, onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


def _table(sheet: Sheet, width: float) -> Table:
    body = ParagraphStyle("cell", fontName=font(), fontSize=8.5, leading=11, wordWrap="CJK")
    rows: list[list[Any]] = [[word for word, _ in sheet.heads]]
    for row in sheet.rows:
        rows.append([
            Paragraph(_escaped(_shown(value, kind)), body) if kind == TEXT else _shown(value, kind)
            for value, (_, kind) in zip(row, sheet.heads)
        ])  # fmt: skip
    parts = [2.4 if kind == TEXT else 1.6 for _, kind in sheet.heads]
    table = Table(rows, colWidths=[width * part / sum(parts) for part in parts], repeatRows=1)
    style: list[Any] = [
        ("FONT", (0, 0), (-1, -1), font(), 8.5),
        ("TEXTCOLOR", (0, 0), (-1, 0), colors.HexColor("#5b6773")),
        ("BACKGROUND", (0, 0), (-1, 0), colors.HexColor("#f4f5f2")),
        ("LINEBELOW", (0, 0), (-1, -1), 0.3, colors.HexColor("#dde2e0")),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ]
    style += [
        ("ALIGN", (at, 0), (at, -1), "RIGHT")
        for at, (_, kind) in enumerate(sheet.heads)
        if kind != TEXT
    ]
    table.setStyle(TableStyle(style))
    return table


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont(font(), 8)
    canvas.setFillColor(colors.HexColor("#5b6773"))
    canvas.drawRightString(A4[0] - _MARGIN, 8 * mm, str(document.page))


def _shown(value: Any, kind: str) -> str:
    if value is None:
        return ""
    return view.money(value) if kind == FEN else str(value)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
