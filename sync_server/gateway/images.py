"""Images of the firmware: one for each kind of terminal, offered to those that run an older one.

Each is a file beside the database; who gets how far is only remembered here and said anew by the
terminals after a restart. What it is not: a judge of signatures. Which key a terminal trusts is in
the image that it runs; here an image must be whole, and newer than the one before.
Put by a web thread, everything else is the loop's.
"""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol import manifest, messages
from protocol.errors import RemoteError
from sync_server.gateway.refusals import Impossible, NotReady

if TYPE_CHECKING:
    from sync_server.gateway.connection import Connection

log = logging.getLogger(__name__)

KINDS = {"pos": messages.POS, "gate": messages.GATE, "water": messages.WATER}
PIECE_BYTES = 1024
IMAGE_MAX = 1024 * 1024
_WORDS = {messages.SAME: "running", messages.FETCHING: "fetching", messages.REFUSED: "refused"}


class Image(NamedTuple):
    """One image, checked."""

    kind: str
    told: Any  # manifest.Manifest
    raw: bytes

    @property
    def number(self) -> int:
        """The version as one number."""
        return manifest.number_of(self.told.version)

    @property
    def signed(self) -> bytes:
        """What is offered."""
        return self.raw[: manifest.SIZE]

    def row(self) -> dict[str, Any]:
        """For people."""
        told = self.told
        return {
            "kind": self.kind,
            "version": ".".join(map(str, told.version)),
            "size": told.size,
            "digest": told.digest.hex(),
            "key": told.key,
            "commit": told.commit.hex(),
            "changed": bool(told.flags & manifest.CHANGED),
        }


def read(raw: bytes) -> Image:
    """The image in these bytes. Impossible if it is none, or not whole."""
    try:
        told = manifest.parse(raw)
    except RemoteError as error:
        raise Impossible(f"this is no image: {error}") from None
    content = raw[manifest.SIZE :]
    if len(content) != told.size:
        raise Impossible(f"the image has {len(content)} bytes, its manifest says {told.size}")
    if hashlib.sha256(content).digest() != told.digest:
        raise Impossible("the image is damaged: its digest is another one")
    for kind, number in KINDS.items():
        if number == told.kind:
            return Image(kind, told, raw)
    raise Impossible(f"there is no kind of terminal {told.kind}")


class Images:
    """What is in `folder`; None: nothing outlives the server."""

    def __init__(self, folder: Path | None = None):
        self._folder = folder
        self._images: dict[str, Image] = {}
        self._progress: dict[int, dict[str, Any]] = {}
        for path in sorted(folder.glob("*.img")) if folder is not None else ():
            try:
                image = read(path.read_bytes())
                self._images[image.kind] = image
            except (OSError, Impossible) as error:
                log.error("%s is not offered: %s", path, error)

    def put(self, raw: bytes) -> Image:
        """Keep this image for its kind. Impossible if it is none, or not newer; NotReady."""
        image = read(raw)
        before = self._images.get(image.kind)
        if before is not None and before.raw != raw and before.number >= image.number:
            told = before.row()["version"]
            raise Impossible(f"version {told} is here already: terminals take newer ones only", 409)
        if self._folder is not None:
            try:
                _write(self._folder, f"{image.kind}.img", raw)
            except OSError as error:
                raise NotReady(f"the image was not stored: {error.strerror or error}") from None
        self._images[image.kind] = image
        return image

    def rows(self) -> list[dict[str, Any]]:
        """All images, for people."""
        return [image.row() for image in self._images.values()]

    def wanted(self, kind: str, runs: int) -> int:
        """Number of the version that a terminal shall have that runs version `runs`."""
        image = self._images.get(kind)
        return max(runs, image.number) if image is not None else runs

    def offer(self, kind: str) -> tuple[int, bytes] | None:
        """-> (version's number, body of IMAGE)."""
        image = self._images.get(kind)
        if image is None:
            return None
        return image.number, messages.encode(messages.IMAGE, (), image.signed)

    def piece(self, connection: Connection, digest: bytes, offset: int) -> bytes | None:
        """-> the bytes from `offset` on of the image with this digest, None if there are none."""
        image = self._images.get(connection.gateway.terminals[connection.number].kind)
        if image is None or image.told.digest[:16] != digest or offset >= image.told.size:
            return None
        at = manifest.SIZE + offset
        data = image.raw[at : at + PIECE_BYTES]
        self._note(connection.number, image, offset + len(data), "fetching")
        return data

    def said(self, connection: Connection, values: Any) -> None:
        """A terminal's answer to the offer."""
        image = self._images.get(connection.gateway.terminals[connection.number].kind)
        if image is not None:
            word = _WORDS.get(values.status, "refused")
            self._note(connection.number, image, values.offset, word)

    def runs(self, number: int, kind: str, version: int) -> None:
        """A terminal reported its version."""
        image = self._images.get(kind)
        if image is not None and version >= image.number and number in self._progress:
            self._note(number, image, image.told.size, "running")

    def progress(self, number: int) -> dict[str, Any] | None:
        """How far a terminal is, for people; None: nothing was offered to it."""
        return self._progress.get(number)

    def _note(self, number: int, image: Image, offset: int, word: str) -> None:
        version = image.row()["version"]
        size = image.told.size
        self._progress[number] = {
            "version": version, "offset": offset, "size": size, "state": word,
        }  # fmt: skip


def _write(folder: Path, name: str, raw: bytes) -> None:
    """All of it or nothing, whenever the power fails."""
    folder.mkdir(exist_ok=True)
    draft = folder / f"{name}.new"
    with open(draft, "wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / name)
    directory = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
