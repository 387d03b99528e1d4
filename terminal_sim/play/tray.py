"""What lies on the table: cards of all kinds and fates, and a phone, issued by the server."""

from __future__ import annotations

from typing import NamedTuple

from terminal_sim.iso_dep import IsoDepCard
from terminal_sim.mifare import MifareClassic
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.phone import Phone
from terminal_sim.prng import Prng
from terminal_sim.server import Office

_VALID, _EXPIRED = "2037-12-31", "2020-06-30"
_STAFF, _STUDENT = 1, 2
# the command in which a card that is pulled away too early leaves: the one that pays
_MIFARE_PAYS, _CPU_PAYS = 5, 8


class Thing(NamedTuple):
    """One of them. name: its word on the page; card: its number; body: what the reader meets."""

    name: str
    card: int
    body: MifareClassic | IsoDepCard | Phone

    def tear(self) -> None:
        """Leave while it pays: whether it has paid is what the terminal must find out."""
        if isinstance(self.body, IsoDepCard):
            self.body.tear_after(_CPU_PAYS, "all")
        elif isinstance(self.body, MifareClassic):
            self.body.tear_after(_MIFARE_PAYS, "all")


def lay(office: Office) -> list[Thing]:
    """Issue what a demonstration needs. ServerProblem."""
    return [
        _mifare(office, "student", _STUDENT, 10_000, _VALID, 1),
        _mifare(office, "poor", _STUDENT, 300, _VALID, 2),
        _mifare(office, "expired", _STUDENT, 5_000, _EXPIRED, 3),
        _mifare(office, "lost", _STUDENT, 5_000, _VALID, 4, is_lost=True),
        _cpu(office),
        _phone(office),
    ]


def _mifare(office, name, holder_kind, balance_fen, valid_until, number, is_lost=False) -> Thing:
    uid = b"\x5a\x70\x01" + bytes((number,))
    wish = {
        "holder_kind": holder_kind, "name": name, "uid": uid.hex(), "valid_until": valid_until,
        "zones": 1, "balance_fen": balance_fen,
    }  # fmt: skip
    card, blocks = office.issue([wish])[0]
    if is_lost:
        office.call("POST", f"/api/cards/{card}/loss")
    return Thing(name, card, MifareClassic(uid, blocks))


def _cpu(office: Office) -> Thing:
    uid = bytes.fromhex("04705a70010001")
    wish = {
        "holder_kind": _STAFF, "name": "staff", "uid": uid.hex(), "valid_until": _VALID,
        "zones": 1, "balance_fen": 10_000,
    }  # fmt: skip
    card, made = office.issue_wallet(wish)
    own = Keys(made["purchase"], made["load"], made["tac"], made["internal"])
    wallet = Wallet(made["serial"], own, made["identity"], 10_000, Prng(card).bytes)
    return Thing("staff", card, IsoDepCard(uid, wallet))


def _phone(office: Office) -> Thing:
    wish = {
        "holder_kind": _STUDENT, "name": "phone", "valid_until": _VALID, "zones": 1,
        "balance_fen": 10_000,
    }  # fmt: skip
    phone = Phone(office, office.call("POST", "/api/phones", wish)["link"])
    return Thing("phone", phone.card, phone)
