"""`campus backup`: the whole database of one moment, into a file, while the server runs."""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from sync_server.store.trouble import BadUrl, Trouble


@click.command(help="Write a backup of a database; the server may run. The keys are not in it.")
@click.option("--db", "url", required=True, help="The server's database, as it has it.")
@click.option(
    "--to", "path", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="The file to make; it must not be there yet.",
)  # fmt: skip
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write it here.")
def command(url: str, path: Path, json_file: str | None) -> None:
    """Write it, and say what is in it."""
    from sync_server.store import archive
    from sync_server.store.database import Database, engine_of
    from sync_server.store.sqlite import Sqlite

    try:
        engine = engine_of(url)
        if isinstance(engine, Sqlite) and not Path(engine.path).exists():
            raise click.ClickException(f"{engine}: there is no database")
        db = Database(url, only=())
        try:
            told = archive.write(db, path, int(time.time()))
        finally:
            db.close()
    except FileExistsError:
        raise click.ClickException(f"{path} is there already") from None
    except (OSError, BadUrl, Trouble) as error:
        raise click.ClickException(str(error)) from None
    rows = sum(one.rows for one in told.values())
    click.echo(f"{path}: {rows} rows of {len(told)} tables; keep the keys apart from it")
    if json_file:
        text = json.dumps({"rows": rows, "tables": {n: s._asdict() for n, s in told.items()}})
        Path(json_file).write_text(text + "\n", encoding="utf-8")
