"""The far end of Debian's vsmartcard-vpcd: our cards behind the real pcscd.

vpcd is a driver of pcscd that finds its card at a TCP socket. Lengths are 2 bytes, big-endian; a
message of one byte is for the reader (off, on, reset, ATR), all others are APDUs. A card that is
taken away is a connection that ends, one that is put there a new one. Both ends send at once
(TCP_NODELAY, and quick acknowledgement here, because vpcd sends length and data apart): else each
APDU costs 45 ms. Source: vsmartcard, vpcd.c.
"""

import contextlib
import socket
import threading

PORT = 35963  # of Debian's configuration
OFF, ON, RESET, ATR = 0, 1, 2, 4
_AGAIN_S = 0.05


class Vpcd:
    """`with Vpcd(reader, port) as end`: serves `reader` (acr122u) until the end. host: where pcscd
    waits for cards."""

    def __init__(self, reader, port=PORT, host="127.0.0.1"):
        self.reader = reader
        self.port = port  # may be another one the next time
        self._host = host
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._socket = None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        self.unplug()
        self._thread.join()

    def unplug(self):
        """The connection ends, whatever is being said."""
        held = self._socket
        if held is not None:
            with contextlib.suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)

    def _serve(self):
        while not self._ends.is_set():
            try:
                if not self.reader.atr():
                    self._ends.wait(_AGAIN_S)
                    continue
                with socket.create_connection((self._host, self.port), timeout=5) as self._socket:
                    self._socket.settimeout(None)
                    self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    self._speak(self._socket)
            except OSError:  # pcscd is not there yet, or ended
                self._ends.wait(_AGAIN_S)
            finally:
                self._socket = None

    def _speak(self, line):
        while True:  # ends with the connection, or when the card is gone
            message = _take(line, int.from_bytes(_take(line, 2), "big"))
            if len(message) != 1:
                answer = self.reader.apdu(message)
            elif message[0] == ATR:
                answer = self.reader.atr()
                if not answer:
                    return
            else:
                if message[0] in (OFF, ON, RESET):
                    self.reader.power(message[0] != OFF)
                continue
            line.sendall(len(answer).to_bytes(2, "big") + answer)


def _take(line, size):
    taken = b""
    while len(taken) < size:
        part = line.recv(size - len(taken))
        if not part:
            raise ConnectionError("pcscd hung up")
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        taken += part
    return taken
