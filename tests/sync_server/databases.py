"""Databases for tests: SQLite's file, or a fresh database of an own PostgreSQL cluster.

A test that speaks SQL asks for the fixture `both` (conftest.py) and gets its URLs here, so it runs
once on each. A path names the database: opened again, it is the same one.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from sync_server.store.store import Store

BINARIES = Path("/usr/lib/postgresql")  # Debian keeps them off PATH, one folder a version
START_S = 120
TEMPLATE = "template_campus"


class Databases:
    """What is chosen for the test that runs: None is SQLite."""

    cluster = None
    names: dict[str, str] = {}


def url_of(path):
    """Of the database that this path names."""
    cluster = Databases.cluster
    if cluster is None:
        return f"sqlite:///{path}"
    name = Databases.names.get(str(path))
    if name is None:
        name = Databases.names[str(path)] = cluster.create()
    return cluster.url(name)


def copied(store, path):
    """-> the database of an open store as it is now, for `put_back`."""
    cluster = Databases.cluster
    if cluster is None:
        store.db.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return path.read_bytes()
    store.close()  # opens again by itself; a copy is made of what nobody has open
    copy = cluster.create(Databases.names[str(path)])
    Databases.names[copy] = copy
    return copy


def put_back(path, image):
    """The path is the database of then."""
    if Databases.cluster is None:
        for one in path.parent.glob(f"{path.name}*"):
            one.unlink()
        path.write_bytes(image)
    else:
        Databases.names[f"{path} was"] = Databases.names[str(path)]
        Databases.names[str(path)] = Databases.cluster.create(image)


class Cluster:
    """A PostgreSQL of its own in a temporary folder, over a socket in it; nothing of it is durable.

    initdb and postgres refuse to be root, as CI is: then they run as nobody.
    """

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="campus-pg-"))
        self._as = {}
        if os.geteuid() == 0:
            who = pwd.getpwnam("nobody")
            os.chown(self.folder, who.pw_uid, who.pw_gid)
            self._as = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []}
        data, bin_ = self.folder / "data", _binaries()
        subprocess.run(
            [bin_ / "initdb", "-D", data, "-U", "campus", "-A", "trust", "-E", "UTF8",
             "--locale=C", "--no-sync"],
            check=True, capture_output=True, cwd=self.folder, **self._as,
        )  # fmt: skip
        settings = (
            "listen_addresses=", "fsync=off", "full_page_writes=off", "max_connections=80",
            "shared_buffers=32MB", "autovacuum=off", "wal_level=minimal", "max_wal_senders=0",
        )  # fmt: skip
        with open(self.folder / "log", "wb") as log:
            self._process = subprocess.Popen(
                [bin_ / "postgres", "-D", data, "-k", self.folder]
                + [word for setting in settings for word in ("-c", setting)],
                stdout=log, stderr=log, cwd=self.folder, **self._as,
            )  # fmt: skip
        self._made = 0
        self._admin = self._connected()
        self._admin.execute(f"CREATE DATABASE {TEMPLATE}")
        Store(self.url(TEMPLATE)).close()

    def url(self, name):
        """Of one of its databases."""
        return f"postgresql://campus@/{name}?host={self.folder}"

    def create(self, template=TEMPLATE):
        """-> the name of a database with the newest schema and nothing in it."""
        self._made += 1
        made = f"CREATE DATABASE d{self._made} TEMPLATE {template}"
        self._admin.execute(f"{made} STRATEGY = FILE_COPY")  # by the log takes five times as long
        return f"d{self._made}"

    def empty(self, name):
        """It has no table any more."""
        self.drop(name)
        self._admin.execute(f"CREATE DATABASE {name}")

    def drop(self, name):
        """Whoever has it open loses it."""
        self._admin.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def cut(self, name):
        """Every connection to it ends, as when the network or the server fails."""
        self._admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
        )

    def stop(self):
        """End it."""
        self._admin.close()
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        shutil.rmtree(self.folder)

    def _connected(self):
        ends_s = time.monotonic() + START_S
        while True:  # until it answers, or has ended, or the time is over
            try:
                return psycopg.connect(self.url("postgres"), autocommit=True)
            except psycopg.OperationalError:
                told = (self.folder / "log").read_text(errors="replace")
                assert self._process.poll() is None and time.monotonic() < ends_s, told
                time.sleep(0.02)


def _binaries():
    found = [path for path in BINARIES.glob("*/bin") if (path / "initdb").exists()]
    assert found, "no PostgreSQL: make debian"
    return max(found, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0))
