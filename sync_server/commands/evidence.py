"""`campus evidence`: is a document that the server signed still what it was?

Whoever shall check gets the certificate once, by a way that they trust; then no server is needed.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import click

from sync_server.commands import STATE

_JSON = click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write it here.")


@click.group(help="Check documents that the server signed, and fetch its certificate.")
def command() -> None:
    """Documents."""


@command.command("verify", help="Fails, and says why, if one byte is not as it was signed.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--certificate", type=click.Path(exists=True, dir_okay=False), help="PEM of the server."
)
@click.option("--db", "url", default="", help="Or the server's database: also, is it in the log?")
@STATE
@_JSON
def verify(
    file: str, certificate: str | None, url: str, state: str | None, json_file: str | None
) -> None:
    """Check one file."""
    from sync_server.documents import MOST_BYTES, Broken, check

    if bool(certificate) == bool(url):
        raise click.ClickException("give --certificate FILE, or --db URL")
    pem = Path(certificate).read_bytes() if certificate else _key(url, state).certificate
    with open(file, "rb") as opened:
        raw = opened.read(MOST_BYTES + 1)
    try:
        found = check(raw, pem)
    except Broken as error:
        raise click.ClickException(f"{file}: {error}") from None
    issued = _issued(url, state, found.digest) if url else None
    if url and issued is None:
        raise click.ClickException(f"{file}: it is signed, but the log does not know of it")
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(found.signed_utc_s))
    by = f", issued by {issued['who']} for {issued['subject']}" if issued else ""
    click.echo(f"whole: signed {when} by {found.signer}{by}; sha256 {found.digest}")
    if json_file:
        told = found._asdict() | {"issued": issued}
        Path(json_file).write_text(json.dumps(told, ensure_ascii=False) + "\n", encoding="utf-8")


@command.command("certificate", help="The server's certificate, to give to whoever shall check.")
@click.option("--db", "url", required=True, help="The server's database, as it has it.")
@STATE
def certificate(url: str, state: str | None) -> None:
    """PEM on standard output."""
    click.echo(_key(url, state).certificate.decode("ascii"), nl=False)


def _key(url: str, state: str | None):
    from sync_server.documents import DocumentKey
    from sync_server.running import StartFailed, home_of

    try:
        path = home_of(url, state)
        if not Path(f"{path}.keys").exists():
            raise click.ClickException(f"{path}: there is no database; start the server once")
        return DocumentKey.beside(path)
    except (OSError, StartFailed) as error:
        raise click.ClickException(str(error)) from None


def _issued(url: str, state: str | None, digest: str) -> dict | None:
    """The row of the log that tells of it."""
    from sync_server.commands.office import opened

    store = opened(url, state)
    try:
        return store.audit.document(digest)
    finally:
        store.close()
