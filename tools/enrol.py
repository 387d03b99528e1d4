"""`campus enrol FILE --server URL`: what was set up without a network becomes known to the server.

The file is the `enrolment.json` of `campus flash --kit`: sealed questions, which need neither token
nor code. Handing it in twice does no harm. Exit codes: 0 all taken; 1 some were not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from tools.fault import LANGUAGES
from tools.flashing import claims, report, work
from tools.flashing.faults import Fault

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(help="Hand in the enrolment file of boards that were set up without a network.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--server", metavar="URL", required=True, help="The server.")
@click.option("--lang", type=click.Choice(list(LANGUAGES)), default="zh", show_default=True,
              help="Language of what people read.")  # fmt: skip
@click.option("--json", "json_file", type=_FILE, help="Also write what became of each here.")
def command(file: Path, server: str, lang: str, json_file: Path | None) -> None:
    """One question after the other."""
    rows = []
    try:
        questions = work.read(file).get("questions", {})
        for board_id, asked in sorted(questions.items()):
            row = {"id": board_id, "taken": True, "says": ""}
            try:
                claims.send(server, asked["claim"], asked["sealed"])
            except Fault as fault:
                row |= {"taken": False, "says": fault.says(lang)}
            rows.append(row)
            click.echo(f"{board_id}  {'✓' if row['taken'] else '✗'}  {row['says']}")
        if json_file:
            work.replace(json_file, report.as_bytes({"boards": rows}))
    except Fault as fault:
        raise click.ClickException(fault.says(lang)) from None
    except (KeyError, TypeError, AttributeError):
        raise click.ClickException(f"{file} is no enrolment file") from None
    sys.exit(0 if all(row["taken"] for row in rows) else 1)
