"""`campus flash`, also `python tools/flash.py`: boards into terminals, many at once.

docs/flash.md has the states and what can go wrong, docs/technician.md the way through an afternoon.
Exit codes: 0 all done; 1 some boards failed; 2 wrong options or files; 3 no board was found;
4 a file of this computer could not be written.
"""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import time
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # as a file: the tree is beside it
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import click
from rich.console import Console as Screen

from image import build
from tools.fault import LANGUAGES
from tools.flashing import (
    batch,
    board,
    claims,
    files,
    journal,
    label,
    ports,
    report,
    selftest,
    work,
)
from tools.flashing.faults import Away, Fault
from tools.flashing.progress import Lines, word

FAILED, WRONG, NOBODY, NO_DISK = 1, 2, 3, 4
_CODES = {"nothing": NOBODY, "disk_full": NO_DISK, "cannot_write": NO_DISK, "gone": FAILED}
_FILE = click.Path(dir_okay=False, path_type=Path)
_PUT = {"path_type": Path}


def _option(*names: str, **more: Any):
    return click.option(*names, **more)


@click.command(help="Make terminals out of boards: flash, enrol, test, label, report.")
@_option("--image", "image_file", type=_FILE, help="Our signed image (.img of make image).")
@_option("--base", "bases", type=_FILE, multiple=True, help="Base firmware: .uf2 and .bin.")
@_option("--trust", multiple=True, metavar="NUMBER=FILE", help="A public key that signs images.")
@_option("--kind", type=click.Choice(list(claims.KINDS)), help="Refuse images for another kind.")
@_option("--server", metavar="URL", help="The server, to enrol at once.")
@_option("--claim", metavar="CODE", envvar="CAMPUS_CLAIM", help="The office's claim code.")
@_option("--kit", type=_FILE, help="Enrol without a network, from this file of the office.")
@_option("--config", type=_FILE, help="config.json for every board: what is wired otherwise.")
@_option("--places", type=_FILE, help="Places, one a line, given out in order.")
@_option(
    "--work",
    "folder",
    type=click.Path(path_type=Path),
    default=Path("campus-flash"),
    show_default=True,
    help="Folder with state, labels and reports; go on with the same one.",
)
@_option("--port", "named_ports", multiple=True, help="Only these ports; may be a pattern.")
@_option("--drive", "named_drives", multiple=True, help="Only these boot drives; may be a pattern.")
@_option(
    "--before",
    type=click.Choice(["default-reset", "usb-reset", "no-reset"]),
    default="default-reset",
    show_default=True,
    help="How an ESP32-S3 gets into its loader; no-reset: BOOT was held.",
)
@_option("--skip", multiple=True, type=click.Choice(list(selftest.TESTS)), help="Skip a test.")
@_option("--anew", is_flag=True, help="Enrol boards anew that are terminals already.")
@_option("--downgrade", is_flag=True, help="Also write an image older than the board's.")
@_option("--patience", default=20.0, show_default=True, help="Seconds to wait for a lost board.")
@_option("--wait", "wait_s", default=3.0, show_default=True, help="Seconds for a console.")
@_option("--list", "only_list", is_flag=True, help="Only tell what is plugged in.")
@_option("--dry-run", is_flag=True, help="Check files and boards, write nothing anywhere.")
@_option("--journal", "is_journal", is_flag=True, help="Only read the journals of terminals.")
@_option("--token-file", type=_FILE, help="The office's token, to hand journals to --server.")
@_option("--csv", "csv_file", type=_FILE, help="The report; default: report.csv in the folder.")
@_option("--json", "json_file", type=_FILE, help="The report as JSON; default: report.json there.")
@_option(
    "--lang",
    type=click.Choice(list(LANGUAGES)),
    default="zh",
    show_default=True,
    help="Language of what people read.",
)
def command(lang: str, **asked: Any) -> None:
    """Run, and end with the code that says how it was."""
    screen = Screen(stderr=True)
    try:
        code = _run(screen, lang, asked)
    except Fault as fault:
        click.echo(f"Error: {fault.says(lang)}", err=True)
        code = _CODES.get(fault.name, WRONG)
    sys.exit(code)


def _run(screen: Screen, lang: str, asked: dict[str, Any]) -> int:
    bench = batch.Bench(
        asked["named_ports"], asked["named_drives"], asked["before"], asked["wait_s"],
        asked["patience"], lang,
    )  # fmt: skip
    if asked["is_journal"]:
        return _journals(screen, bench, asked)
    order = None if asked["only_list"] else _order(asked)
    is_dry = asked["dry_run"] or asked["only_list"]
    done = work.Work(asked["folder"], _places(asked["places"]), is_dry)
    rows: list[report.Row] = []
    with Lines(screen, lang) as lines:
        if order and not is_dry:
            rows += batch.flash_drives(bench, order, lines)
        found, lost = batch.identify_all(bench, lines)
        rows += lost
        if is_dry:
            rows += [batch.row_of(each) for each in found]
            for each in found:
                if each.told:
                    batch.restart(bench, each)
            drives = ports.drives(bench.named_drives)
            rows += [report.Row(str(drive), "RP2040 BOOTSEL") for drive in drives]
        elif order:
            rows += batch.renew_base(bench, order, found, lines)
            rows += batch.work_all(bench, order, found, done, lines)
    if not rows:
        raise Fault("nothing")
    _show(rows, lang)
    if is_dry:
        return FAILED if any(row.fault for row in rows) else 0
    _keep(done, rows, lang, asked)
    return 0 if all(row.is_done for row in rows) else FAILED


def _order(asked: dict[str, Any]) -> board.Order:
    if not asked["image_file"]:
        raise click.UsageError("--image is needed: the signed image of make image")
    if asked["kit"] and asked["server"]:
        raise click.UsageError("--kit is for work without a network, --server for work with one")
    if (asked["kit"] or asked["server"]) and not asked["claim"]:
        raise click.UsageError("--claim is needed: the code that the office made")
    image = files.image(asked["image_file"], _trusted(asked["trust"]), asked["kind"])
    bases: dict[str, bytes | None] = {"rp2_base": None, "esp_base": None}
    for path in asked["bases"]:
        bases |= board.read_base(path)
    config = {}
    if asked["config"]:
        try:
            config = json.loads(asked["config"].read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise click.UsageError(f"{asked['config']}: {error}") from None
    source: claims.Source | None = None
    if asked["claim"]:
        code = claims.Code(asked["claim"])
        if asked["kit"]:
            source = claims.Kit(asked["kit"], code)
        elif asked["server"]:
            source = claims.Online(asked["server"], code)
    return board.Order.of(
        image, **bases, config=config, source=source, skipped=asked["skip"],
        is_anew=asked["anew"], is_downgrade=asked["downgrade"], before=asked["before"],
        wait_s=asked["wait_s"],
    )  # fmt: skip


def _trusted(named: tuple[str, ...]) -> dict[int, bytes]:
    """Public keys by number; without any, the key that this user signs with, as number 1."""
    try:
        if named:
            return dict(build.trust(text) for text in named)
        path = build.key_path()
        return {1: build.public(build.private_key(path).public_key())} if path.exists() else {}
    except (OSError, ValueError, build.BuildFailed) as error:
        raise click.UsageError(f"--trust: {error}") from None


def _places(path: Path | None) -> list[str]:
    if path is None:
        return []
    try:
        return [line.strip() for line in path.read_text("utf-8-sig").splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise click.UsageError(f"{path}: {error}") from None


def _show(rows: list[report.Row], lang: str) -> None:
    """On standard output, one line a board."""
    for row in rows:
        number = f"No. {row.terminal}" if row.terminal else "-"
        state = word("failed" if row.fault else row.state or "found", lang)
        told = [row.port, row.board, row.id, number, state, row.says]
        click.echo("  ".join(filter(None, told)))
        for each in row.tests:
            click.echo(f"    {each.says(lang)}")


def _keep(done: work.Work, rows: list[report.Row], lang: str, asked: dict[str, Any]) -> None:
    """Labels of all terminals of this folder, the report of this run."""
    folder = asked["folder"]
    labels = [
        label.Label(known["number"], known["kind"], known.get("place", ""), board_id,
                    known.get("version", ""))
        for board_id, known in sorted(done.boards.items(), key=lambda one: one[1].get("number", 0))
        if known.get("state") == board.DONE
    ]  # fmt: skip
    if labels:
        work.replace(folder / "labels.pdf", label.pdf(labels))
        work.replace(folder / "labels.zpl", label.zpl(labels))
    told = report.as_json(rows, lang) | {"utc_s": int(time.time())}
    work.replace(asked["csv_file"] or folder / "report.csv", report.as_csv(rows))
    work.replace(asked["json_file"] or folder / "report.json", report.as_bytes(told))


def _journals(screen: Screen, bench: batch.Bench, asked: dict[str, Any]) -> int:
    """Each terminal's records into a file, and to the server if there is one."""
    token = asked["token_file"].read_text("ascii").strip() if asked["token_file"] else ""
    if asked["server"] and not token:
        raise click.UsageError("--token-file is needed to hand journals to a server")
    there = ports.ports(bench.named_ports)
    if not there:
        raise Fault("nothing")
    told, is_bad = [], False
    with Lines(screen, bench.language) as lines:
        for port in there:
            row: dict[str, Any] = {"port": port.path}
            try:
                read_on = functools.partial(lines.tell, port.path, board.FOUND)
                number, slots = journal.read(port.path, bench.wait_s, read_on)
                row |= {"terminal": number, "slots": len(slots) // 64}
                row["file"] = str(journal.keep(asked["folder"], number, slots))
                if asked["server"]:
                    row |= journal.hand_in(asked["server"], token, number, slots)
            except (Fault, Away) as error:
                fault = error if isinstance(error, Fault) else Fault("mute")
                row |= {"fault": fault.name, "says": fault.says(bench.language)}
                is_bad = True
            told.append(row)
            with contextlib.suppress(Away, Fault):
                board.finish(port.path, bench.wait_s)
            click.echo("  ".join(f"{name}={value}" for name, value in row.items()))
    if asked["json_file"]:
        work.replace(asked["json_file"], report.as_bytes({"journals": told}))
    return FAILED if is_bad else 0


if __name__ == "__main__":
    command()
