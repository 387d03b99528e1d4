"""What people and programs ask of the running server. Every method may be called from any thread.

A change goes through the writer thread and is committed when the method returns; then the event
loop is told, so the terminals are being pushed to while the caller reads the answer. What it is
not: the HTTP API (that is `web`), which only reads fields and writes JSON.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import TimeoutError as Overdue
from typing import TYPE_CHECKING, Any

from protocol import batch
from protocol.errors import LocalError
from sync_server.core.ingest import whole
from sync_server.gateway import looks
from sync_server.gateway.acting import errand
from sync_server.gateway.actions import Actions
from sync_server.gateway.books import Books
from sync_server.gateway.card_keys import CardKeys
from sync_server.gateway.care import Care
from sync_server.gateway.claims import Claims
from sync_server.gateway.disputes import Disputes
from sync_server.gateway.emergencies import Emergencies
from sync_server.gateway.evidence import Evidence
from sync_server.gateway.fees import Fees
from sync_server.gateway.issues import Issues
from sync_server.gateway.limits import CALL_WAIT_S
from sync_server.gateway.merchants import Merchants
from sync_server.gateway.offices import Offices
from sync_server.gateway.partners import Partners
from sync_server.gateway.payments import Payments
from sync_server.gateway.people import People
from sync_server.gateway.phones import Phones
from sync_server.gateway.pins import Pins
from sync_server.gateway.push import (
    BLACKLIST,
    EMERGENCY,
    GRANTS,
    IMAGE,
    KEYS,
    PARAMETERS,
    WAITING,
)
from sync_server.gateway.refusals import Impossible, NotReady
from sync_server.gateway.tills import Tills
from sync_server.gateway.wallets import Wallets
from sync_server.store.lists import NotListed, UnknownCard
from sync_server.store.requests import NotYours
from sync_server.store.trouble import Unavailable

if TYPE_CHECKING:
    from sync_server.gateway.service import Gateway

KINDS = ("pos", "gate", "water")


class Orders:
    """The only door from other threads into gateway and store."""

    def __init__(self, gateway: Gateway):
        self._gateway = gateway
        self._store = gateway.store
        self.phones = Phones(self, gateway.store, gateway.keyring, self._do)
        self.pins = Pins(gateway.store, self.phones, gateway.hashing, self._do)
        self.actions = Actions(gateway.store, self._do, self._waits)
        self.claims = Claims(gateway.store, gateway.keyring, self._do, self._enrolled)
        self.evidence = Evidence(gateway.store, self._do, gateway.keyring.database)
        self.card_keys = CardKeys(self, gateway.store, gateway.keyring, self._do, self._grown)
        self.issues = Issues(self, gateway.store, gateway.keyring, self._do)
        self.offices = Offices(gateway.store, self._do, self._decided)
        self.people = People(gateway, self._do, self._relist)
        self.care = Care(gateway, self._do)
        self.merchants = Merchants(gateway, self._do, self._tell)
        self.books = Books(gateway, self._do)
        self.partners = Partners(gateway.store, gateway.keyring, self._do)
        self.payments = Payments(gateway.store, gateway.channels, self._do, self._may_wait)
        self.disputes = Disputes(gateway.store, self._do)
        self.fees = Fees(gateway.store, self._do)
        self.tills = Tills(gateway.store, self._do, self._may_wait)
        self.wallets = Wallets(gateway.store)
        self.emergencies = Emergencies(gateway.store, gateway.centre, self._do, self._ordered)

    # changes

    def enrol(self, kind: str, place: str, merchant: str) -> tuple[int, bytes]:
        """A new terminal: its number and the key page for its flash."""
        number = self._do(self._store.terminals.enrol, kind, place, merchant, _now_s())
        row = self._enrolled(number)
        return number, self._gateway.keyring.page(number, kind, row["generation"])

    def _enrolled(self, number: int) -> dict[str, Any]:
        row = self._store.terminals.get(number)
        assert row is not None
        self._tell(self._gateway.enrolled, row)
        return row

    def replace(self, number: int) -> dict[str, Any]:
        """The terminal burnt: a new key for the one in its place; what is lost is rebuilt."""
        self._known(number)
        first, last = self._do(self._store.lost.replace, number, _now_s())
        row = self._store.terminals.get(number)
        assert row is not None
        self._tell(self._gateway.replaced, row)
        page = self._gateway.keyring.page(number, row["kind"], row["generation"])
        return {"number": number, "first": first, "last": last, "provisioning": page.hex()}

    def psam(self, number: int) -> dict[str, bytes]:
        """What personalises the PSAM of this terminal."""
        self._known(number)
        return self._gateway.keyring.psam(number)

    def give_up(self, number: int) -> dict[str, Any]:
        """Numbers that a restored database lacks will not come any more."""
        self._known(number)
        self._do(self._store.lost.give_up, number, _now_s())
        return self._store.lost.of(number)

    def take_journal(self, number: int, slots: list[bytes]) -> dict[str, int]:
        """What was read out of a terminal's flash, 64 bytes each, in any order; what is no record
        is left out. -> how many got which answer."""
        self._known(number)
        counts = dict.fromkeys(batch.ANSWER_NAMES[batch.STORED :], 0)
        raws = sorted((raw for raw in slots if whole(raw)), key=lambda raw: raw[:4])
        for at in range(0, len(raws), batch.MAX_RECORDS):
            tail = b"".join(raws[at : at + batch.MAX_RECORDS])
            (answers,) = self._do(self._store.records.ingest, [(number, tail)], _now_s())
            for answer, _ in batch.unpack(answers):
                counts[batch.ANSWER_NAMES[answer]] += 1
        return counts

    def issue_cards(
        self, wishes: list[dict[str, Any]]
    ) -> list[tuple[int, list[tuple[int, bytes]]]]:
        """New cards, each with the MIFARE blocks that personalise it."""
        return [
            (row["number"], self._gateway.keyring.personalise(row)) for row in self._new(wishes)
        ]

    def issue_wallets(self, wishes: list[dict[str, Any]]) -> list[tuple[int, dict[str, bytes]]]:
        """The same as CPU cards, each with what personalises its wallet."""
        return [(row["number"], self._gateway.keyring.wallet(row)) for row in self._new(wishes)]

    def _new(self, wishes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return self._store.cards.among(self._do(self._store.cards.issue, wishes, _now_s()))

    def loss_report(self, card: int, by: str) -> dict[str, Any]:
        """The card is refused from now on, terminal by terminal as they confirm."""
        return self._relist_card(self._store.lists.loss_report, card, by)

    def loss_approve(self, card: int, by: str) -> dict[str, Any]:
        """Let a report that waits for a second person take effect."""
        return self._relist_card(self._store.lists.loss_approve, card, by)

    def loss_withdraw(self, card: int, by: str) -> dict[str, Any]:
        """The card works again, terminal by terminal as they confirm."""
        return self._relist_card(self._store.lists.loss_withdraw, card, by)

    def _relist_card(self, change: Callable[..., int], card: int, by: str) -> dict[str, Any]:
        self._relist(change, card, by, _now_s())
        return self.loss_reach(card)

    def _relist(self, change: Callable[..., Any], *args: Any) -> Any:
        """A change that may have made a new version of the blacklist. -> what it returns"""
        done = self._do(change, *args)
        self.relisted()
        self._may_wait()
        return done

    def _decided(self, decide: Callable[..., Any], *args: Any) -> Any:
        """What a second person granted may be a list of cards, or the admission of merchants."""
        done = self._relist(decide, *args)
        self._tell(self._gateway.retell)
        return done

    def _may_wait(self) -> None:
        """A load may have been ordered: then terminals are told."""
        self._tell(self._gateway.tell_waiting)

    def _grown(self, version: int) -> None:
        self._tell(self._push_keys, version)

    def _push_keys(self, version: int) -> None:
        """On the loop: who has no other version than the first was never told of any."""
        for connection in self._gateway.live.values():
            connection.hand.wants[KEYS] = version
            self._gateway.pusher.look(connection)

    def relisted(self) -> None:
        """The blacklist may have changed: the terminals are pushed to."""
        gateway = self._gateway
        version, _, _ = self._store.lists.state(BLACKLIST, 0)
        self._tell(lambda: gateway.pusher.changed(BLACKLIST, version, gateway.live.values()))

    def awaited(self) -> None:
        """Something new waits for cards."""
        self._waits(self._store.actions.waiting_version)

    def _ordered(self, number: int) -> None:
        self._tell(self._push_one, EMERGENCY, None, number)

    def _waits(self, version: int) -> None:
        self._tell(self._push_one, WAITING, None, version)

    def set_grants(self, number: int, cards: list[int]) -> int:
        """Exactly these cards may pass at this gate; the list's new version."""
        if self._known(number)["kind"] == "water":
            raise Impossible("a valve has no list of cards that may pass")
        version = self._do(self._store.lists.set_grants, number, cards, _now_s())
        self._tell(self._push_one, GRANTS, number, version)
        return version

    def set_params(self, number: int | None, values: dict[str, Any]) -> int:
        """Parameters of one terminal, or of all; the new version."""
        if number is not None:
            self._known(number)
        version = self._do(self._store.terminals.set_params, number, values)
        self._tell(self._push_one, PARAMETERS, number, version)
        return version

    def put_image(self, raw: bytes) -> dict[str, Any]:
        """Terminals of its kind shall run this image; what it says of itself."""
        image = self._gateway.images.put(raw)
        self._tell(self._offer, image.kind, image.number)
        return image.row()

    def images(self) -> list[dict[str, Any]]:
        """The images that terminals shall run."""
        return self._gateway.images.rows()

    def _offer(self, kind: str, version: int) -> None:
        """On the loop."""
        gateway = self._gateway
        chosen = [c for n, c in gateway.live.items() if gateway.terminals[n].kind == kind]
        for connection in chosen:
            connection.hand.rest(IMAGE, 0.0)
        gateway.pusher.changed(IMAGE, version, chosen)

    def _push_one(self, subject: int, number: int | None, version: int) -> None:
        """On the loop."""
        live = self._gateway.live
        chosen = list(live.values()) if number is None else [live[n] for n in {number} & set(live)]
        self._gateway.pusher.changed(subject, version, chosen)

    def _known(self, number: int) -> dict[str, Any]:
        row = self._store.terminals.get(number)  # the loop may not have heard of it yet
        if row is None:
            raise Impossible(f"there is no terminal {number}", 404)
        return row

    def _do(self, work: Callable[..., Any], *args: Any) -> Any:
        asking = errand.get()
        if asking is not None:
            work, args = self._store.audit.audited, (asking.act, _now_s(), work, *args)
        try:
            done = self._gateway.writer.call(work, *args).result(CALL_WAIT_S)
            if asking is not None:
                asking.kept += 1
            return done
        except Overdue:
            raise NotReady("the server is busy, ask again") from None
        except Unavailable as error:
            raise NotReady(f"nothing was changed, the database says: {error}") from None
        except UnknownCard as error:
            raise Impossible(str(error), 404) from None
        except NotListed as error:
            raise Impossible(str(error), 409) from None
        except NotYours as error:
            raise Impossible(str(error), 403) from None
        except LocalError as error:
            raise Impossible(str(error)) from None

    def _tell(self, act: Callable[..., None], *args: Any) -> None:
        try:
            self._gateway.loop.call_soon_threadsafe(act, *args)
        except RuntimeError:
            raise NotReady("the server is going down") from None

    # looks

    def changes(self) -> int:
        """A number that grows whenever something changed that a page could show."""
        gateway = self._gateway
        return gateway.changes + gateway.writer.changes + gateway.pusher.confirmed

    def status(self) -> dict[str, Any]:
        """Terminals and totals, as docs/api.md lists them."""
        return looks.status(self._gateway)

    def recent(self, limit: int) -> list[dict[str, Any]]:
        """The last taps that came, newest first, as `web.console.view` shows them."""
        return looks.taps(self._store.records.recent(limit))

    def records(self, number: int, after: int, limit: int) -> list[tuple[int, ...]]:
        """Records of one terminal with a serial above `after`, in order."""
        self._known(number)
        return self._store.records.of(number, after, limit)

    def shifts(self, number: int, limit: int) -> list[dict[str, Any]]:
        """The last shifts of one terminal, as `store.shifts.of` has them."""
        self._known(number)
        return self._store.shifts.of(number, limit)

    def ledger(self) -> dict[str, Any]:
        """The sum, every account, and what each place took."""
        return {
            "sum": self._store.accounts.sum_fen(),
            "accounts": self._store.accounts.all(),
            "places": self._store.accounts.sold_by_place(),
        }

    def lost(self, number: int) -> dict[str, Any]:
        """What of a terminal is lost, rebuilt and missing."""
        self._known(number)
        return self._store.lost.of(number)

    def grants_reach(self, number: int) -> dict[str, int]:
        """version and confirmed of a gate's list of rights."""
        self._known(number)
        return looks.grants(self._gateway, number)

    def loss_reach(self, card: int) -> dict[str, Any]:
        """Is the card refused, and how many terminals know it."""
        try:
            return looks.reach(self._gateway, card)
        except UnknownCard as error:
            raise Impossible(str(error), 404) from None


def _now_s() -> int:
    return int(time.time())
