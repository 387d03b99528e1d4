"""`campus sim`: one terminal with the real firmware, worked from a keyboard.

A line on standard input is what people do: `card` holds the card there, `take` takes it away,
`tap` turns the tap behind a valve, or what hangs on a relay, off or on (10 pulses a second come
while both are), any other line is pressed on the keypad (`1250#` asks for 12.50 yuan). What the
panel shows is printed as it changes. What it is not: a crowd (`campus run`) nor a proof
(`campus replay`).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import click

from terminal_sim.loop import run_loop
from terminal_sim.mifare import MifareClassic
from terminal_sim.panel import Panel
from terminal_sim.plumbing import RELAY
from terminal_sim.server import Office, ServerProblem
from terminal_sim.terminal import NoInterpreter, Terminal

VALID_UNTIL = "2037-12-31"
UID = b"\x5a\x51\x00\x01"
START_WAIT_S = 20
ANSWER_WAIT_S = 1
QUIET_S = 0.2  # after which nothing more of an answer comes
KINDS = ("pos", "gate", "water")
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Wiring(NamedTuple):
    """What a terminal starts with. page may be empty if the folder has a flash already."""

    folder: Path
    page: bytes
    server: str | None
    card: MifareClassic | None
    kind: str


@click.command(help="One simulated terminal with the real firmware, worked from standard input.")
@click.option("--kind", type=click.Choice(KINDS), required=True, help="What it is for.")
@click.option("--server", help="HOST:PORT of the gateway (default: it stays offline).")
@click.option("--page", type=_FILE, help="Key page of an enrolled terminal, hexadecimal.")
@click.option("--http", help="http://HOST:PORT: enrol it there, and issue a card.")
@click.option("--token-file", type=_FILE, help="Token for --http; campus serve names the file.")
@click.option("--place", default="here", show_default=True, help="Where it stands.")
@click.option("--merchant", default="demo", show_default=True, help="Whom a POS sells for.")
@click.option("--power", is_flag=True,
              help="With --http and --kind water: a relay and a kWh meter.")  # fmt: skip
@click.option(
    "--balance", "balance_fen", default=10_000, show_default=True, help="Fen on the card."
)
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Keep its flash here and go on with it next time.")  # fmt: skip
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def command(
    kind, server, page, http, token_file, place, merchant, power, balance_fen, folder, json_file
):
    """Wire it, run it to the end of the input, say what it reported."""
    if bool(http) != bool(token_file):
        raise click.ClickException("--http and --token-file belong together")
    if power and not (http and kind == "water"):
        raise click.ClickException("--power needs --http and --kind water")
    with contextlib.ExitStack() as stack:
        folder = folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        flash = (folder / "flash.bin").exists()
        try:
            office = Office(http, token_file.read_text().strip()) if http else None
            card = _card(office, balance_fen) if office else None
            if page:
                keys = bytes.fromhex(page.read_text().strip())
            elif office and not flash:
                number, keys = office.enrol(kind, place, merchant)
                if power:
                    office.call("PUT", f"/api/terminals/{number}/params", RELAY)
            else:
                keys = b""
            if not keys and not flash:
                raise click.ClickException("a new terminal needs --page, or --http to enrol it")
            report = run_loop(_work(Wiring(folder, keys, server, card, kind)))
        except (ServerProblem, NoInterpreter, ValueError) as error:
            raise click.ClickException(str(error)) from None
    click.echo(json.dumps(report))
    if json_file:
        json_file.write_text(json.dumps(report) + "\n")
    if not report:
        raise click.ClickException("the firmware ended without its report")


def _card(office: Office, balance_fen: int) -> MifareClassic:
    """A fresh student's card with money on it."""
    wish = {
        "holder_kind": 2,
        "name": "demo",
        "uid": UID.hex(),
        "valid_until": VALID_UNTIL,
        "zones": 1,
        "balance_fen": balance_fen,
    }
    number, blocks = office.issue([wish])[0]
    click.echo(f"card {number} with {balance_fen} fen is in your hand")
    return MifareClassic(UID, blocks)


async def _work(wiring: Wiring) -> dict:
    has_valve = wiring.kind == "water"
    terminal = Terminal(wiring.folder, wiring.page, wiring.server, has_valve=has_valve)
    terminal.attach(asyncio.get_running_loop())
    changed = asyncio.Event()

    def show(panel: Panel) -> None:
        _print(panel)
        changed.set()

    terminal.panel.on_change = show
    try:
        terminal.start()
        await _within(START_WAIT_S, changed)  # a terminal that is not up yet hears no keys
        while line := await asyncio.to_thread(sys.stdin.readline):  # ends with the input
            changed.clear()
            _do(terminal, wiring.card, line.strip())
            await _within(ANSWER_WAIT_S, changed)  # people look at the panel before they go on
            while changed.is_set():  # ends: an answer has few screens
                changed.clear()
                await _within(QUIET_S, changed)
        return await asyncio.to_thread(terminal.stop)
    finally:
        terminal.close()


async def _within(seconds: float, changed: asyncio.Event) -> None:
    """Wait until the panel has changed, at most so long."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(changed.wait(), seconds)


def _do(terminal: Terminal, card: MifareClassic | None, line: str) -> None:
    """One line of what people do."""
    if line == "tap" and terminal.plumbing:
        pipe = terminal.plumbing.pipe
        pipe.tap_open = not pipe.tap_open
    elif line not in ("card", "take"):
        terminal.panel.press(line)
    elif card is None:
        click.echo("there is no card: give --http and --token-file", err=True)
    elif line == "card":
        terminal.field.put(card)
    else:
        terminal.field.take(card)


def _print(panel: Panel) -> None:
    shown = " | ".join(row for row in panel.rows if row)
    click.echo(f"[{panel.led}] {shown}")
