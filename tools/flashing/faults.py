"""What went wrong with a board, as a name and what belongs into its sentence (sentences.py).

Errors of libraries become Faults here and nowhere else. It prints nothing.
"""

from __future__ import annotations

import errno
import struct

import serial
from esptool.util import FatalError
from mpremote.transport import TransportError

from tools import fault
from tools.flashing.sentences import SENTENCES


class Fault(fault.Fault):
    """Of a board, or of what is needed for it."""

    table = SENTENCES


class Away(Exception):
    """The board is not there at the moment: unplugged, or starting again."""


def of_loader(error: Exception) -> Exception:
    """A Fault or Away, for what esptool raised."""
    said = str(error)
    if isinstance(error, (serial.SerialException, OSError)) or "Could not open" in said:
        return Away(said)
    for sign, name in _LOADER_SIGNS:
        if sign in said:
            return Fault(name)
    if isinstance(error, FatalError):
        return Fault("lost_reply")
    return error


_LOADER_SIGNS = (
    ("MD5 of file does not match", "md5"),
    ("Failed to connect", "mute"),
    ("No serial data received", "mute"),
    ("No more data", "lost_reply"),
    ("Serial data stream stopped", "lost_reply"),
)


def of_console(error: Exception) -> Exception:
    """The same for what mpremote's transport raised. A port that goes in the middle is an error of
    termios, too, and bytes that do not come break the transport's own reading (struct.error)."""
    of_port = (serial.SerialException, OSError, struct.error)
    if isinstance(error, of_port) or type(error).__module__ == "termios":
        return Away(str(error))
    if isinstance(error, TransportError):
        return Fault("lost_reply")
    return error


def of_disk(error: OSError, file: object) -> Fault:
    """For a file of this computer that could not be written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Fault("disk_full", file=file)
    return Fault("cannot_write", file=file, why=error.strerror or error)
