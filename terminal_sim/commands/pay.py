"""`campus pay`: a payment channel to try top-ups against, with a page where the payer presses."""

from __future__ import annotations

from pathlib import Path

import click

from terminal_sim import paying

HELP = """A sandbox of a payment channel: it takes a server's orders, shows the payer a page, and
tells the server when the button was pressed. Nobody pays anything.

FILE is what server and channel agreed on: DATABASE.channel, beside the server's database. It is
made, with new keys, where there is none; then start the server.
"""


@click.command(help=HELP)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--http", default="127.0.0.1:8090", show_default=True, help="HOST:PORT to serve on.")
def command(file: Path, http: str) -> None:
    """Until Ctrl-C."""
    host, colon, port = http.rpartition(":")
    if not colon or not port.isdigit():
        raise click.ClickException(f"--http must be HOST:PORT, not {http!r}")
    try:
        shop = paying.Shop(file, host, int(port))
    except (OSError, ValueError, KeyError) as error:
        raise click.ClickException(f"{file}: {error}") from None
    click.echo(f"payment channel: {shop.url}")
    try:
        shop.serve()
    except KeyboardInterrupt:
        shop.close()
