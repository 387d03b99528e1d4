"""Phones: invited once, known by their key, authorised for some days, refused when lost."""

import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from card_layout import code, p256
from protocol import params
from sync_server.core import phones as rules
from sync_server.gateway import phones
from sync_server.gateway.refusals import Impossible
from sync_server.keyring import Keyring
from sync_server.store.store import Store
from tests.sync_server.databases import url_of

pytestmark = pytest.mark.usefixtures("both")

WISH = {"holder_kind": 2, "name": "student", "valid_until": 20000, "zones": 1, "balance_fen": 500}


class Orders:
    """What phones need of the other orders, at once."""

    def __init__(self, store):
        self.store = store
        self.told = 0

    def issue_cards(self, wishes):
        return [(number, []) for number in self.store.cards.issue(wishes, int(time.time()))]

    def set_params(self, number, values):
        self.told += 1
        return self.store.terminals.set_params(number, values)


class Phone:
    """A key pair, and what the server said."""

    def __init__(self):
        self.key = ec.generate_private_key(ec.SECP256R1())

    def public(self, form=PublicFormat.UncompressedPoint):
        return self.key.public_key().public_bytes(Encoding.X962, form)

    def sign(self, message):
        r, s = utils.decode_dss_signature(self.key.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


@pytest.fixture
def desk(tmp_path):
    store = Store(url_of(tmp_path / "c.db"))
    keyring = Keyring.beside(tmp_path / "c.db")
    orders = Orders(store)
    made = phones.Phones(orders, store, keyring, lambda work, *args: work(*args))
    made.orders, made.store, made.keyring = orders, store, keyring
    yield made
    store.close()


def enrolled(desk):
    number, ticket = desk.invite(WISH)
    phone = Phone()
    return number, phone, desk.enrol(bytes.fromhex(ticket), phone.public())


def test_what_the_phone_shows_is_believed_by_a_terminal(desk):
    number, phone, told = enrolled(desk)
    data = code.show(bytes.fromhex(told["authorised"]), told["utc_s"], 1, phone.sign)
    wire = params.unpack(desk.store.terminals.params(1)[1])["code_issuers"]
    assert wire[0] == Keyring.ISSUER == code.parse(data).authorisation.issuer
    assert code.issued(data, p256.multiples(p256.decode(wire[1:]))) and code.shown(data)
    said = code.parse(data).authorisation
    assert (said.card, said.holder_kind, said.zones) == (number, 2, 1)
    assert said.expiry_utc_s - told["utc_s"] == rules.VALID_S
    assert desk.store.accounts.sum_fen() == 0


def test_terminals_are_told_the_issuer_once(desk):
    for _ in range(3):
        desk.invite(WISH)
    assert desk.orders.told == 1


def test_an_invitation_is_good_once_and_for_a_day(desk, monkeypatch):
    _, ticket = desk.invite(WISH)
    desk.enrol(bytes.fromhex(ticket), Phone().public())
    refused(desk.enrol, bytes.fromhex(ticket), Phone().public())
    refused(desk.enrol, bytes(16), Phone().public())
    _, ticket = desk.invite(WISH)
    later = time.time() + rules.INVITATION_S + 1
    monkeypatch.setattr(phones, "_now_s", lambda: int(later))
    refused(desk.enrol, bytes.fromhex(ticket), Phone().public())


def test_a_bad_key_does_not_use_the_invitation_up(desk):
    _, ticket = desk.invite(WISH)
    for key in (b"", b"\x04" + bytes(64), Phone().public()[:-1]):
        refused(desk.enrol, bytes.fromhex(ticket), key)
    compressed = Phone().public(PublicFormat.CompressedPoint)
    assert desk.enrol(bytes.fromhex(ticket), compressed)["name"] == "student"


def test_renewed_by_its_own_signature_of_now_only(desk):
    number, phone, _ = enrolled(desk)
    now_s = int(time.time())
    told = desk.renew(number, now_s, phone.sign(rules.renewal(number, now_s)))
    assert told["card"] == number
    for at_s in (now_s - rules.CLOCK_S - 5, now_s + rules.CLOCK_S + 5):
        refused(desk.renew, number, at_s, phone.sign(rules.renewal(number, at_s)))
    refused(desk.renew, number, now_s, Phone().sign(rules.renewal(number, now_s)))
    refused(desk.renew, number, now_s, phone.sign(rules.renewal(number + 1, now_s)))
    refused(desk.renew, 999, now_s, phone.sign(rules.renewal(999, now_s)))


def test_a_lost_phone_gets_no_more_days(desk):
    number, phone, _ = enrolled(desk)
    desk.store.lists.loss_report(number, "desk", int(time.time()))
    now_s = int(time.time())
    refused(desk.renew, number, now_s, phone.sign(rules.renewal(number, now_s)))


def test_never_longer_than_its_holder(desk):
    card = {"number": 1, "holder_kind": 2, "zones": 1, "list_stamp": 0, "valid_until": 9763}
    last_s = 946684800 + 9764 * 86400 - 1
    public = rules.squeezed(Phone().public())
    sign = desk.keyring.sign_code
    data = rules.authorise(card, public, 1, sign, last_s - 3600)
    assert code.parse(data + bytes(72)).authorisation.expiry_utc_s == last_s


def refused(order, *arguments):
    with pytest.raises(Impossible):
        order(*arguments)
