"""`campus`: one command line for everything, each command in a file of its own.

A command is imported only when it is asked for, so that `campus --help` is quick and no part of
the project needs another one to be there.
"""

from __future__ import annotations

import importlib
import signal
import sys

import click

COMMANDS = {
    "run": ("terminal_sim.commands.run", "Server, terminals with the real firmware, and console."),
    "serve": ("sync_server.commands.serve", "The server: terminals over TCP, people over HTTP."),
    "office": ("sync_server.commands.office", "Accounts of people who work here."),
    "audit": ("sync_server.commands.audit", "Is the log of acts what was written?"),
    "evidence": ("sync_server.commands.evidence", "Is a signed document what was signed?"),
    "pay": ("terminal_sim.commands.pay", "A sandbox payment channel to try top-ups against."),
    "backup": ("sync_server.commands.backup", "The database of one moment, into a file."),
    "restore": ("sync_server.commands.restore", "A backup into an empty database, or its proof."),
    "sim": ("terminal_sim.commands.sim", "One simulated terminal with the real firmware."),
    "replay": ("terminal_sim.commands.replay", "Real records through firmware and server."),
    "chaos": ("terminal_sim.commands.chaos", "Break everything, and check every fen after it."),
    "reader": ("terminal_sim.commands.reader", "A simulated PN532 with a card in its field."),
    "desk": ("tools.desk.command", "Cards: issue, read, check, load, replace, take back."),
    "flash": ("tools.flash", "Boards into terminals: flash, enrol, test, label, report."),
    "enrol": ("tools.enrol", "Hand in boards that were set up without a network."),
    "bench": ("bench.command", "The project's numbers, each beside its peer."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx):
        return list(COMMANDS)

    def get_command(self, ctx, cmd_name):
        if cmd_name not in COMMANDS:
            return None
        return importlib.import_module(COMMANDS[cmd_name][0]).command

    def format_commands(self, ctx, formatter):
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in COMMANDS.items()])


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="campus-card")
def campus():
    """The open campus card: terminals, simulator and server."""


def main():
    """Entry point. Any failure is one clear line and a non-zero exit.

    Told to end (SIGTERM), a command ends as from Ctrl-C: what it started ends with it.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(campus())
