"""A college whose top-ups go through the sandbox: two test clients that speak to each other."""

import contextlib
import functools
import json
import tempfile
import time
from pathlib import Path

from sync_server.core import phones as rules
from sync_server.gateway.channel import Settings, SignedChannel
from terminal_sim import paying
from tests.sync_server.office import College
from tests.sync_server.test_phones import WISH, Phone


@functools.cache
def agreed():
    """-> the file of an agreement; keys take a while to be made."""
    with tempfile.TemporaryDirectory() as folder:
        paying.agree(Path(folder) / "channel", "http://sandbox")
        return (Path(folder) / "channel").read_bytes()


class Paid:
    """college, sandbox, channel; `cut`: nobody is reached."""

    def __init__(self, folder):
        path = folder / "campus.db.channel"
        path.write_bytes(agreed())
        self.cut = False
        self.answers = []  # status of each callback
        self.sandbox = paying.opened(path, self._call_back, utc_s=lambda: time.time())
        self.channel = SignedChannel(Settings.read(path), self._send, lambda: time.time())
        self.college = College(folder)
        self.college.gateway.channels["sandbox"] = self.channel
        self.payments = self.college.orders.payments
        self.store = self.college.store

    def _send(self, method, path, headers, body):
        if self.cut:
            raise OSError("no route")
        answer = self.sandbox.app.test_client().open(
            path, method=method, headers=headers, data=body
        )
        return answer.status_code, answer.headers, answer.data

    def _call_back(self, address, headers, body):
        if self.cut:
            raise OSError("no route")
        path = "/" + address.split("/", 3)[3]
        self.answers.append(self.say(path, headers, body))
        return self.answers[-1]

    def say(self, path, headers, body):
        """Somebody calls back. -> status"""
        return self.college.app.test_client().post(path, headers=headers, data=body).status_code

    def says(self, **told):
        """The channel says this, authentic. -> status"""
        base = {"transaction": "T", "paid_utc_s": int(time.time())}
        return self.say("/api/pay/sandbox", *self.sandbox.said("/api/pay/sandbox", base | told))

    def balances(self):
        return {
            (row["type"], row["key"]): row["balance_fen"]
            for row in self.store.accounts.all()
            if row["balance_fen"]
        }

    def check(self):
        """What came in is what was booked, returned and kept; and the ledger is whole."""
        assert self.store.accounts.sum_fen() == 0
        totals = self.store.topups.totals()
        assert self.balances().get(("suspense", "channel"), 0) == totals["kept_fen"]

    def close(self):
        self.college.close()


@contextlib.contextmanager
def moved(monkeypatch, seconds):
    """The server's and the channel's clock go on."""
    real = time.time
    with monkeypatch.context() as patched:
        patched.setattr(time, "time", lambda: real() + seconds)
        yield


class Holder:
    """A phone of a student (or of nobody), asking over HTTP."""

    def __init__(self, college, student=None, name="x"):
        self.client = college.app.test_client()
        wish = (
            WISH
            | {"valid_until": "2028-07-01", "balance_fen": 0}
            | ({"holder": student} if student else {})
        )
        link = college.api("POST", "/api/phones", wish)[1]["link"]
        self.phone = Phone()
        body = {"ticket": link.partition("#")[2], "public_key": self.phone.public().hex()}
        self.number = self.client.post("/api/phone/enrol", json=body).json["card"]

    def wishes(self, what, now_s=None, signer=None, said_as=None, **wish):
        """-> (status, JSON)"""
        now_s, text = now_s or int(time.time()), json.dumps(wish, ensure_ascii=False)
        said = rules.wished(said_as or what, self.number, now_s, text)
        answer = self.client.post(
            f"/api/phone/{what}",
            json={"card": self.number, "utc_s": now_s, "wish": text,
                  "signature": (signer or self.phone).sign(said).hex()},
        )  # fmt: skip
        return answer.status_code, answer.json

    def tops_up(self, fen, card=None, **more):
        """-> (status, JSON)"""
        wish = {"channel": "sandbox", "card": card or self.number, "amount_fen": fen}
        return self.wishes("topup", **more, **wish)
