"""A real store, writer and web application in one process, without HTTP: what the offices do.

Browsers are Flask's test clients; the gateway's loop runs in a thread of its own.
"""

import asyncio
import re
import threading

from argon2 import PasswordHasher

from sync_server.gateway.orders import Orders
from sync_server.gateway.service import Gateway
from sync_server.keyring import Keyring
from sync_server.store.store import Store
from sync_server.web.app import create_app
from tests.sync_server.databases import url_of

TOKEN = "t" * 43
BEARER = {"Authorization": f"Bearer {TOKEN}"}
PASSWORD = "correct horse 9"


class College:
    """store, orders, app; `browser` signs somebody in."""

    def __init__(self, folder):
        self.path = folder / "campus.db"
        self.url = url_of(self.path)
        self.store = Store(self.url)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.gateway = self._on_loop(self._open())
        self.orders = Orders(self.gateway)
        self.orders.offices.hasher = PasswordHasher(1, 8, 1)  # the cost is tried in one test only
        self.app = create_app(self.orders, TOKEN, {"TESTING": True, "RATELIMIT_ENABLED": False})
        self._hash = None

    async def _open(self):
        gateway = Gateway(self.store, Keyring.beside(self.path))
        await gateway.start("127.0.0.1", 0)
        return gateway

    def _on_loop(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def enrol(self, kind, place, merchant=""):
        """A terminal that the gateway knows of. -> its number"""
        number, _ = self.orders.enrol(kind, place, merchant)
        self._on_loop(asyncio.sleep(0))  # what was told to the loop is done
        return number

    def close(self):
        self._on_loop(self.gateway.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.store.close()

    def officer(self, name, role, merchant=None):
        """An account whose password is PASSWORD. -> id"""
        if self._hash is None:
            self._hash = self.orders.offices.hashed(PASSWORD)
        wish = {"name": name, "shown": name, "role": role, "merchant": merchant}
        number = self.store.officers.add(wish, self._hash, "test", 1)
        self.store.officers.set_password(number, self._hash, True)
        return number

    def browser(self, name, role="centre", merchant=None):
        """Somebody with an account of this name, signed in by the form."""
        if self.store.officers.password_of(name) is None:
            self.officer(name, role, merchant)
        browser = Browser(self.app)
        assert browser.post("/sign-in", name=name, password=PASSWORD).status_code == 302
        return browser

    def api(self, method, path, body=None):
        """-> (status, JSON) with the key."""
        answer = self.app.test_client().open(path, method=method, json=body, headers=BEARER)
        return answer.status_code, answer.json

    def acts(self):
        """(who, what, subject) of the log, oldest first."""
        rows = self.store.audit.acts(2**60, 1000)
        return [(row["who"], row["what"], row["subject"]) for row in reversed(rows)]


class Browser:
    """A test client that sends the CSRF token of the page it is on."""

    def __init__(self, app):
        self.client = app.test_client()
        self._csrf = ""

    def get(self, path, **more):
        """-> the answer."""
        answer = self.client.get(path, **more)
        found = re.search(r'name="csrf_token" value="([^"]+)"', answer.get_data(as_text=True))
        if found:
            self._csrf = found.group(1)
        return answer

    def text(self, path):
        """The page, which must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.headers)
        return answer.get_data(as_text=True)

    def post(self, path, files=None, **fields):
        """-> the answer to a form."""
        if not self._csrf:
            self.get("/sign-in")
        data = {"csrf_token": self._csrf} | fields | (files or {})
        referrer = {"Referer": "http://localhost/password"}
        answer = self.client.post(path, data=data, headers=referrer)
        if path in ("/sign-in", "/password"):
            self._csrf = ""  # of a session that has ended
        return answer

    def said(self, path="/password"):
        """What the last form was answered with, as shown on the next page."""
        found = re.findall(
            r'class="flash (\w+)"[^>]*>([^<]*)', self.get(path).get_data(as_text=True)
        )
        return found
