"""`campus replay FILE`: real records through real firmware and a real server."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from terminal_sim import plan, records
from terminal_sim.loop import run_loop
from terminal_sim.replay import Replay
from terminal_sim.server import ServerProblem, ServerProcess

KEYS = (
    "taps", "accepted", "refused", "amount_fen", "uploaded", "ledger_records", "lost", "doubled",
    "taps_per_s", "wall_s", "invariants_ok",
)  # fmt: skip
SHOWN = 10


@click.command(help="Replay card records (gates or payments, told apart by their header).")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--people", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Who has which AccessCardNo; only to name what collides.")  # fmt: skip
@click.option("--day", help="Only this local day, YYYY-MM-DD.")
@click.option("--terminals", type=click.IntRange(0, 64), default=0,
              help="How many terminals in all; the busiest places get more.")  # fmt: skip
@click.option("--kill-server-at", type=click.IntRange(0), default=0,
              help="SIGKILL the server after so many taps and start it again.")  # fmt: skip
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path),
              help="Keep database and flash here (default: a temporary folder).")  # fmt: skip
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def command(file, people, day, terminals, kill_server_at, folder, json_file) -> None:
    """Plan, run, print, and fail if anything was lost, doubled or unexplained."""
    try:
        read = records.read(file)
        made = plan.make(read, day)
    except (records.UnknownFormat, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from None
    if not made.rows:
        raise click.ClickException(f"{file} has no rows{f' of {day}' if day else ''}")
    for fault in read.faults[:SHOWN]:
        click.echo(f"line {fault.line}: {fault.message}", err=True)
    with tempfile.TemporaryDirectory() as temporary:
        figures = _run(made, folder or Path(temporary), terminals, kill_server_at)
    figures["faults"] = [list(fault) for fault in read.faults]
    figures |= _people(people, made)
    _print(figures)
    if json_file:
        json_file.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    if not figures["invariants_ok"] or figures["unexplained"]:
        raise click.ClickException("the replay differs from the file: see the figures")


def _run(made: plan.Plan, folder: Path, terminals: int, kill_server_at: int) -> dict:
    folder.mkdir(parents=True, exist_ok=True)
    server = ServerProcess(folder)
    total = sum(len(rows) for rows in made.rows.values())
    columns = TextColumn("taps"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    try:
        server.start()
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task("taps", total=total)
            replay = Replay(
                made, server, folder, terminals, kill_server_at,
                lambda done: bar.update(task, completed=done),
            )  # fmt: skip
            return run_loop(replay.run())
    except (ServerProblem, TimeoutError) as error:
        raise click.ClickException(str(error)) from None
    finally:
        server.stop()


def _people(people: Path | None, made: plan.Plan) -> dict:
    """Whose numbers collide, and how many are of nobody."""
    if people is None:
        return {}
    known, faults = records.read_people(people)
    return {
        "colliding_numbers": {n: known[n] for n in made.persons if len(known.get(n, ())) > 1},
        "persons_not_in_people": sum(n not in known for n in made.persons),
        "people_faults": [list(fault) for fault in faults],
    }


def _print(figures: dict) -> None:
    for key in KEYS:
        click.echo(f"{key:15} {figures[key]}")
    for place, fen in sorted(figures["places"].items(), key=lambda item: -item[1]):
        click.echo(f"  {place}: {fen} fen")
    for line, reason in figures["contradictions"][:SHOWN]:
        click.echo(f"line {line} contradicts the file itself: {reason}")
    click.echo(f"heap of a terminal, live peak: {figures['heap_live_peak_bytes']} bytes of 262144")
