"""A payment channel to try against: orders, a button for the payer, signed callbacks.

It knows nothing of the campus: what it says and checks stands in docs/payments.md, and this is the
other side of it. Everything is kept in memory. `weather` makes it behave as networks do: callbacks
that never come, come several times, or are only made when `deliver` is called.
"""

from __future__ import annotations

import base64
import json
import logging
import os
import secrets
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from flask import Flask, Response, redirect, render_template_string, request
from werkzeug.serving import make_server

APART_S = 300
TRIES, WAIT_S = 5, 5
Post = Callable[[str, dict[str, str], bytes], int]  # (address, headers, body) -> status

_PAGE = """<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><title>模拟支付</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { margin: 0; background: #f3f5f7; color: #1c2733;
  font: 16px/1.5 system-ui, "Noto Sans CJK SC", sans-serif; }
main { max-width: 390px; margin: 0 auto; padding: 48px 24px; text-align: center; }
.tag { display: inline-block; padding: 2px 12px; border-radius: 12px; font-size: 13px;
  background: #fdf0d5; color: #8a5a00; }
h1 { margin: 28px 0 0; font-size: 46px; font-weight: 600; font-variant-numeric: tabular-nums; }
h1 small { font-size: 24px; margin-right: 4px; }
p { margin: 4px 0; color: #5b6773; }
.no { font-size: 13px; margin-bottom: 40px; }
.end { margin-bottom: 32px; }
button, a { display: block; width: 100%; box-sizing: border-box; margin: 0 0 12px; border: 0;
  border-radius: 10px; background: #1677ff; color: #fff; text-decoration: none; cursor: pointer;
  font: 600 17px/50px system-ui, sans-serif; }
a.off { background: none; color: #1677ff; }
.done { font-size: 56px; color: #0f9d58; line-height: 1; }
</style></head><body><main>
<span class="tag">模拟支付 · 不产生真实扣款</span>
<h1><small>¥</small>{{ '%d.%02d' % (order.amount_fen // 100, order.amount_fen % 100) }}</h1>
<p>{{ order.subject }}</p><p class="no">订单号 {{ order.number }}</p>
{% if order.state == 'paid' %}<p class="done">✓</p><p class="end">支付成功</p>
<a href="{{ order.back }}">返回校园卡</a>
{% elif order.state == 'open' %}<form method="post"><button>确认支付</button></form>
<a class="off" href="{{ order.back }}">取消</a>
{% else %}<p class="end">订单已关闭</p><a href="{{ order.back }}">返回校园卡</a>{% endif %}
</main></body></html>"""


class PayChannel:
    """orders: number -> what is known of it. key: ours; merchant_key: public, of who sells."""

    def __init__(
        self,
        url: str,
        key: rsa.RSAPrivateKey,
        merchant_key: rsa.RSAPublicKey,
        post: Post | None = None,
        utc_s: Callable[[], float] = time.time,
    ):
        self.url = url
        self.orders: dict[str, dict[str, Any]] = {}
        self.refunds: dict[str, int] = {}  # number of the return -> fen
        self.weather = "calm"  # or "silent": callbacks are not sent; or "held": by `deliver` only
        self.refuses = False  # every return
        self._key = key
        self._merchant_key = merchant_key
        self._post = post or _http_post
        self._utc_s = utc_s
        self._lock = threading.Lock()
        self.app = self._make_app()

    def pay(self, number: str) -> bool:
        """The payer presses the button. -> is it paid now"""
        with self._lock:
            order = self.orders[number]
            if self._state(order) == "open":
                order |= {"transaction": f"4200{secrets.token_hex(10)}", "state": "paid"}
                order["paid_utc_s"] = int(self._utc_s())
            is_paid = order["state"] == "paid"
        if is_paid and self.weather == "calm":
            self.deliver(number)
        return is_paid

    def deliver(self, number: str) -> bool:
        """Call back, until it is taken or TRIES were made. -> was it taken"""
        order = self.orders[number]
        path = "/" + order["notify"].partition("://")[2].partition("/")[2]
        for _ in range(TRIES):
            try:
                if self._post(order["notify"], *self.said(path, self.told(number))) == 200:
                    return True
            except OSError:
                continue
        return False

    def told(self, number: str) -> dict[str, Any]:
        """What a callback says of an order that is paid."""
        names = ("number", "transaction", "amount_fen", "paid_utc_s")
        return {name: self.orders[number][name] for name in names}

    def said(
        self, path: str, told: dict[str, Any], method: str = "POST", nonce: str = ""
    ) -> tuple[dict[str, str], bytes]:
        """-> (headers, body), signed."""
        body = json.dumps(told).encode()
        nonce, at = nonce or secrets.token_hex(16), str(int(self._utc_s()))
        line = f"{method}\n{path}\n{at}\n{nonce}\n".encode() + body + b"\n"
        signature = self._key.sign(line, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Content-Type": "application/json",
            "Pay-Time": at,
            "Pay-Nonce": nonce,
            "Pay-Signature": base64.b64encode(signature).decode(),
        }, body

    def _state(self, order: dict[str, Any]) -> str:
        if order["state"] == "open" and self._utc_s() >= order["expires_utc_s"]:
            order["state"] = "closed"
        return order["state"]

    def _make_app(self) -> Flask:
        app = Flask(__name__)
        app.add_url_rule("/orders", view_func=self._take_order, methods=["POST"])
        app.add_url_rule("/orders/<number>", view_func=self._tell_order)
        app.add_url_rule("/refunds", view_func=self._take_refund, methods=["POST"])
        app.add_url_rule("/pay/<number>", view_func=self._page)
        app.add_url_rule("/pay/<number>", "press", self._press, methods=["POST"])
        return app

    def _take_order(self) -> Response:
        if not self._is_the_merchants():
            return self._answer(401, {"error": "the signature is wrong"})
        wish = json.loads(request.get_data())
        with self._lock:
            order = self.orders.setdefault(wish["number"], wish | {"state": "open"})
        if order["amount_fen"] != wish["amount_fen"]:
            return self._answer(409, {"error": "this number was ordered with another amount"})
        return self._answer(200, {"pay_url": f"{self.url}/pay/{wish['number']}"})

    def _tell_order(self, number: str) -> Response:
        if not self._is_the_merchants():
            return self._answer(401, {"error": "the signature is wrong"})
        order = self.orders.get(number)
        if order is None:
            return self._answer(404, {"error": "there is no such order"})
        with self._lock:
            state = self._state(order)
        return self._answer(200, {"state": state} | (self.told(number) if state == "paid" else {}))

    def _take_refund(self) -> Response:
        if not self._is_the_merchants():
            return self._answer(401, {"error": "the signature is wrong"})
        wish = json.loads(request.get_data())
        if self.refuses:
            return self._answer(200, {"state": "refused"})
        self.refunds[wish["refund"]] = wish["amount_fen"]
        return self._answer(200, {"state": "done"})

    def _page(self, number: str) -> Any:
        order = self.orders.get(number)
        if order is None:
            return "没有这个订单", 404
        self._state(order)
        return render_template_string(_PAGE, order=order)

    def _press(self, number: str) -> Any:
        if number in self.orders:
            self.pay(number)
        return redirect(f"/pay/{number}", 303)

    def _is_the_merchants(self) -> bool:
        at, nonce = request.headers.get("Pay-Time", ""), request.headers.get("Pay-Nonce", "")
        if not at.isdigit() or abs(int(at) - self._utc_s()) > APART_S:
            return False
        line = f"{request.method}\n{request.path}\n{at}\n{nonce}\n".encode()
        try:
            self._merchant_key.verify(
                base64.b64decode(request.headers.get("Pay-Signature", "")),
                line + request.get_data() + b"\n",
                padding.PKCS1v15(),
                hashes.SHA256(),
            )
        except (InvalidSignature, ValueError):
            return False
        return True

    def _answer(self, status: int, told: dict[str, Any]) -> Response:
        nonce = request.headers.get("Pay-Nonce", "")
        headers, body = self.said(request.path, told, str(status), nonce)
        return Response(body, status, headers)


class Shop:
    """The sandbox on a port; 0: any. OSError if it is taken."""

    def __init__(self, path: Path, host: str, port: int):
        self._server = make_server(host, port, lambda *call: self._app(*call), threaded=True)
        self.url = f"http://{host}:{self._server.server_port}"
        agree(path, self.url)
        self.channel = opened(path)
        self.channel.url = self.url
        self._app = self.channel.app
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # not each request

    def serve(self) -> None:
        """Until `close`."""
        self._server.serve_forever()

    def close(self) -> None:
        """No more requests."""
        self._server.shutdown()
        self._server.server_close()


def agree(path: Path, url: str) -> None:
    """Make both key pairs and write them down, as a merchant and a channel agree on them; the
    file is 0600. Of one that is there only the address may change. Ours is in it as well: it is a
    sandbox."""
    if path.exists():
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["url"] != url:
            _write(path, said | {"url": url})
        return
    ours, theirs = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    said = {
        "name": "sandbox",
        "shown": "模拟支付",
        "url": url,
        "merchant": "1900000109",
        "key": _private(theirs),
        "channel_key": ours.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "sandbox_key": _private(ours),
    }
    _write(path, said)


def _write(path: Path, said: dict[str, Any]) -> None:
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(said, file, ensure_ascii=False, indent=1)
    os.replace(draft, path)


def opened(path: Path, post: Post | None = None, **more: Any) -> PayChannel:
    """The sandbox of a file that `agree` made. OSError, ValueError, KeyError."""
    said = json.loads(path.read_text(encoding="utf-8"))
    ours, theirs = (
        serialization.load_pem_private_key(said[name].encode(), None)
        for name in ("sandbox_key", "key")
    )
    if not isinstance(ours, rsa.RSAPrivateKey) or not isinstance(theirs, rsa.RSAPrivateKey):
        raise ValueError(f"{path}: both keys must be RSA")
    return PayChannel(said["url"], ours, theirs.public_key(), post, **more)


def _private(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def _http_post(address: str, headers: dict[str, str], body: bytes) -> int:
    asking = urllib.request.Request(address, body, headers)
    with urllib.request.urlopen(asking, timeout=WAIT_S) as answer:
        return answer.status
