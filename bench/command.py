"""`campus bench`: the project's numbers, each beside its bar and its peer."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

NAMES = ("tap", "blacklist", "wire", "ingest", "push")
DEFAULT = ("tap", "blacklist", "wire", "ingest")


@click.command(help=f"Measure: {', '.join(NAMES)} (default: {', '.join(DEFAULT)}).")
@click.argument("names", nargs=-1, type=click.Choice(NAMES))
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def command(names: tuple[str, ...], json_file: Path | None) -> None:
    """Run them one after the other; a missed bar is told with its cause, and is no failure."""
    results = {}
    for name in names or DEFAULT:
        result = importlib.import_module(f"bench.{name}").measure()
        results[name] = result
        _print(name, result)
    if json_file:
        json_file.write_text(json.dumps(results, indent=1) + "\n")


def _print(name: str, result: dict) -> None:
    table = Table(title=name, title_justify="left", show_header=False)
    for key, value in _flat("", result):
        table.add_row(key, str(value))
    Console().print(table)
    if not result.get("reached", True):
        click.echo(f"{name}: a bar was missed. {result.get('cause', 'No cause is known.')}")


def _flat(prefix: str, value):
    """(path, plain value) of everything in a result."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{prefix}{key}.", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(f"{prefix}{index}.", inner)
    else:
        yield prefix.rstrip("."), value
