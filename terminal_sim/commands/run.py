"""`campus run`: server, terminals with the real firmware and a small campus that has its noon."""

from __future__ import annotations

import contextlib
import json
import tempfile
import threading
from pathlib import Path

import click

from terminal_sim import paying
from terminal_sim.loop import run_loop
from terminal_sim.noon import Noon, WrongDecision
from terminal_sim.play.room import Room
from terminal_sim.server import ServerProblem, ServerProcess

HOLDERS_ONCE, TAPS_ONCE = 60, 240
HOLDERS, TAPS_A_NOON = 300, 600
PACE_S = 0.4

HELP = """Server, a POS, a gate and a water valve with the real firmware, and the web console.

People come at noon, pay and pass; some lose their cards. Without --once, noon follows noon until
Ctrl-C, and there is a page with terminals of your own: press their keys, hold cards and a phone to
them, pull their plugs.
"""


@click.command(help=HELP)
@click.option("--once", is_flag=True, help="A short noon hour, a summary, exit.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same campus.")
@click.option("--taps", type=click.IntRange(1), help="How many taps a noon has.")
@click.option("--http", default="127.0.0.1:0", help="HOST:PORT of the console; port 0: any.")
@click.option("--panel", default="127.0.0.1:0", help="HOST:PORT of the page to play on.")
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Keep database and flash here (default: a temporary folder).")  # fmt: skip
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def command(once, seed, taps, http, panel, folder, json_file) -> None:
    """One server, three terminals, people."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        shop = paying.Shop(folder / "campus.db.channel", "127.0.0.1", 0)
        threading.Thread(target=shop.serve, name="pay", daemon=True).start()
        stack.callback(shop.close)
        server = ServerProcess(folder, http)
        stack.callback(server.stop)
        try:
            server.start()
            click.echo(f"console: {server.console}")
            if once:
                noon = Noon(server, folder, seed, HOLDERS_ONCE, taps or TAPS_ONCE)
                _summary(run_loop(noon.once()), json_file)
            else:
                noon = Noon(server, folder, seed, HOLDERS, taps or TAPS_A_NOON)
                host, _, port = panel.rpartition(":")
                run_loop(_open(noon, Room(server, folder, host, int(port))))
        except (ServerProblem, TimeoutError, WrongDecision) as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            return


async def _open(noon: Noon, room: Room) -> None:
    """The page to play on, and people who come; until Ctrl-C."""
    async with room:
        click.echo(f"terminals: {room.address}")
        click.echo("people are coming; Ctrl-C ends it")
        await noon.forever(PACE_S)


def _summary(figures: dict[str, int], json_file: Path | None) -> None:
    """Print it; fail if a record is missing or money is."""
    for name, value in figures.items():
        click.echo(f"{name.replace('_', ' '):14} {value}")
    if json_file:
        json_file.write_text(json.dumps(figures) + "\n")
    if figures["ledger_sum"] != 0 or figures["uploaded"] != figures["taps"]:
        raise click.ClickException("the noon did not end as it should: see the figures")
