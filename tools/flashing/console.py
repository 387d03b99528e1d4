"""A board's console, over mpremote's own transport: programs in, one line of answer out.

What a cable does becomes Away (it may come back) or a Fault. A board that is busy with a terminal
is interrupted and starts again without it (the raw REPL after a soft reset).
"""

from __future__ import annotations

import contextlib
import json
import termios
import time
from pathlib import Path
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from tools.flashing.faults import Away, Fault, of_console

_PROGRAM = Path(__file__).with_name("on_board.py")
_ANSWER_S = 20
_BREATH_S = 0.5
_SIGNS_OF_START = (b"MicroPython v", b"ESP-ROM", b"rst:0x", b"Brownout")
_RAW = b"raw REPL; CTRL-B to exit\r\n"


class _Transport(SerialTransport):
    """mpremote's, with an entry that prints nothing and ends when nobody answers."""

    def enter_quietly(self, wait_s: float, answer_s: float) -> bytes:
        """-> what the board said instead, or b"" when it is in the raw REPL. It is asked again and
        again: who is busy, or starts, may not hear the first time."""
        said, end_s = b"", time.monotonic() + wait_s
        while _RAW + b">" not in said:
            if time.monotonic() > end_s:
                return said or b"\0"
            self.serial.write(b"\r\x03")
            said += self.read_until(1, b">", timeout_overall=_BREATH_S)
            self.serial.write(b"\r\x01")
            said += self.read_until(1, _RAW + b">", timeout_overall=2 * _BREATH_S)
        self.serial.write(b"\x04")
        said = self.read_until(1, b"soft reboot\r\n", timeout_overall=answer_s)
        said += self.read_until(1, _RAW, timeout_overall=answer_s)
        self.in_raw_repl = said.endswith(_RAW)
        return b"" if self.in_raw_repl else said


class Console:
    """Open from the start to `close`."""

    def __init__(self, port: str, wait_s: float):
        """Away, or Fault mute or loops: nobody there, or nobody who listens."""
        self._answer_s = max(_ANSWER_S, wait_s)
        try:
            self._transport = _Transport(port, timeout=self._answer_s)
            self._transport.is_pty = False  # there it would wait for each byte, whatever was said
        except (TransportError, OSError, termios.error) as error:
            raise Away(str(error)) from None
        try:
            said = self._transport.enter_quietly(wait_s, self._answer_s)
        except Exception as error:
            self.close()
            raise of_console(error) from None
        if said:
            self.close()
            starts = sum(said.count(sign) for sign in _SIGNS_OF_START)
            if starts == 1:
                raise Away("it has just started")  # whoever looks again sees whether it goes on so
            raise Fault("loops" if starts else "mute")
        self._run(_PROGRAM.read_text("utf-8"))

    def ask(self, name: str, *arguments: Any) -> str:
        """Call a function of on_board.py. -> the line that it printed. Away, Fault."""
        return self._run(f"{name}({', '.join(map(repr, arguments))})").strip()

    def ask_json(self, name: str, *arguments: Any) -> Any:
        """The same, read."""
        return json.loads(self.ask(name, *arguments))

    def leave(self, program: str) -> None:
        """Run what ends this console: a reset."""
        with contextlib.suppress(TransportError, OSError, termios.error):
            self._transport.exec_raw_no_follow(program)
            time.sleep(0.1)
        self.close()

    def close(self) -> None:
        """Let the port go."""
        with contextlib.suppress(OSError, TransportError, termios.error):
            self._transport.close()

    def _run(self, program: str) -> str:
        try:
            out, fault = self._transport.exec_raw(program, timeout=self._answer_s)
        except TransportExecError as error:
            raise Fault("on_board", line=str(error)[-200:]) from None
        except Exception as error:
            raise of_console(error) from None
        if fault:
            raise Fault("on_board", line=fault.decode("utf-8", "replace").strip().split("\n")[-1])
        return out.decode("utf-8", "replace")
