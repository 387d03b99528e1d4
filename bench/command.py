"""`campus bench`: the project's numbers, each beside its bar and its peer.

A figure with a bar is told as reached or missed, and a missed one with the cause that the bench
knows; neither is a failure. What it is not: a gate for changes, as times depend on the machine.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

NAMES = ("tap", "code", "chip", "flash", "blacklist", "wire", "ingest", "push", "pages",
         "report")  # fmt: skip
DEFAULT = ("tap", "code", "chip", "flash", "blacklist", "wire", "ingest")
AT_MOST, AT_LEAST = "at most", "at least"

# bench -> (figure, sense, where in the result its bar stands); * is any row
BARS = {
    "tap": (("card_ms", AT_MOST, "bar_card_ms"),),
    "code": (
        ("bytes", AT_MOST, "bar_bytes"),
        ("qr_version", AT_MOST, "bar_version"),
    ),
    "chip": (
        ("taps.mifare.*.whole_ms", AT_MOST, "bar_mifare_ms"),
        ("taps.cpu.*.whole_ms", AT_MOST, "bar_cpu_ms"),
        ("taps.code.*.whole_ms", AT_MOST, "bar_code_ms"),
        ("blacklist_us", AT_MOST, "bar_blacklist_us"),
    ),
    "flash": (
        ("*.bytes_per_record", AT_MOST, "bar_bytes"),
        ("*.erases_per_1000", AT_MOST, "bar_erases"),
    ),
    "blacklist": (("lists.*.ratio", AT_MOST, "bar"), ("deltas.*.ratio", AT_MOST, "bar")),
    "wire": (("terminals_1000.records_per_s", AT_LEAST, "bar_per_s"),),
    "ingest": (("ratio", AT_LEAST, "bar"),),
    "report": (("ratio", AT_MOST, "bar"),),
}
_TEXT = ("cause", "reached")  # told below the table


@click.command(help=f"Measure: {', '.join(NAMES)} (default: {', '.join(DEFAULT)}).")
@click.argument("names", nargs=-1, type=click.Choice(NAMES), metavar="[NAME]...")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write {name: result} to this file.",
)
def command(names: tuple[str, ...], json_file: Path | None) -> None:
    """Run them one after the other; one that fails is told, and the others still run."""
    results, failed = {}, []
    for name in dict.fromkeys(names or DEFAULT):
        try:
            results[name] = importlib.import_module(f"bench.{name}").measure()
        except Exception as fault:  # whatever it was, the numbers of the others are wanted
            failed.append(f"{name} failed: {fault or type(fault).__name__}")
            continue
        _print(name, results[name])
    if json_file:
        json_file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if failed:
        raise click.ClickException("; ".join(failed))


def rows(name: str, result: dict[str, Any]) -> Iterator[tuple[str, Any, str, str]]:
    """(figure, value, bar, "reached" or "missed") of everything; "" where there is no bar."""
    plain = dict(_flat("", result))
    bars = BARS.get(name, ())
    without = {where for _, _, where in bars}
    for figure, value in plain.items():
        if figure in _TEXT or figure in without:
            continue
        for pattern, sense, where in bars:
            if fnmatchcase(figure, pattern):
                bar = plain[where]
                good = value <= bar if sense == AT_MOST else value >= bar
                yield figure, value, f"{sense} {bar}", "reached" if good else "missed"
                break
        else:
            yield figure, value, "", ""


def _print(name: str, result: dict[str, Any]) -> None:
    table = Table(title=name, title_justify="left")
    for head in ("figure", "value", "bar", ""):
        table.add_column(head, overflow="fold")
    missed = []
    for figure, value, bar, verdict in rows(name, result):
        table.add_row(figure, str(value), bar, verdict)
        if verdict == "missed":
            missed.append(figure)
    Console().print(table)
    if missed:
        cause = result.get("cause", "the bench gives no cause")
        click.echo(f"{name}: missed {', '.join(missed)}. Cause: {cause}.")


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, Any]]:
    """(path, plain value) of everything in a result."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{prefix}{key}.", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(f"{prefix}{index}.", inner)
    else:
        yield prefix.rstrip("."), value
