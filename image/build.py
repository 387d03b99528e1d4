"""Signed images of our firmware, one for each kind of terminal: `make image`.

    python -m image.build [--kind pos|gate|water ...] [--key FILE] [--out DIR]

An image is a manifest, a signature and a ROMFS (docs/image.md). Same sources, same key, same
bytes, wherever they are built. Which keys the image trusts is compiled into it: the one that signs
it, and those of `--trust NUMBER=FILE` (public keys), so that a key can follow another. Without
`--key` a new one is made outside the tree, and that is said.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from firmware.core import slots
from firmware.core.layout import Region
from image import slot
from protocol import manifest, messages
from terminal_sim.flash import Flash
from terminal_sim.image import PACKAGES, ROOT, NoCompiler, compile_file

KINDS = {"pos": messages.POS, "gate": messages.GATE, "water": messages.WATER}
OUT = ROOT / "build" / "images"
_RELEASE = Path("firmware/release.py")
_SECTOR = 4096


class BuildFailed(RuntimeError):
    """An image cannot be made; the message says why."""


def version() -> tuple[int, int, int]:
    """Of the project. BuildFailed if it is not three small numbers."""
    told = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    parts = tuple(int(part) for part in told.split(".") if part.isdecimal())
    if len(parts) != 3 or max(parts) > 255:
        raise BuildFailed(f"the version {told} is not three numbers of at most 255")
    return parts[0], parts[1], parts[2]


def content(kind: str, release: tuple[int, int, int], keys: Mapping[int, bytes]) -> bytes:
    """The ROMFS for a kind: no file of another kind, and a release file with these values."""
    others = tuple(f"firmware/kinds/{name}.mpy" for name in KINDS if name != kind)

    def prepare(stage: Path) -> None:
        with tempfile.TemporaryDirectory() as name:
            file = Path(name) / "release.py"
            told = ", ".join(f"{number}: {keys[number]!r}" for number in sorted(keys))
            file.write_text(f"VERSION = {release}\nKEYS = {{{told}}}\n", "utf-8")
            compile_file(file, _RELEASE, stage / _RELEASE.with_suffix(".mpy"))

    return slot.pack(others, prepare)


def sign(
    kind: str,
    key: ec.EllipticCurvePrivateKey,
    number: int,
    romfs: bytes,
    release: tuple[int, int, int] | None = None,
) -> bytes:
    """-> the image: manifest, signature, ROMFS. release: its version, if not the project's."""
    commit, changed = git_state()
    flags = manifest.CHANGED if changed else 0
    digest = hashlib.sha256(romfs).digest()
    head = manifest.pack(
        manifest.Manifest(
            KINDS[kind], release or version(), flags, number, len(romfs), digest, commit
        )
    )
    r, s = decode_dss_signature(key.sign(head, ec.ECDSA(hashes.SHA256(), True)))
    return bytes(head) + r.to_bytes(32, "big") + s.to_bytes(32, "big") + romfs


def build(
    kind: str,
    key: ec.EllipticCurvePrivateKey,
    number: int = 1,
    trusted: Mapping[int, bytes] | None = None,
) -> bytes:
    """The image of a kind, signed by key `number`."""
    keys = {**(trusted or {}), number: public(key.public_key())}
    return sign(kind, key, number, content(kind, version(), keys))


def slot_of(image: bytes) -> bytes:
    """A whole slot with this image, confirmed: what a technician flashes."""
    sectors = slot.SLOT_BYTES // _SECTOR
    flash = Flash(slot.SLOT_BYTES)
    made = slots.Slot(flash, Region(0, sectors))
    made.begin(image[: manifest.SIZE])
    for at in range(manifest.SIZE, len(image), 256):
        made.put(at - manifest.SIZE, image[at : at + 256])
    for event in (slots.WHOLE, slots.TRY, slots.CONFIRM):
        made.mark(event)
    return flash.read(0, slot.SLOT_BYTES)


def git_state() -> tuple[bytes, bool]:
    """-> (commit, was what is built from changed since); no commit where there is no repository."""
    try:
        if Path(_git("rev-parse", "--show-toplevel")) != ROOT.resolve():
            return manifest.NO_COMMIT, True
        commit = bytes.fromhex(_git("rev-parse", "HEAD"))[:20]
        return commit, bool(_git("status", "--porcelain", "--", *PACKAGES, "image"))
    except (OSError, subprocess.CalledProcessError):
        return manifest.NO_COMMIT, True


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True
    ).stdout.strip()


def public(key: ec.EllipticCurvePublicKey) -> bytes:
    """33 bytes, as terminals keep it."""
    encoding, form = serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint
    return key.public_bytes(encoding, form)


def key_path() -> Path:
    """Where this user's own signing key lies, or will."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "campus-card" / "image-key.pem"


def private_key(path: Path | None) -> ec.EllipticCurvePrivateKey:
    """The key of a PEM file; without one, that of this user, made now if there is none."""
    if path is None:
        path = key_path()
        if not path.exists():
            _make_key(path)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        raise BuildFailed(f"{path}: no private key without a password: {error}") from None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise BuildFailed(f"{path}: not a key for P-256")
    return key


def _make_key(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, form, none
    )
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    print(
        f"A new key signs: {path}. Terminals with these images take updates signed by it alone: "
        "keep it, and keep it secret.",
        file=sys.stderr,
    )


def trust(text: str) -> tuple[int, bytes]:
    """From NUMBER=FILE, a public key in PEM. ValueError."""
    number, _, file = text.partition("=")
    key = serialization.load_pem_public_key(Path(file).read_bytes())
    if not isinstance(key, ec.EllipticCurvePublicKey) or not 0 <= int(number) < 1 << 16:
        raise ValueError(text)
    return int(number), public(key)


def table(images: Mapping[str, bytes]) -> str:
    """How much of a slot each takes: a line a kind."""
    lines = ["kind   modules  .mpy bytes  image bytes  slot bytes  full"]
    for kind, image in images.items():
        modules = slot.sizes(image[manifest.SIZE :])
        full = 100 * len(image) // slot.ROOM_BYTES
        lines.append(
            f"{kind:5}  {len(modules):7}  {sum(modules.values()):10,}  {len(image):11,}"
            f"  {slot.ROOM_BYTES:10,}  {full:3} %"
        )
    return "\n".join(lines)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m image.build", description="signed images")
    parser.add_argument("--kind", action="append", choices=KINDS, help="default: each")
    parser.add_argument("--key", type=Path, help="private key, PEM, P-256")
    parser.add_argument("--key-number", type=int, default=1, metavar="N")
    parser.add_argument("--trust", action="append", default=[], metavar="NUMBER=FILE")
    parser.add_argument("--out", type=Path, default=OUT)
    asked = parser.parse_args()
    try:
        key = private_key(asked.key)
        trusted = dict(trust(text) for text in asked.trust)
        asked.out.mkdir(parents=True, exist_ok=True)
        made = {}
        for kind in asked.kind or KINDS:
            image = build(kind, key, asked.key_number, trusted)
            (asked.out / f"{kind}.img").write_bytes(image)
            made[kind] = image
        print(f"version {'.'.join(map(str, version()))}, in {asked.out}\n{table(made)}")
    except (BuildFailed, NoCompiler, OSError, ValueError) as failure:
        sys.exit(f"no image: {failure}")


if __name__ == "__main__":
    main()
