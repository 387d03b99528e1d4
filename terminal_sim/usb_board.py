"""A board with USB on the bench, in a thread of its own: plugged in, taken out, started again.

Its port is a pty with a name that stays (`link`, the /dev/ttyACM0 of this bench) and is there while
the board shows a port.

A fault by name: "unplug@N" the cable comes out when the host has sent N bytes, and is put in again
by `plug`; "drops@N" it comes out whenever the host has sent N bytes, and is back at once;
"loops" it resets again and again; "mute" it says nothing. Others are those of the chip.
"""

import contextlib
import os
import pty
import select
import threading
import time
import tty
from pathlib import Path

STEP_S = 0.02
_ROOM = 1 << 20
_AWAY_S = 0.3  # how long a cable that drops is out


class UsbBoard(threading.Thread):
    """chip_id: bytes. folder: for its flash, a file. reader: path of a PN532's pty, or "".

    A kind of board has appear(), for when it gets power, vanish(), for when it loses it, and
    serve(seconds), a step of its time.
    """

    def __init__(self, chip_id, folder, reader="", fault=""):
        super().__init__(daemon=True)
        self.chip_id = chip_id
        self.flash = Path(folder) / f"{chip_id.hex()}.flash"
        self.link = Path(folder) / f"tty-{chip_id.hex()}"
        self.reader = reader
        self.fault, _, value = fault.partition("@")
        self._value = float(value or 0)
        self.heard = 0  # bytes from the host
        self.unplugged = 0  # how often
        self._back_s = 0.0  # when a cable that dropped is in again
        self._heard_in = 0  # of `heard`, since it was plugged in
        self._fd = self._there = None
        self._late = b""  # for a host that does not read at the moment
        self.lock = threading.RLock()
        self._ends = threading.Event()
        self.is_plugged = False

    def run(self):
        """Until `power_off`."""
        while not self._ends.is_set():
            with self.lock:
                self._step()
            if not self.is_plugged:
                self._ends.wait(STEP_S)

    def plug(self):
        """Put the cable in: the board starts."""
        with self.lock:
            if not self.is_plugged:
                self.is_plugged = True
                self._heard_in = 0
                self.appear()

    def unplug(self):
        """Take the cable out: no power."""
        with self.lock:
            if self.is_plugged:
                self.is_plugged = False
                self.unplugged += 1
                self.vanish()

    def power_off(self):
        """For ever."""
        self._ends.set()
        if self.is_alive():
            self.join()
        self.unplug()

    def open_port(self):
        """There is a port."""
        self._fd, self._there = pty.openpty()
        tty.setraw(self._there)
        os.set_blocking(self._fd, False)
        self._late = b""
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(self._there))

    def close_port(self):
        """There is none."""
        if self._fd is not None:
            self.link.unlink(missing_ok=True)
            os.close(self._fd)
            os.close(self._there)
            self._fd = None

    def say(self, data):
        """To the host; what it does not take now goes later, as long as there is room."""
        self._late = (self._late + data)[-_ROOM:]
        if self._fd is not None and self.fault != "mute":
            with contextlib.suppress(BlockingIOError):
                self._late = self._late[os.write(self._fd, self._late) :]

    def hear(self, seconds, also=None):
        """Wait for the host, or for `also`. -> (the host's bytes, has `also` something)."""
        self.say(b"")
        waiting = [self._fd] + ([also] if also is not None else [])
        ready, _, _ = select.select(waiting, [], [], seconds)
        data = os.read(self._fd, 4096) if self._fd in ready else b""
        self.heard += len(data)
        self._heard_in += len(data)
        if self.fault == "unplug" and self.heard >= self._value:
            self.fault = ""
            self.unplug()
            return b"", False
        if self.fault == "drops" and self._heard_in >= self._value:
            self._back_s = time.monotonic() + _AWAY_S
            self.unplug()
            return b"", False
        return data, also is not None and also in ready

    def _step(self):
        if not self.is_plugged:
            if self.fault == "drops" and self.unplugged and time.monotonic() > self._back_s:
                self.plug()
            return
        with contextlib.suppress(OSError):
            self.serve(STEP_S)

    def appear(self):
        """The port is there."""
        raise NotImplementedError

    def vanish(self):
        """The port is gone."""
        raise NotImplementedError

    def serve(self, seconds):
        """Let a step of time go on."""
        raise NotImplementedError
