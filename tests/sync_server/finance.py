"""Days of a college's money, made up through the store's own ways: for tests of finance's books."""

from protocol import record
from sync_server.core import days, validity
from sync_server.core.ledger import Transfer, bank
from tests.sync_server.office import College

DAY = validity.day("2026-11-02")  # a Monday
BANK = "6222021001112345678"


def noon(day):
    """Local noon of a day in UTC seconds."""
    return days.begins_utc_s(day) + 12 * 3600


def content(terminal, serial, utc_s, card, fen):
    """Bytes 0 to 59 of a purchase."""
    entry = record.Record(
        serial, record.PURCHASE, 0, 0, utc_s, card, 1, fen, 0, 0, 0, 1, 0, 0, 0,
        record.UNKNOWN_AMOUNT_FEN, 0,
    )  # fmt: skip
    return record.pack(entry, record.first_chain(terminal), record.INTENT)[:60]


class Finance(College):
    """A college with merchants, whose terminals sell."""

    def __init__(self, folder):
        super().__init__(folder)
        self.serials = {}

    def book(self, day, *transfers):
        """Transfers as somebody at a desk would book them."""
        with self.store.group():
            self.store.accounts.book(transfers, noon(day))

    def top_up(self, day, card, fen):
        self.book(day, Transfer(bank(), ("purse", str(card)), fen, 0, 0))

    def sell(self, day, terminal, fen, card=1, came=None, outcome=record.DONE):
        """A purchase of `day` that came on `came`. -> its serial"""
        merchant = self.store.terminals.get(terminal)["merchant"]
        serial = self.serials[terminal] = self.serials.get(terminal, 0) + 1
        came = day if came is None else came
        row = (
            terminal, serial, record.PURCHASE, outcome, 0, 0, 0, noon(day), card, fen, 0,
            content(terminal, serial, noon(day), card, fen), noon(came),
        )  # fmt: skip
        with self.store.group():
            self.store.db.insert(
                "record (terminal, serial, type, outcome, reason, fault, flags, utc_s, card,"
                " amount_fen, balance_fen, content, received_utc_s)",
                [row],
            )
            if outcome == record.DONE:
                taker = ("merchant", merchant) if merchant else ("suspense", "merchant")
                sold = Transfer(("purse", str(card)), taker, fen, terminal, serial)
                self.store.accounts.book([sold], noon(came))
        return serial

    def admit(self, name="一食堂", fee=20, until="2030-12-31", bank=BANK):
        """A merchant that three offices have granted. -> its id"""
        desk = self.browser("clerk", "clerk")
        desk.post(
            "/merchants", name=name, contract="HT-2026-7", place="东区", fee=fee, bank=bank,
            until=until,
        )  # fmt: skip
        row = self.store.merchants.named(name)
        for role in ("centre", "finance", "logistics"):
            officer = self.browser(f"{role}1", role)
            officer.post(f"/merchants/{row['id']}/act", event="grant", turn=row["turn"])
        return row["id"]

    def closed(self, until):
        """Every day up to this one, by finance."""
        zhou = self.browser("finance1", "finance")
        zhou.post("/books/days", until=validity.shown(until))
        return zhou
