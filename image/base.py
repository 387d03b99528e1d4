"""The base firmware, from Debian's source packages: `make image-base`, `python -m image.base`.

It makes three files: MicroPython for our RP2040 board (`campus-term.uf2`), the same version for a
PC (`micropython`) and its compiler (`mpy-cross`). They lie outside the tree, in a folder of the
user's cache that is named by the digest of everything here that makes them; `sources.json` beside
them tells the packages that were used. Built again from the same packages by the same compiler,
they are the same byte for byte, wherever they are built.

The suite is reached through the machine's own package sources, in a private configuration: nothing
of the machine's is changed. Needs Linux with apt, and the packages that `make image-base` installs.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from image import names, uf2

UF2, UNIX, CROSS, SOURCES = "campus-term.uf2", "micropython", "mpy-cross", "sources.json"
BOARD = "CAMPUS_TERM"
CODE_BYTES = 640 * 1024  # below the storage: mpconfigboard.h
SUITE = "trixie"
#            package: (version that was tried, how it is had)
PACKAGES = {
    "micropython": ("1.25.0+ds-1", "source"),
    "mbedtls": ("3.6.6-0.1~deb13u1", "source"),
    "pico-sdk-source": ("2.1.1-1", "binary"),
    "tinyusb-source": ("0.18.0+dfsg-1", "binary"),
}
# Sources of the firmware that the base firmware has too: what chooses a slot.
SHARED = (
    *("protocol/__init__.py", "protocol/errors.py", "protocol/keypage.py", "protocol/manifest.py"),
    *("firmware/__init__.py", "firmware/core/__init__.py", "firmware/core/layout.py"),
    *("firmware/core/nor.py", "firmware/core/slots.py", "firmware/boards/__init__.py"),
    *("firmware/boards/rp2_flash.py", "firmware/boards/rp2_restarts.py"),
)
# The distributor's patch that takes the system's mbedTLS; a chip has no system.
_NOT_FOR_CHIPS = "debian/patches/0006-extmod-Use-system-mbedtls.patch"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_EPOCH_S = "1750000000"  # the build's date: any, but always the same
_HERE = Path(__file__).parent
_ROOT = _HERE.parent


class BuildFailed(RuntimeError):
    """A step of the build; the message ends with what it said."""


def folder() -> Path:
    """Where the files of this state of the tree lie, or will."""
    digest = hashlib.sha256()
    recipe = [_HERE / name for name in ("base.py", "names.py", "uf2.py", names.KEPT.name)]
    recipe += sorted((_HERE / BOARD).rglob("*"))
    for path in recipe + [_ROOT / name for name in SHARED]:
        if path.is_file() and path.suffix != ".pyc":
            digest.update(str(path.relative_to(_ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "campus-card" / f"base-{digest.hexdigest()[:16]}"


def is_built() -> bool:
    """True if there is nothing to do."""
    return (folder() / SOURCES).exists()


def build(target: Path) -> None:
    """Make all files in `target`. BuildFailed."""
    with tempfile.TemporaryDirectory(prefix="campus-base-") as name:
        work = Path(name)
        used = _download(work)
        tree = _unpack(work)
        draft = work / "out"
        draft.mkdir()
        _compile_pc(tree, draft)
        _compile_board(tree, draft)
        (draft / SOURCES).write_text(json.dumps(used, indent=1) + "\n")
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=target.parent))
        shutil.copytree(draft, copy, dirs_exist_ok=True)
        try:
            copy.rename(target)
        except OSError:  # somebody else was quicker
            shutil.rmtree(copy)


def _run(command: list[str], where: Path, **environment: str) -> str:
    """-> what it printed."""
    done = subprocess.run(
        command, cwd=where, env={**os.environ, **environment}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
        raise BuildFailed(f"{' '.join(command[:4])}: {last}")
    return done.stdout


def _download(work: Path) -> dict[str, str]:
    """The packages, into work/packages. -> their versions; others than were tried are told."""
    apt = work / "apt"
    for path in ("lists/partial", "cache/archives/partial", "sources"):
        (apt / path).mkdir(parents=True)
    targets = _run(["apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)"], work)
    mirror = next((line.split()[0] for line in targets.splitlines() if " main" in line), None)
    if mirror is None:
        raise BuildFailed("this machine has no source of Debian packages")
    (apt / "sources" / "suite.sources").write_text(
        f"Types: deb deb-src\nURIs: {mirror}\nSuites: {SUITE}\nComponents: main\n"
        f"Signed-By: {_KEYRING}\n"
    )
    config = apt / "apt.conf"
    config.write_text(
        f'Dir::Etc::sourcelist "{os.devnull}";\nDir::Etc::sourceparts "{apt / "sources"}";\n'
        f'Dir::State::lists "{apt / "lists"}";\nDir::Cache "{apt / "cache"}";\n'
        'APT::Sandbox::User "root";\n'
    )
    packages = work / "packages"
    packages.mkdir()
    _run(["apt-get", "update", "-qq"], work, APT_CONFIG=str(config))
    used = {}
    for package, (tried, kind) in PACKAGES.items():
        get = ["source", "--download-only"] if kind == "source" else ["download"]
        _run(["apt-get", "-qq", *get, f"{package}/{SUITE}"], packages, APT_CONFIG=str(config))
        found = next(packages.glob(f"{package}_*.{'dsc' if kind == 'source' else 'deb'}"))
        used[package] = found.stem.split("_")[1]
        if used[package] != tried:
            print(f"{package}: {used[package]}; {tried} is what was tried", file=sys.stderr)
    return used


def _unpack(work: Path) -> Path:
    """-> MicroPython's tree with all that belongs in it."""
    packages, tree, extra = work / "packages", work / "micropython", work / "extra"
    description = next(packages.glob("micropython_*.dsc"))
    _run(["dpkg-source", "--extract", str(description), str(tree)], work)
    _run(["patch", "--reverse", "--strip=1", f"--input={_NOT_FOR_CHIPS}"], tree)
    for package in packages.glob("*.deb"):
        _run(["dpkg-deb", "--extract", str(package), str(extra)], work)
    for name in ("pico-sdk", "tinyusb"):
        shutil.rmtree(tree / "lib" / name, ignore_errors=True)
        shutil.copytree(extra / "usr" / "src" / name, tree / "lib" / name, symlinks=True)
    crypto = tree / "lib" / "mbedtls"
    shutil.rmtree(crypto, ignore_errors=True)
    crypto.mkdir()
    archive = next(packages.glob("mbedtls_*.orig.tar.*"))
    _run(["tar", "-xf", str(archive), "--strip-components=1"], crypto)
    (tree / "lib" / "micropython-lib" / "README.md").touch()  # where a submodule would lie
    return tree


def _make(tree: Path, *arguments: str, flags: str = "CFLAGS_EXTRA") -> None:
    jobs = f"--jobs={os.cpu_count() or 1}"
    extra = f"{flags}=-ffile-prefix-map={tree}=."
    _run(["make", "--silent", jobs, *arguments, extra], tree, SOURCE_DATE_EPOCH=_EPOCH_S)


def _compile_pc(tree: Path, draft: Path) -> None:
    _make(tree, "-C", "mpy-cross")
    shutil.copy2(tree / "mpy-cross/build/mpy-cross", draft / CROSS)
    manifest = tree / "pc.manifest.py"
    manifest.write_text('include("$(MPY_DIR)/extmod/asyncio")\n')
    off = [f"MICROPY_PY_{part}=0" for part in ("BTREE", "FFI", "JNI")]
    _make(tree, "-C", "ports/unix", "VARIANT=standard", f"FROZEN_MANIFEST={manifest}", *off)
    shutil.copy2(tree / "ports/unix/build-standard/micropython", draft / UNIX)


def _compile_board(tree: Path, draft: Path) -> None:
    port = tree / "ports/rp2"
    board = tree / "board" / BOARD  # in the tree, so that no path of this machine is built in
    shutil.copytree(_HERE / BOARD, board, ignore=shutil.ignore_patterns("__pycache__"))
    for name in SHARED:
        copy = board / "shared" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(_ROOT / name, copy)
    (board / "modules" / "names.py").write_text(names.module(names.kept()))
    target = port / f"build-{BOARD}"
    flags = dict.fromkeys(("CFLAGS", "CXXFLAGS", "ASMFLAGS"), f"-ffile-prefix-map={tree}=.")
    configure = [
        *("cmake", "-S", str(port), "-B", str(target), f"-DMICROPY_BOARD={BOARD}"),
        *(f"-DMICROPY_BOARD_DIR={board}", "-DPICO_NO_PICOTOOL=1", "-DPICO_BUILD_DOCS=0"),
    ]
    _run(configure, tree, SOURCE_DATE_EPOCH=_EPOCH_S, **flags)
    _make(tree, "-C", str(target), flags="UNUSED")
    binary = (target / "firmware.bin").read_bytes()
    if len(binary) > CODE_BYTES:
        raise BuildFailed(f"the base firmware has {len(binary)} bytes, at most {CODE_BYTES}")
    (draft / UF2).write_bytes(uf2.pack(binary))


def main() -> None:
    """The command. Exit 1 with `--built` if there is something to build, or when it fails."""
    parser = argparse.ArgumentParser(prog="python -m image.base", description="base firmware")
    parser.add_argument("--built", action="store_true", help="only tell whether it is there")
    parser.add_argument("--into", type=Path, help="build into this folder, whatever is there")
    asked = parser.parse_args()
    if asked.built:
        sys.exit(not is_built())
    try:
        if asked.into or not is_built():
            build(asked.into or folder())
    except BuildFailed as failure:
        sys.exit(str(failure))
    print(asked.into or folder())


if __name__ == "__main__":
    main()
