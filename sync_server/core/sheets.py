"""The bytes of a list as offices send it -> rows of text. Pure: no file is opened.

CSV in UTF-8 with or without a mark, or in GBK (GB 18030 has it all); separated by commas, tabs or
semicolons; or an Excel workbook (.xlsx), its first sheet. What it is not: what the columns mean.
Limits: BYTES_MOST, ROWS_MOST, COLUMNS_MOST; a workbook that unpacks to more than UNPACKED_MOST is
refused before it is.
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
from datetime import date, datetime

from openpyxl import load_workbook

BYTES_MOST = 8 * 1024 * 1024
UNPACKED_MOST = 64 * 1024 * 1024
ROWS_MOST, COLUMNS_MOST = 20_000, 40
CELL_MOST = 200  # characters
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"


class BadSheet(ValueError):
    """It cannot be read; one line that says what to do, and what it is about."""

    def __init__(self, line: str, about: str = ""):
        super().__init__(f"{line}: {about}" if about else line)
        self.line, self.about = line, about


def rows(data: bytes) -> list[list[str]]:
    """Every row that has something in it, as wide as the first; cells without spaces around.
    BadSheet."""
    if len(data) > BYTES_MOST:
        raise BadSheet("the file is larger than 8 MB: send it in parts")
    if data[:4] == _OLD_EXCEL:
        raise BadSheet("this is an old .xls workbook: save it as .xlsx or CSV")
    found = _workbook(data) if data[:2] == b"PK" else _text(data)
    kept = [row for row in found if any(row)]
    width = max((at for at, head in enumerate(kept[0], 1) if head), default=0) if kept else 0
    kept = [row[:width] + [""] * (width - len(row)) for row in kept]
    if len(kept) > ROWS_MOST + 1:
        raise BadSheet("the list has more than 20,000 rows: send it in parts")
    return kept


def _text(data: bytes) -> list[list[str]]:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise BadSheet("the file is neither UTF-8 nor GBK text nor an Excel workbook")
    if "\x00" in text:
        raise BadSheet("the file is neither UTF-8 nor GBK text nor an Excel workbook")
    head = text.split("\n", 1)[0]
    mark = max(",\t;", key=head.count)
    try:
        read = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
        return [[_cell(cell) for cell in row[:COLUMNS_MOST]] for row in read]
    except csv.Error:
        raise BadSheet("the file is no CSV: save it from the spreadsheet again") from None


def _workbook(data: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(part.file_size for part in packed.infolist()) > UNPACKED_MOST:
                raise BadSheet("the workbook is too large: save the list as CSV")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles that openpyxl does not know
            book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            found = [
                [_cell(value) for value in row]
                for row in sheet.iter_rows(
                    max_row=ROWS_MOST + 2, max_col=COLUMNS_MOST, values_only=True
                )
            ]
            book.close()
        return found
    except BadSheet:
        raise
    except Exception:  # whatever a damaged workbook makes of a parser that is not ours
        raise BadSheet("the workbook is damaged: open it, and save it again") from None


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()[: CELL_MOST + 1]
