"""`campus desk`: issue, read, check, load, replace and take back cards of both kinds.

docs/desk.md has the states and what can go wrong. Exit codes: 0 done; 1 a card, reader or server
says no; 2 wrong options or files.
"""

from __future__ import annotations

import functools
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console as Screen

from tools import fault
from tools.desk import batch, people, slip, work
from tools.desk.chips import CPU, MIFARE, Chip, Reader
from tools.desk.faults import Fault
from tools.desk.office import Conflict, Office
from tools.desk.part3 import Contactless
from tools.desk.pcsc import Pcsc
from tools.desk.progress import Steps
from tools.desk.sentences import PROBLEMS, STATES
from tools.fault import LANGUAGES
from tools.flashing import report
from tools.flashing.work import replace as write

FAILED, WRONG = 1, 2
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(help="The service desk: cards, issued, read, loaded, replaced, taken back.")
def command() -> None:
    """Each act is a command of its own."""


def _common(act: Callable[..., dict[str, Any]]) -> Callable[..., None]:
    """The options that all have, one clear line when it fails, the result as JSON."""

    @click.option("--server", metavar="URL", envvar="CAMPUS_SERVER", required=True,
                  help="The server, http://HOST:PORT.")  # fmt: skip
    @click.option("--token-file", type=_FILE, envvar="CAMPUS_TOKEN_FILE", required=True,
                  help="The office's token.")  # fmt: skip
    @click.option("--reader", metavar="NAME", default="", help="Part of a PC/SC reader's name.")
    @click.option("--pn532", type=_FILE, metavar="PORT", help="A PN532 at a serial port instead.")
    @click.option("--wait", "wait_s", default=30.0, show_default=True,
                  help="Seconds to wait for a card.")  # fmt: skip
    @click.option("--patience", "patience_s", default=10.0, show_default=True,
                  help="Seconds to wait for a card that left.")  # fmt: skip
    @click.option("--lang", type=click.Choice(list(LANGUAGES)), default="zh", show_default=True,
                  help="Language of what people read.")  # fmt: skip
    @click.option("--json", "json_file", type=_FILE, help="Also write the result here.")
    @functools.wraps(act)
    def run(json_file: Path | None, lang: str, **asked: Any) -> None:
        bench = _Bench(lang, **_taken(asked))
        try:
            with bench:
                told = act(bench, **asked)
            code = FAILED if told.get("failed") else 0
        except click.ClickException:
            raise
        except Exception as raised:
            error = raised if isinstance(raised, fault.Fault) else _unforeseen(raised)
            told = {"failed": 1, "fault": error.name, "says": error.says(lang)}
            code = WRONG if error.name == "bad_list" else FAILED
            click.echo(f"Error: {told['says']}", err=True)
        if json_file:
            try:
                write(json_file, report.as_bytes(told))
            except fault.Fault as error:
                click.echo(f"Error: {error.says(lang)}", err=True)
                code = FAILED
        sys.exit(code)

    return run


def _unforeseen(error: Exception) -> Fault:
    """Where it happened, and not what with: that could be a key."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    return Fault("unforeseen", what=f"{type(error).__name__}, {Path(at.filename).name}:{at.lineno}")


def _taken(asked: dict[str, Any]) -> dict[str, Any]:
    names = ("server", "token_file", "reader", "pn532", "wait_s", "patience_s")
    return {name: asked.pop(name) for name in names}


class _Bench:
    """The desk as the options say, its reader opened when it is first needed."""

    def __init__(
        self, language: str, server: str, token_file: Path, reader: str, pn532: Path | None,
        wait_s: float, patience_s: float,
    ):  # fmt: skip
        self.language = language
        try:
            token = token_file.read_text("ascii").strip()
        except (OSError, ValueError) as error:
            raise click.UsageError(f"--token-file: {error}") from None
        self.office = Office(server, token)
        self._reader = reader
        self._pn532 = pn532
        self._times = wait_s, patience_s

    def __enter__(self) -> _Bench:
        return self

    def __exit__(self, *_: object) -> None:
        if "desk" in self.__dict__:  # it was opened
            self.desk.reader.close()

    @functools.cached_property
    def desk(self) -> work.Desk:
        """Fault no_service, no_reader, no_pn532."""
        return work.Desk(self._open(), self.office, *self._times)

    def _open(self) -> Reader:
        if self._pn532 is None:
            return Contactless(Pcsc(self._reader))
        from tools.desk.pn532 import Pn532

        return Pn532(self._pn532)

    def card(self) -> Chip:
        """What lies there, or is laid down."""
        return work.find(self.desk)

    def word(self, words: tuple[str, str]) -> str:
        """One of a pair."""
        return words[LANGUAGES.index(self.language)]

    def keep(self, path: Path | None, slips: list[slip.Slip]) -> None:
        """Slips into a file: PDF if it is called so, else text. Without one: onto the screen."""
        if path is not None and slips:
            form = slip.pdf if path.suffix.lower() == ".pdf" else slip.text
            write(path, form(slips, self.language))


def _person(act: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--credential", type=click.Choice([MIFARE, CPU]), help="Refuse other cards."),
        click.option("--balance", default="0", show_default=True, help="Yuan on the card."),
        click.option("--zones", default="65535", show_default=True, help="Bit n opens zone n."),
        click.option("--valid-until", default="", metavar="YYYY-MM-DD", help="Its last day."),
        click.option("--kind", type=click.Choice(list(people.KINDS)), help="Whose card it is."),
        click.option("--name", default="", help="The holder's name."),
        click.option("--holder", default="", metavar="NUMBER", help="Staff or student number."),
        click.option("--slip", "slip_file", type=_FILE, help="The slip: .pdf, else plain text."),
    ):
        act = option(act)
    return act


@command.command(help="Issue blank cards: to one person (--name ...), or to a LIST (CSV).")
@click.argument("people_file", type=_FILE, metavar="[LIST]", required=False)
@click.option("--work", "folder", type=click.Path(path_type=Path),
              default=Path("campus-desk"), show_default=True,
              help="Remembers how far a list came; go on with the same one.")  # fmt: skip
@_person
@_common
def issue(
    bench: _Bench, people_file: Path | None, folder: Path, slip_file: Path | None,
    credential: str | None, **one: Any,
) -> dict[str, Any]:  # fmt: skip
    """A card each."""
    wishes = people.read(people_file) if people_file else [_wish(one)]
    memory = people.Memory(folder if people_file else None)
    with Steps(Screen(stderr=True), len(wishes), bench.language) as steps:
        rows = batch.Batch(bench.desk, memory, steps, bench.language, credential or "").run(wishes)
    bench.keep(slip_file, [_slip("issue", row) for row in rows if row.is_done])
    return _told(rows)


@command.command(name="replace", help="A new card for a lost or broken one; the old one is dead.")
@click.option("--card", type=int, required=True, help="Number of the old card.")
@_person
@_common
def replace_card(
    bench: _Bench, card: int, slip_file: Path | None, credential: str | None, **one: Any
) -> dict[str, Any]:
    """Whose it is and what it may, the server knows; options say what is to be otherwise."""
    known = bench.office.card(card)
    if known is None:
        raise Fault("refused", why=f"card {card} was never issued")
    kinds = {number: name for name, number in people.KINDS.items()}
    one["name"] = one["name"] or known["name"]
    one["kind"] = one["kind"] or kinds[known["holder_kind"]]
    one["valid_until"] = one["valid_until"] or known["valid_until"]
    wish = _wish(one) | {"replaces": card, "zones": known["zones"]}
    with Steps(Screen(stderr=True), 1, bench.language) as steps:
        memory = people.Memory(None)
        rows = batch.Batch(bench.desk, memory, steps, bench.language, credential or "").run([wish])
    bench.keep(slip_file, [_slip("replace", row) for row in rows if row.is_done])
    return _told(rows)


@command.command(help="Read the card that lies there, and say what it is.")
@_common
def read(bench: _Bench) -> dict[str, Any]:
    """It fails only if there is none of ours."""
    seen = work.read(bench.desk, bench.card())
    _show(bench, seen)
    return seen


@command.command(help="Check the card that lies there: fails if anything is wrong with it.")
@_common
def check(bench: _Bench) -> dict[str, Any]:
    """As read, but for its end."""
    seen = _right(bench, bench.card())
    _show(bench, seen)
    return seen


@command.command(help="Load the card that lies there; with --card: one that does not.")
@click.option("--amount", default="", help="Yuan; without, only what waits for it.")
@click.option("--card", type=int, help="Take money for this card: on it at its next tap at a till.")
@click.option("--slip", "slip_file", type=_FILE, help="The slip: .pdf, else plain text.")
@_common
def load(bench: _Bench, amount: str, card: int | None, slip_file: Path | None) -> dict[str, Any]:
    """Paid in through the action list, then carried out here or at a till."""
    try:
        fen = people.fen_of(amount) if amount else 0
    except ValueError as error:
        raise click.UsageError(f"--amount: {error}") from None
    chip = bench.card() if card is None else None
    number = card if card is not None else _right(bench, chip)["card"]
    if fen:
        try:
            bench.office.load(number, fen)
        except (Conflict, LookupError) as error:
            raise Fault("refused", why=error) from None
        rows = {"card": number, "amount_fen": fen, "utc_s": int(time.time())}
        bench.keep(slip_file, [slip.Slip("load", rows)])
    balance_fen = work.load(bench.desk, chip) if chip else None
    taken = people.yuan_of(fen)
    if balance_fen is None:
        click.echo(bench.word((
            f"卡号 {number}：收 {taken} 元，下次在联网的消费机上刷卡时到账",
            f"card {number}: {taken} yuan taken, on it after its next tap at an online till",
        )))  # fmt: skip
    else:
        held = people.yuan_of(balance_fen)
        click.echo(bench.word((
            f"卡号 {number}：收 {taken} 元，卡内 {held} 元",
            f"card {number}: {taken} yuan taken, {held} yuan on it",
        )))  # fmt: skip
    return {"card": number, "amount_fen": fen, "balance_fen": balance_fen}


def _right(bench: _Bench, chip: Chip | None) -> dict[str, Any]:
    """What the card says, if nothing is wrong with it. Fault not_right."""
    assert chip is not None
    seen = work.read(bench.desk, chip)
    if seen["problem"]:
        problem = bench.word(PROBLEMS[seen["problem"]])
        raise Fault("not_right", card=seen["card"], problem=problem)
    return seen


@command.command(help="Take the card that lies there back: dead, paid out, blank again.")
@click.option("--slip", "slip_file", type=_FILE, help="The slip: .pdf, else plain text.")
@_common
def take_back(bench: _Bench, slip_file: Path | None) -> dict[str, Any]:
    """Run again, it says the same."""
    told = work.take_back(bench.desk, bench.card())
    rows = {
        "name": told["name"], "card": told["card"], "paid_fen": told["paid_fen"],
        "utc_s": int(time.time()),
    }  # fmt: skip
    bench.keep(slip_file, [slip.Slip("take_back", rows)])
    click.echo(bench.word((
        f"卡号 {told['card']} 已收回，应退 {people.yuan_of(told['paid_fen'])} 元；卡已是空白卡",
        f"card {told['card']} is taken back, {people.yuan_of(told['paid_fen'])} yuan are to be"
        " paid out; the chip is blank",
    )))  # fmt: skip
    return told


@command.command(help="Give up a card that was begun and will not be finished.")
@click.argument("card", type=int)
@_common
def void(bench: _Bench, card: int) -> dict[str, Any]:
    """No reader is needed."""
    try:
        told = bench.office.void(card)
    except (Conflict, LookupError) as error:
        raise Fault("refused", why=error) from None
    click.echo(f"{card}: {bench.word(STATES[told['state']])}")
    return told


@command.command(help="Move the balances of replaced cards whose records are all in.")
@_common
def settle(bench: _Bench) -> dict[str, Any]:
    """The server does so by itself, too; this says what is waited for."""
    rows = bench.office.settle()
    for row in rows:
        missing = ", ".join(map(str, row["owing"]))
        says = bench.word(("已转", "moved") if row["settled"] else ("等待终端", "terminals owing"))
        line = f"{row['card']} -> {row['heir']}  {people.yuan_of(row['amount_fen'])}  {says}"
        click.echo(f"{line} {missing}".rstrip())
    return {"replaced": rows}


def _wish(one: dict[str, Any]) -> dict[str, Any]:
    for name in ("name", "kind", "valid_until"):
        if not one[name]:
            option = name.replace("_", "-")
            raise click.UsageError(f"--{option} is needed, or a list of people")
    try:
        return people.wish(one)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _told(rows: list[batch.Row]) -> dict[str, Any]:
    cards = [row._asdict() | row.wish for row in rows]
    for card in cards:
        del card["wish"]
    done = sum(row.is_done for row in rows)
    return {"cards": cards, "done": done, "failed": len(rows) - done}


def _slip(what: str, row: batch.Row) -> slip.Slip:
    wish = row.wish
    return slip.Slip(what, {
        "name": wish["name"], "card": row.card, "replaces": wish.get("replaces"),
        "kind": wish["holder_kind"], "valid_until": wish["valid_until"],
        "balance_fen": wish["balance_fen"], "fee_fen": row.fee_fen,
        "total_fen": wish["balance_fen"] + row.fee_fen, "utc_s": int(time.time()),
    })  # fmt: skip


def _show(bench: _Bench, seen: dict[str, Any]) -> None:
    state = bench.word(STATES[seen["state"]])
    problem = bench.word(PROBLEMS[seen["problem"]]) if seen["problem"] else ""
    told = [
        str(seen["card"]), seen["name"], state, seen["valid_until"],
        people.yuan_of(seen["balance_fen"]), problem,
    ]  # fmt: skip
    click.echo("  ".join(filter(None, told)))
