"""`campus reader`: one simulated reader with a card: a PN532 on a pty, for any host that speaks to
a real one, or an ACR122U behind the machine's pcscd.

It holds one card into the field and serves until SIGINT or SIGTERM, then removes the symlink.
The keys it personalises a card with are for demonstration: drawn at start and printed, or given.
"""

import asyncio
import json
import secrets
import shlex
import signal
from pathlib import Path

import click

from card_layout.sectors import SECTOR
from terminal_sim import demo_card
from terminal_sim.acr122u import Acr122u
from terminal_sim.field import Field
from terminal_sim.fmcos import Fmcos
from terminal_sim.iso_dep import IsoDepCard
from terminal_sim.mifare import MifareClassic
from terminal_sim.port import Pn532Port
from terminal_sim.vpcd import Vpcd

_KEY = demo_card.MASTER_BYTES
# how a UID of a kind begins
_UIDS = {"blank": b"\x2c", "mifare": b"\x2c", "cpu": b"\x04", "blank-cpu": b"\x04"}
_CPU = ("cpu", "blank-cpu")


@click.command(name="reader")
@click.option("--pty", "link", type=click.Path(path_type=Path), metavar="PATH",
              help="symlink to make")  # fmt: skip
@click.option("--vpcd", metavar="HOST:PORT", help="where vsmartcard-vpcd of pcscd waits for a card")
@click.option("--card", "kind", default="mifare", show_default=True,
              metavar="|".join((*_UIDS, "FILE")), help="what lies on the reader")  # fmt: skip
@click.option("--uid", default="", metavar="HEX", help="4 or 7 bytes; random if not given")
@click.option("--masters", default="", metavar="HEX", help="48 bytes: sector_a, sector_b, purse")
@click.option("--balance", "balance_fen", default=10000, show_default=True, metavar="FEN",
              help="money on a fresh student's card")  # fmt: skip
@click.option("--keys", "key_file", type=click.Path(path_type=Path), help="write a key file here")
@click.option("--save", type=click.Path(path_type=Path), help="write the card here at the end")
@click.option("--real-time", is_flag=True, help="answer at the speed of a UART and a real card")
@click.option("--json", "json_file", type=click.Path(dir_okay=False, path_type=Path))
def command(link, vpcd, kind, uid, masters, balance_fen, key_file, save, real_time, json_file):
    """Serve a simulated card reader: a PN532 on a pty, or an ACR122U behind pcscd.

    PATH becomes a symlink to the pty. The card is a fresh student's MIFARE card (mifare) or CPU
    card (cpu), one as delivered (blank, blank-cpu), or the dump of one, 1024 bytes (FILE).
    """
    if bool(link) == bool(vpcd):
        raise click.UsageError("one of --pty and --vpcd is needed")
    card = make_card(kind, _hex(uid, (0, 4, 7), "--uid"), masters, balance_fen)
    if kind in _CPU and (key_file or save):
        raise click.ClickException("a CPU card gives its keys and files to nobody")
    if key_file is not None:
        _write(key_file, card.dump())
    if vpcd:
        chip = asyncio.run(_serve_vpcd(card, vpcd))
    else:
        chip = asyncio.run(_serve(card, link, key_file, real_time))
    commands, card_ms = chip.meter.card_commands, round(chip.card_ms, 1)
    click.echo(f"{commands} card commands, {card_ms} ms of card")
    if json_file is not None:
        figures = {"uid": card.uid.hex(), "card_commands": commands, "card_ms": card_ms}
        _write(json_file, (json.dumps(figures) + "\n").encode())
    if save is not None:
        _write(save, card.dump())


def make_card(kind, uid, masters, balance_fen):
    """-> the card for the option --card; ClickException says what is wrong with it."""
    if kind not in _UIDS:
        return _card_of(Path(kind))
    uid = uid or _UIDS[kind] + secrets.token_bytes(6 if kind in _CPU else 3)
    try:
        if kind == "blank":
            card = MifareClassic(uid)
        elif kind == "blank-cpu":
            card = IsoDepCard(uid, Fmcos(secrets.token_bytes))
        elif kind == "cpu":
            card = demo_card.student_cpu(uid, _masters(masters), balance_fen)
        else:
            card = _student(uid, _masters(masters), balance_fen)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"card {kind}, UID {uid.hex()}")
    return card


def _student(uid, masters, balance_fen):
    card = demo_card.student(uid, masters, balance_fen)
    click.echo("demonstration keys (never use them for real cards):")
    for name, master in zip(demo_card.MASTERS, masters, strict=True):
        click.echo(f"  master {name} {master.hex()}")
    for name, key in zip(demo_card.KEY_NAMES, demo_card.sector_keys(uid, masters), strict=True):
        click.echo(f"  sector {SECTOR} key {name} {key.hex()}")
    return card


def _masters(text):
    given = _hex(text, (0, _KEY * len(demo_card.MASTERS)), "--masters")
    given = given or secrets.token_bytes(_KEY * len(demo_card.MASTERS))
    return [given[at : at + _KEY] for at in range(0, len(given), _KEY)]


def _card_of(path):
    try:
        card = MifareClassic.load(path.read_bytes())
    except OSError as error:
        raise click.ClickException(f"no card in {path}: {error.strerror}") from error
    except ValueError as error:
        raise click.ClickException(f"{path}: {error}") from error
    click.echo(f"card of {path}, UID {card.uid.hex()}")
    return card


def _hex(text, lengths, option):
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is not hexadecimal", param_hint=option) from None
    if len(data) not in lengths:
        expected = " or ".join(str(length) for length in lengths if length)
        raise click.BadParameter(f"{len(data)} bytes, not {expected}", param_hint=option)
    return data


def _write(path, data):
    try:
        path.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from error


async def _serve_vpcd(card, where):
    host, _, port = where.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{where!r} is not HOST:PORT", param_hint="--vpcd")
    stopped = _told_to_stop()
    with Vpcd(Acr122u(Field(card)), int(port), host) as end:
        click.echo(f"card for pcscd at {where}; stop with Ctrl-C")
        await stopped.wait()
    return end.reader.chip


def _told_to_stop():
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def _serve(card, link, key_file, real_time):
    loop = asyncio.get_running_loop()
    stopped = _told_to_stop()
    try:
        port = Pn532Port(Field(card), link, loop.call_later if real_time else None)
    except OSError as error:
        raise click.ClickException(f"cannot make {link}: {error.strerror}") from error
    loop.add_reader(port.fileno(), port.on_readable)
    try:
        _tell(port, link, key_file)
        await stopped.wait()
    finally:
        loop.remove_reader(port.fileno())
        port.close()
    return port.chip


def _tell(port, link, key_file):
    """How to reach the reader; the last line is the one that a script waits for."""
    device = f"LIBNFC_DEFAULT_DEVICE={shlex.quote(f'pn532_uart:{link.absolute()}')}"
    click.echo(f"libnfc:  {device} nfc-list")
    if key_file is not None:
        click.echo(f"         {device} nfc-mfclassic r A u dump.mfd {shlex.quote(str(key_file))} f")
    click.echo(f"reader at {link} ({port.path}); stop with Ctrl-C")


if __name__ == "__main__":
    command()
