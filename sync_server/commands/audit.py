"""`campus audit`: is the log of acts what was written, from its first row to its last?

Prints how many rows there are and the last link. Keep that line on paper: with `--expect` it shows
later that even whoever had the database and its keys did not write another past.
"""

from __future__ import annotations

import json
from pathlib import Path

import click

from sync_server.commands import STATE
from sync_server.commands.office import opened


@click.command(help="Check the chain of the log of acts; fails and names the first row if broken.")
@click.option("--db", "url", required=True, help="The server's database, as it has it.")
@STATE
@click.option("--expect", default="", metavar="N:LINK", help="What an earlier check has printed.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write it here.")
def command(url: str, state: str | None, expect: str, json_file: str | None) -> None:
    """Check, and say."""
    printed = _printed(expect) if expect else None
    store = opened(url, state)
    count, link, fault = store.audit.check(printed)
    store.close()
    told = {"rows": count, "link": link.hex(), "fault": fault._asdict() if fault else None}
    if json_file:
        Path(json_file).write_text(json.dumps(told) + "\n", encoding="utf-8")
    if fault:
        raise click.ClickException(f"row {fault.number} of the log {fault.why}")
    click.echo(f"the log is whole: {count}:{link.hex()}")


def _printed(text: str) -> tuple[int, bytes]:
    number, _, link = text.partition(":")
    try:
        if len(link) != 64:
            raise ValueError
        return int(number), bytes.fromhex(link)
    except ValueError:
        raise click.ClickException("--expect must be N:LINK as it was printed") from None
