"""`campus office`: accounts of people who work here, from the machine that has the database.

The first one is made here; later ones are made on the page, by the centre. Works beside a running
server: it writes one short transaction, and that is in the log like any other.
"""

from __future__ import annotations

import getpass
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from protocol.errors import LocalError
from sync_server.commands import STATE
from sync_server.core import rights
from sync_server.store.trouble import Trouble

if TYPE_CHECKING:
    from sync_server.store.store import Store

_DB = click.option("--db", "url", required=True, help="The server's database, as it has it.")
_JSON = click.option("--json", "json_file", type=click.Path(dir_okay=False), help="Write it here.")


@click.group(help="Make accounts for people who work here, and list them.")
def command() -> None:
    """Accounts."""


@command.command("add", help="Make an account; prints a password that must be changed at once.")
@click.argument("name")
@click.option("--role", required=True, type=click.Choice(rights.ROLES), help="The office.")
@click.option("--shown", default="", help="The full name on pages; default: NAME.")
@click.option("--merchant", default="", help="Of a merchant's account: which one.")
@_DB
@STATE
@_JSON
def add(
    name: str,
    role: str,
    shown: str,
    merchant: str,
    url: str,
    state: str | None,
    json_file: str | None,
) -> None:
    """One account."""
    from sync_server.web.centre.officers import read_officer
    from sync_server.web.refusals import BadField

    try:
        given = {"name": name, "role": role, "shown": shown or name, "merchant": merchant}
        wish = read_officer(given)
    except BadField as error:
        raise click.ClickException(str(error)) from None
    store = opened(url, state)
    now_s = int(time.time())

    def make(hashed: str) -> None:
        store.officers.add(wish, hashed, _by(), now_s)

    _given(store, "office add", wish["name"], make, json_file)


@command.command("password", help="Give a new password to somebody who forgot theirs.")
@click.argument("name")
@_DB
@STATE
@_JSON
def password(name: str, url: str, state: str | None, json_file: str | None) -> None:
    """One that must be changed at once; every session of theirs ends."""
    store = opened(url, state)
    found = store.officers.password_of(name.lower())
    if found is None:
        store.close()
        raise click.ClickException(f"there is no open account {name}")
    number = found[0]

    def change(hashed: str) -> None:
        store.officers.set_password(number, hashed, False)

    _given(store, "office password", name.lower(), change, json_file)


def _given(
    store: Store, what: str, name: str, work: Callable[[str], None], json_file: str | None
) -> None:
    """Make a password, do the work with its hash and keep that in the log, and tell it once."""
    from sync_server.core.audit import Act
    from sync_server.gateway.offices import given_password, hashed

    told = given_password()
    act = Act(_by(), "", what, f"name {name}", {})
    try:
        store.audit.audited(act, int(time.time()), work, hashed(told))
    except (LocalError, Trouble) as error:
        raise click.ClickException(str(error)) from None
    finally:
        store.close()
    click.echo(f"account {name}, password {told}, to be changed at once")
    if json_file:
        text = json.dumps({"name": name, "password": told})
        Path(json_file).write_text(text + "\n", encoding="utf-8")


def _by() -> str:
    return f"shell {getpass.getuser()}"


@command.command("list", help="List the accounts.")
@_DB
@STATE
@_JSON
def list_(url: str, state: str | None, json_file: str | None) -> None:
    """All of them."""
    store = opened(url, state)
    rows = store.officers.all()
    store.close()
    for row in rows:
        state = "closed" if row["closed_utc_s"] else "open"
        click.echo(f"{row['name']:<16} {row['role']:<10} {state:<7} {row['shown']}")
    if json_file:
        text = json.dumps({"officers": rows}, ensure_ascii=False)
        Path(json_file).write_text(text + "\n", encoding="utf-8")


def opened(url: str, state: str | None = None) -> Store:
    """The store of a server's database, with the key of its log. click.ClickException"""
    from sync_server.keyring import Keyring
    from sync_server.running import StartFailed, home_of
    from sync_server.store.store import Store

    try:
        path = home_of(url, state)
        if not Path(f"{path}.keys").exists():
            raise click.ClickException(f"{path}: there is no database; start the server once")
        store = Store(url)
        store.audit.key = Keyring.beside(path).audit_key
    except (OSError, Trouble, StartFailed) as error:
        raise click.ClickException(str(error)) from None
    return store
