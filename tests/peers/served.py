"""A simulated reader that serves from a thread while a program that we did not write uses it."""

import os
import shutil
import subprocess
import threading

from terminal_sim.field import Field
from terminal_sim.port import Pn532Port

RUN_MAX_S = 60


class Served:
    """with Served(card, ...) as reader: reader.run("nfc-list") ; cards change between runs only."""

    def __init__(self, *cards, link=None):
        self.port = Pn532Port(Field(*cards), link)
        self.path = self.port.path
        self.chip = self.port.chip
        self.field = self.port.field
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join()
        self.port.close()

    def _serve(self):
        while not self._stop.is_set():
            self.port.wait(0.02)

    @property
    def libnfc_name(self):
        """How libnfc calls this reader."""
        return f"pn532_uart:{self.path}"

    def run(self, program, *arguments):
        """-> what a program of libnfc-bin prints; a clear failure when it is not installed."""
        needs(program)
        done = subprocess.run(
            [program, *map(str, arguments)],
            env={**os.environ, "LIBNFC_DEFAULT_DEVICE": self.libnfc_name, "LC_ALL": "C"},
            capture_output=True,
            text=True,
            timeout=RUN_MAX_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def needs(program):
    """Fail, and say what to do, when a program is missing: a skipped peer proves nothing."""
    assert shutil.which(program), f"{program} is missing: apt-get install libnfc-bin (make setup)"
