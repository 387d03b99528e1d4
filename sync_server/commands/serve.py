"""`campus serve`: the whole server in one process: gateway on the main thread, HTTP beside it.

Prints one JSON line on standard output when it is ready, everything else on standard error. Ends
cleanly on SIGTERM and SIGINT; after SIGKILL the next start finds everything that was acknowledged.
"""

from __future__ import annotations

import logging

import click

from sync_server.commands import STATE, URLS


@click.command(
    help="Run the server: terminals over TCP and serial lines, people and programs over HTTP."
)
@click.option("--db", "url", required=True, help=URLS)
@STATE
@click.option("--http", default="127.0.0.1:8080", show_default=True, help="HOST:PORT, port 0: any.")
@click.option("--tcp", default="127.0.0.1:7400", show_default=True, help="HOST:PORT, port 0: any.")
@click.option(
    "--serial",
    "ports",
    multiple=True,
    metavar="DEVICE[@BAUD[+MS]]",
    help="A serial line with terminals, 115200 baud unless said; MS: how late what is between "
    "makes their answers. May be given several times.",
)
@click.option(
    "--key-log",
    type=click.Path(dir_okay=False),
    help="Write the keys of all sessions to this file: for debugging the wire, never in service.",
)
@click.option(
    "--hook-host",
    "hook_hosts",
    multiple=True,
    metavar="HOST[:PORT]",
    help="A host of the campus' own network that webhooks may go to, http too. Several times.",
)
@click.option(
    "--json", "json_file", type=click.Path(dir_okay=False), help="Also write the line here."
)
@click.option("--verbose", is_flag=True, help="Log what each terminal does.")
def command(
    url: str,
    state: str | None,
    http: str,
    tcp: str,
    ports: tuple[str, ...],
    key_log: str | None,
    hook_hosts: tuple[str, ...],
    json_file: str | None,
    verbose: bool,
) -> None:
    """Start, say where, serve until told to end."""
    from sync_server.running import Address, StartFailed, serial_ports, serve

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    try:
        lines = serial_ports(ports)
        addresses = Address.read("--http", http), Address.read("--tcp", tcp)
        serve(url, *addresses, json_file, lines, key_log, hook_hosts, state)
    except StartFailed as error:
        raise click.ClickException(str(error)) from None
