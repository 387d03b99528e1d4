"""`campus restore`: a backup into an empty database, or the proof that it could be.

With --check nothing is kept: the backup goes into a throw-away database, or is compared with one
that was restored before; either way that one is asked what a college would ask it (store.drill).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import click

from sync_server.commands import STATE
from sync_server.store.trouble import BadUrl, Trouble


@click.command(help="Restore a backup into an empty database, SQLite or PostgreSQL; or check it.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--db", "url", help="The database to restore into, or with --check the restored one.")
@STATE
@click.option("--check", is_flag=True, help="Prove the backup, and the database of --db if any.")
@click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write it here.")
def command(
    file: Path, url: str | None, state: str | None, check: bool, json_file: str | None
) -> None:
    """Restore or check, and say what is there."""
    from sync_server.store.archive import Damaged, NotEmpty

    if url is None and not check:
        raise click.ClickException("--db says what to restore into; --check needs none")
    try:
        told, asked = _proved(file, url, state) if check else _restored(file, url or "")
    except (OSError, BadUrl, Trouble, Damaged, NotEmpty) as error:
        raise click.ClickException(str(error)) from None
    rows = sum(one.rows for one in told.values())
    click.echo(f"{file}: {rows} rows of {len(told)} tables, {asked}")
    if json_file:
        text = json.dumps({"rows": rows, "tables": {n: s._asdict() for n, s in told.items()}})
        Path(json_file).write_text(text + "\n", encoding="utf-8")


def _restored(file: Path, url: str) -> tuple[dict, str]:
    from sync_server.store import archive

    told = archive.load(file, url)
    return told, "restored; put the keys back beside it before the server starts"


def _proved(file: Path, url: str | None, state: str | None) -> tuple[dict, str]:
    from sync_server.store import archive
    from sync_server.store.database import Database

    if url is None:
        with tempfile.TemporaryDirectory() as folder:
            other = f"sqlite:///{folder}/campus.db"
            told = archive.load(file, other)
            return told, _asked(other, state)
    _, told = archive.read_sums(file)
    db = Database(url, only=())
    try:
        found = archive.sums(db)
    finally:
        db.close()
    wrong = [name for name in told if found.get(name) != told[name]]
    if wrong:
        raise click.ClickException(f"{wrong[0]} is not what the backup has")
    return told, _asked(url, state)


def _asked(url: str, state: str | None) -> str:
    """What the drill says of a database. click.ClickException"""
    from sync_server.keyring import Keyring
    from sync_server.running import StartFailed, home_of
    from sync_server.store import drill
    from sync_server.store.store import Store

    try:
        home = home_of(url, state)
    except StartFailed:  # PostgreSQL, and no folder is named
        home = None
    has_keys = home is not None and Path(f"{home}.keys").exists()
    key = Keyring.beside(home).audit_key if has_keys and home is not None else None
    store = Store(url)
    try:
        faults = drill.faults(store, key)
    finally:
        store.close()
    if faults:
        raise click.ClickException("; ".join(faults))
    log = "the log of acts is whole" if key else "the log's links need the keys: --state DIR"
    return f"the same as in the backup; the ledger's sum is 0, lists are theirs, {log}"
