"""/leavers: frozen until their records are in, settled once, refunded by the bank in a batch."""

from __future__ import annotations

import csv
import io

from flask import Response, current_app, g, request, url_for
from flask_babel import gettext as _

from sync_server.web.answers import done, is_program, shown
from sync_server.web.console import view
from sync_server.web.finance import finance

_HEAD = ("序号", "学号", "姓名", "银行账号", "金额", "附言")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _people():
    return current_app.extensions["desk"].orders.people


@finance.get("/leavers")
def leavers():
    """?settled=1&after=N -> {totals, leavers, waits, refunds}"""
    settled = request.args.get("settled", "") == "1"
    after = max(request.args.get("after", 0, type=int), 0)
    told = _people().leavers(settled, after)
    kinds = view.KIND_WORDS
    return shown("leavers.html", told, settled=settled, after=after, kinds=kinds)


@finance.post("/leavers/settle")
def settle():
    """-> {settled, waiting, owing}; again: the rest"""
    told = _people().settle()
    words = _("%(n)s settled, %(w)s wait for records.", n=told["settled"], w=told["waiting"])
    return done(told, url_for("finance.leavers"), words)


@finance.post("/refunds")
def refund():
    """-> {refund}: a batch, which a second person must grant"""
    number = _people().refund(by=g.visitor.name)
    words = _("The batch is made: a second person must grant it.")
    return done({"refund": number}, url_for("finance.leavers", settled=1), words, 201)


@finance.get("/refunds/<int(min=1):number>/file")
def file(number: int):
    """The list for the bank, CSV; each time the same bytes. Programs: {rows}"""
    rows = _people().refund_rows(number)
    if is_program():
        return {"rows": rows}
    answer = Response(bank_list(number, rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f'attachment; filename="refund-{number}.csv"'
    return answer


def bank_list(number: int, rows: list[dict]) -> bytes:
    """CSV in UTF-8 with a mark, as spreadsheets want it. Nothing in it is a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_HEAD)
    for at, row in enumerate(rows, 1):
        yuan, rest = divmod(row["refund_fen"], 100)
        cells = (row["number"], row["name"], row["bank"])
        tail = (f"{yuan}.{rest:02d}", f"校园卡退款{number}-{at}")
        writer.writerow((at, *map(_plain, cells), *tail))
    return out.getvalue().encode("utf-8-sig")


def _plain(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
