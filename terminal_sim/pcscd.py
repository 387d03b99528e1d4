"""The real pcscd of Debian with vsmartcard-vpcd, by itself: a socket and a port of its own.

It runs in a private mount namespace, because the path of its socket is compiled into it; so it
disturbs no pcscd of the machine, and several can run side by side. Clients find it by
PCSCLITE_CSOCK_NAME. Needs `unshare` and leave for user namespaces, and no systemd.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
START_WAIT_S = 30
_PORTS_TRIED = 5
_LISTEN = "0A"
_NO_PORT = "Open Port"  # of its log: the driver did not get it
_PROGRAM = "/usr/sbin/pcscd"
_LIBRARY = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
_SCRIPT = (
    'mount -t tmpfs none /run && mkdir /run/pcscd && mount --bind "$1" /run/pcscd'
    ' && exec "$3" --foreground --config "$2"'
)


class Pcscd:
    """`with Pcscd() as daemon`: daemon.port is where a card connects, daemon.socket what
    SOCKET_VARIABLE must say (a client's library reads it once in its life). RuntimeError says what
    is missing."""

    def __init__(self):
        self._folder = Path(tempfile.mkdtemp(prefix="pcscd-", dir=_outside_of_run()))
        self.socket = str(self._folder / "socket" / "pcscd.comm")
        self.port = 0
        self._process = None

    def __enter__(self):
        try:
            self.start()
        except RuntimeError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.kill()
        shutil.rmtree(self._folder)

    def start(self):
        """Ready for clients and for a card when it returns."""
        for needed, package in ((_PROGRAM, "pcscd"), (_LIBRARY, "vsmartcard-vpcd")):
            if not Path(needed).exists():
                raise RuntimeError(f"{needed} is missing: apt-get install {package} (make setup)")
        for _ in range(_PORTS_TRIED):
            self.port = _free_ports()
            self._run()
            if self._is_up():
                return
            self.kill()  # somebody took the port
        raise RuntimeError(f"pcscd did not start: {self._log.read_text()}")

    @property
    def _log(self):
        return self._folder / "log"

    def _run(self):
        configuration = self._folder / "conf"
        run = self._folder / "socket"
        for folder in (configuration, run):
            folder.mkdir(exist_ok=True)
        (configuration / "vpcd").write_text(
            f'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:{self.port:#x}\n'
            f"LIBPATH {_LIBRARY}\nCHANNELID {self.port:#x}\n"
        )
        command = [*_unshare(), "sh", "-c", _SCRIPT, "sh"]
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [*command, run, configuration, _PROGRAM], stdout=log, stderr=log
            )

    def _is_up(self):
        end_s = time.monotonic() + START_WAIT_S
        while not (self._listens() and _is_listening(self.port)):
            ended = self._process.poll() is not None or time.monotonic() > end_s
            if ended or _NO_PORT in self._log.read_text(errors="replace"):
                return False
            time.sleep(0.01)
        return True

    def _listens(self):
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(self.socket) == 0

    def kill(self):
        """End it: it keeps nothing that could be lost. A second call does nothing."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
            Path(self.socket).unlink(missing_ok=True)


def _unshare():
    """-> how a private mount namespace is made here: as anybody, or as root where only root may."""
    for command in (["unshare", "--map-root-user", "--mount"], ["unshare", "--mount"]):
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    raise RuntimeError("pcscd needs a mount namespace: allow user namespaces, or be root")


def _outside_of_run():
    """The system's folder for such things, and never one that the namespace hides."""
    folder = tempfile.gettempdir()
    return None if not folder.startswith("/run") else os.getcwd()


def _free_ports():
    """-> the first of two: vpcd has a second slot."""
    while True:  # until there is such a pair
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def _is_listening(port):
    """By the kernel's table: to ask the port itself would be to lay a card down."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with contextlib.suppress(OSError):
            for row in Path(table).read_text("ascii").splitlines()[1:]:
                _, local, _, state, *_ = row.split()
                if local.endswith(wanted) and state == _LISTEN:
                    return True
    return False
