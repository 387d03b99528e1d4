"""`campus run`: server, terminals with the real firmware and a small campus that has its noon."""

from __future__ import annotations

import contextlib
import tempfile
import time
from pathlib import Path

import click

from terminal_sim.loop import run_loop
from terminal_sim.noon import Noon
from terminal_sim.server import ServerProblem, ServerProcess

HOLDERS = 60
TAPS_ONCE = 240
TAPS_A_NOON = 3000
PACE_S = 0.4


@click.command(help="Server, simulated terminals with the real firmware, and the web console.")
@click.option("--once", is_flag=True, help="A short noon hour, a summary, exit.")
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same campus.")
@click.option("--taps", type=click.IntRange(1), help="How many taps the noon has.")
@click.option("--http", default="127.0.0.1:0", help="HOST:PORT of the console; port 0: any.")
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Keep database and flash here (default: a temporary folder).")  # fmt: skip
def command(once, seed, taps, http, folder) -> None:
    """One POS and one gate; the water valve comes with a later issue."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        server = ServerProcess(folder, http_port=int(http.rpartition(":")[2] or 0))
        stack.callback(server.stop)
        try:
            server.start()
            click.echo(f"console: {server.console}")
            noon = Noon(server, folder, seed, HOLDERS, taps or (TAPS_ONCE if once else TAPS_A_NOON))
            figures = run_loop(noon.run(0 if once else PACE_S))
        except (ServerProblem, TimeoutError) as error:
            raise click.ClickException(str(error)) from None
        except KeyboardInterrupt:
            return
        for name, value in figures.items():
            click.echo(f"{name:14} {value}")
        if figures["ledger sum"] != 0 or figures["uploaded"] < figures["taps"]:
            raise click.ClickException("the noon did not end as it should: see the figures")
        if not once:
            click.echo("the noon is over; the console stays up until Ctrl-C")
            _stay()


def _stay() -> None:
    with contextlib.suppress(KeyboardInterrupt):
        while True:  # until Ctrl-C
            time.sleep(3600)
