"""A bench with boards on USB, files to flash, and the tool as a command."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from image import build, uf2
from terminal_sim.field import Field
from terminal_sim.port import Pn532Port
from terminal_sim.usb_esp32 import UsbEsp32
from terminal_sim.usb_rp2 import OTHER_PYTHON, UsbRp2
from tests.tools import esp_images

ROOT = Path(__file__).parents[2]
PATIENCE_S = 300


class Files:
    """What is flashed, made once: an image of a POS, its public key, base files."""

    def __init__(self, folder):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.image = folder / "pos.img"
        self.image.write_bytes(build.build("pos", self.key))
        self.public = folder / "public.pem"
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        pem = self.key.public_key().public_bytes(serialization.Encoding.PEM, form)
        self.public.write_bytes(pem)
        self.uf2 = folder / "base.uf2"
        self.uf2.write_bytes(uf2.pack(bytes(range(1, 256)) * 100))
        self.bin = folder / "esp.bin"
        self.bin.write_bytes(esp_images.base())

    def arguments(self):
        """Options of the tool for these files."""
        return [
            *("--image", self.image, "--trust", f"1={self.public}"),
            *("--base", self.uf2, "--base", self.bin),
        ]


class Readers:
    """Real PN532s of the simulator, in one thread."""

    def __init__(self):
        self._ports = []
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def new(self):
        """-> path of the pty."""
        port = Pn532Port(Field())
        self._ports.append(port)
        return port.path

    def stop(self):
        self._ends.set()
        self._thread.join()
        for port in self._ports:
            port.close()

    def _serve(self):
        while not self._ends.wait(0.01):
            for port in list(self._ports):
                port.wait(0)


class Bench:
    """Boards by number; `campus` runs the tool at their ports."""

    def __init__(self, folder, files, work="work"):
        self.folder = folder / "usb"
        self.folder.mkdir()
        self.work = folder / work
        self.files = files
        self.readers = Readers()
        self.boards = []

    def rp2(self, number, fault="", has_reader=True, boot=True, is_other=False):
        """An RP2040, new from the shop: a boot drive; or with our base or another MicroPython."""
        reader = self.readers.new() if has_reader else ""
        board = UsbRp2(bytes.fromhex(f"e6614104{number:08x}"), self.folder, reader, fault)
        if boot:
            board.hold_boot_button()
        else:
            content = bytearray(board.flash.read_bytes())
            content[:256] = bytes(range(256))
            if is_other:
                content[: len(OTHER_PYTHON)] = OTHER_PYTHON
            board.flash.write_bytes(content)
            board.plug()
        return self._on(board)

    def esp32(self, number, fault="", has_reader=True, boot=True):
        """An ESP32-S3 with BOOT held."""
        reader = self.readers.new() if has_reader else ""
        mac = bytes.fromhex(f"7cdfa1{number:06x}")
        board = UsbEsp32(mac, self.folder, reader, fault, holds_boot=boot)
        board.plug()
        return self._on(board)

    def _on(self, board):
        board.start()
        self.boards.append(board)
        return board

    def campus(self, *more, patience=4, command="flash"):
        """-> (exit code, standard output, standard error)"""
        line = [sys.executable, "-m", "sync_server", command]
        if command == "flash":
            line = [sys.executable, ROOT / "tools" / "flash.py"]
            line += ["--port", self.folder / "tty-*", "--drive", self.folder / "RPI-RP2-*"]
            line += ["--before", "no-reset", "--work", self.work, "--patience", patience]
        done = subprocess.run(
            [*map(str, line), *map(str, more)],
            capture_output=True, text=True, timeout=PATIENCE_S, check=False, cwd=ROOT,
            env=os.environ | {"COLUMNS": "200"},
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    def flash(self, *more, **how):
        """The tool with the files."""
        return self.campus(*self.files.arguments(), *more, **how)

    def report(self):
        """Of the last run."""
        return json.loads((self.work / "report.json").read_text("utf-8"))

    def state(self):
        """id -> what is known."""
        return json.loads((self.work / "state.json").read_text("utf-8"))["boards"]

    def stop(self):
        for board in self.boards:
            board.power_off()
        self.readers.stop()
