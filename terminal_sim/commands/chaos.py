"""`campus chaos`: break what can break, on purpose, and see whether the money is right."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import click

from terminal_sim import scenario
from terminal_sim.gears import chaos, interpreters, power, processes

KEYS = (
    "taps", "accepted", "power_cuts", "card_tears", "link_faults", "server_kills",
    "greys_resolved", "clones_flagged", "longest_offline_s", "lost", "doubled", "grey_open",
    "checks", "invariants_ok", "taps_per_s", "terminals_digest", "ledger_digest", "digest",
)  # fmt: skip
_EVERY_S = 5.0  # a line of progress
_NIGHTLY_TAPS = 1_000_000


@click.command(help="Play a campus in bad weather and check every invariant after every event.")
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=1, show_default=True,
              help="Draws everything, the weather included.")  # fmt: skip
@click.option("--taps", type=click.IntRange(1), default=2000, show_default=True,
              help="How many cards are presented.")  # fmt: skip
@click.option("--gear", type=click.Choice(["inprocess", "processes"]), default="inprocess",
              show_default=True, help="Rules in one process, or the real programs.")  # fmt: skip
@click.option("--campaign", is_flag=True,
              help="The nightly size: power cut everywhere, then a million taps.")  # fmt: skip
@click.option("--interpreters", "both", is_flag=True,
              help="Play the first campus's terminals on MicroPythons too.")  # fmt: skip
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def command(seed, taps, gear, campaign, both, json_file) -> None:
    """The weather first, the figures, and last the command that repeats it all."""
    options = f"{' --gear processes' if gear == 'processes' else ''}"
    repeat = f"campus chaos --seed {seed} --taps {taps}{options}"
    figures: dict[str, Any] = {}
    if campaign:
        figures = _cut_everywhere(seed)
        taps = max(taps, _NIGHTLY_TAPS)
        repeat = f"campus chaos --campaign --seed {seed}"
    began_s = time.monotonic()
    if gear == "processes":
        _print_weather(seed, taps, processes.weathers(seed, taps))
        figures |= processes.run(seed, taps, _progress(taps))
    else:
        _print_weather(seed, taps, chaos.weathers(seed, taps))
        figures |= chaos.run(seed, taps, _progress(taps))
        if both:
            figures |= _compared(seed, taps)
    figures["seconds"] = round(time.monotonic() - began_s, 1)
    figures["taps_per_s"] = round(figures.get("taps", 0) / max(figures["seconds"], 0.1))
    if json_file:
        json_file.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n")
    for key in KEYS:
        if key in figures:
            click.echo(f"{key:18} {figures[key]}")
    _end(figures, repeat)


def _end(figures: dict[str, Any], repeat: str) -> None:
    """Exit code 1, one line that says why, and the shortest command that shows it again."""
    violation = figures.get("violation")
    bad = [f"{key} {figures[key]}" for key in ("lost", "doubled", "grey_open") if figures.get(key)]
    if violation:
        click.echo(f"Error: {violation['what']}", err=True)
        if "seed" in violation:
            gear = repeat[repeat.find(" --gear") :] if " --gear" in repeat else ""
            repeat = f"campus chaos --seed {violation['seed']} --taps {violation['taps']}{gear}"
    elif bad:
        click.echo(f"Error: {', '.join(bad)}", err=True)
    click.echo(repeat)
    if violation or bad or not figures.get("invariants_ok"):
        sys.exit(1)


def _print_weather(seed: int, taps: int, rows: list[dict[str, Any]]) -> None:
    click.echo(f"seed {seed}, {taps} taps on {len(rows)} campuses; 1 in n, what is not named never")
    for row in rows:
        click.echo("  ".join(f"{key} {_shown(value)}" for key, value in row.items() if value))


def _shown(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _progress(taps: int):
    """-> a function that is told how many taps are done, and says so now and then."""
    last_s = time.monotonic()

    def tell(done: int) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= _EVERY_S:
            last_s = time.monotonic()
            click.echo(f"{done} of {taps} taps", err=True)

    return tell


def _compared(seed: int, taps: int) -> dict[str, Any]:
    """terminals_digest of the first campus on all interpreters; they must be the same."""
    here, *there = interpreters.compare(*scenario.parts(seed, taps)[0])
    click.echo(f"terminals of campus {seed}: CPython {here}, MicroPython {', '.join(there)}")
    figures: dict[str, Any] = {"terminals_digest_micropython": there}
    if set(there) != {here}:
        what = f"I9: the terminals' digest is {here} on CPython and {there} on MicroPython"
        figures |= {"invariants_ok": False, "violation": {"what": what}}
    return figures


def _cut_everywhere(seed: int) -> dict[str, Any]:
    """Figures of the power campaign; a cut after which something is wrong is the `violation`."""
    last_s = time.monotonic()

    def tell(figures: dict[str, Any]) -> None:
        nonlocal last_s
        if time.monotonic() - last_s >= _EVERY_S:
            last_s = time.monotonic()
            click.echo(f"{figures['distinct']} cut points, start {figures['starts']}", err=True)

    figures = power.campaign(seed, progress=tell)
    for key in ("cut_points", "distinct", "depth1", "depth2"):
        click.echo(f"{key:18} {figures[key]}")
    if figures["violations"]:
        figures["violation"] = {"what": figures["violations"][0]}
    return figures
