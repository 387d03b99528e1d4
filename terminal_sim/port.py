"""A PN532 on a pty: the file that a host opens as its serial port.

    port = Pn532Port(field)                     # port.path is the pty to give to a host
    loop.add_reader(port.fileno(), port.on_readable)         # many ports in one event loop
    while running: port.wait(timeout_s)                      # or one by itself

It answers as fast as it can; with `later` (such as loop.call_later) each answer is sent after
the time that UART and card would take. Limits: a host that does not read loses bytes, as on a
UART; nothing is ever kept for it. Source of the bytes: hsu.py.
"""

import contextlib
import os
import pty
import select
import time
import tty
from pathlib import Path

from terminal_sim.hsu import Hsu
from terminal_sim.pn532 import Pn532

READ_MAX = 4096
GAP_S = 0.25  # a host writes a frame in one go; longer silence ends half a frame


class Pn532Port:
    """chip: the Pn532 behind it, with card_ms and the counts. path: of the pty's host side.

    link: a path to make a symlink at, replaced when it is a symlink already. later: None, or a
    callable (seconds, function, argument).
    """

    def __init__(self, field, link=None, later=None):
        self.field = field
        self.chip = Pn532(field)
        self.hsu = Hsu(self.chip)
        self.link = None
        self._later = later
        self._heard_s = 0.0
        self._fd, self._host_fd = pty.openpty()  # the host side stays open between hosts
        tty.setraw(self._host_fd)
        os.set_blocking(self._fd, False)
        self.path = os.ttyname(self._host_fd)
        field.watchers.append(self.on_card)
        if link is not None:
            try:
                self._make_link(Path(link))
            except OSError:
                self.close()
                raise

    def fileno(self):
        """-> descriptor to watch for reading."""
        return self._fd

    def on_readable(self):
        """Call when the descriptor is readable; never blocks."""
        try:
            data = os.read(self._fd, READ_MAX)
        except BlockingIOError:
            return
        if self.hsu.is_partial:
            now_s = time.monotonic()
            if now_s - self._heard_s > GAP_S:
                self.hsu.gap()
        sends = self.hsu.feed(data)
        if self.hsu.is_partial:
            self._heard_s = time.monotonic()
        if sends:
            self._send(sends)

    def on_card(self):
        """A card was put into the field: a host may be waiting for it."""
        sends = self.hsu.look_again()
        if sends:
            self._send(sends)

    def wait(self, timeout_s):
        """Stand-alone: serve what comes within `timeout_s` -> True if something came."""
        ready, _, _ = select.select([self._fd], [], [], timeout_s)
        if ready:
            self.on_readable()
        return bool(ready)

    def close(self):
        """Remove the symlink and the pty; a second call does nothing."""
        if self._fd < 0:
            return
        self.field.watchers.remove(self.on_card)
        if self.link is not None and self.link.is_symlink():
            self.link.unlink()
        os.close(self._fd)
        os.close(self._host_fd)
        self._fd = self._host_fd = -1

    def _send(self, sends):
        if self._later is None:
            self._write(b"".join([data for _, data in sends]))
            return
        delay_us = 0
        for wait_us, data in sends:
            delay_us += wait_us
            self._later(delay_us / 1000000, self._write, data)

    def _write(self, data):
        if self._fd >= 0:
            with contextlib.suppress(BlockingIOError):
                os.write(self._fd, data)

    def _make_link(self, link):
        if link.is_symlink():
            link.unlink()  # of a reader that did not end well
        link.symlink_to(self.path)
        self.link = link
