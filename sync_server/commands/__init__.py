"""One file per command of `campus`; each is imported only when it is asked for."""

import click

URLS = "sqlite:///PATH, or postgresql://USER:PASS@HOST/NAME; the tables are made if missing."
STATE = click.option(
    "--state",
    type=click.Path(file_okay=False),
    help="Where keys, token and images lie; else beside the file of a SQLite database.",
)
