"""What each request of a terminal is answered with.

One table: message number -> the function that answers it. A function either answers at once or
hands work to the writer thread and answers when that is committed; `turn` ties the answer to its
request. What cannot be served is answered PROBLEM, so the terminal never waits for nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol import manifest, messages, record, states
from protocol.errors import RemoteError
from sync_server.core import ledger, wallet_load
from sync_server.core.pins import Verdict
from sync_server.gateway.limits import CHUNK_BYTES
from sync_server.gateway.push import (
    BLACKLIST,
    EMERGENCY,
    GRANTS,
    IMAGE,
    KEYS,
    NOTHING,
    PARAMETERS,
    WAITING,
)

if TYPE_CHECKING:
    from sync_server.gateway.connection import Connection
    from sync_server.keyring import Keyring
    from sync_server.store.store import Store

_LOADS = ("pos", "water")  # kinds of terminal that may load cards
_ORDERED = ("pos", "gate")  # that know emergencies


def answer(connection: Connection, body: bytes) -> None:
    """Serve one request; RemoteError when it is none."""
    number, values, tail = messages.decode(body, states.TERMINAL)
    serve = _TABLE.get(number)
    if serve is None:
        raise RemoteError(f"{messages.name(number)} is no request")
    serve(connection, connection.turn, values, tail)


def problem(connection: Connection, turn: int, code: int) -> None:
    """This request cannot be served now."""
    connection.reply(turn, messages.encode(messages.PROBLEM, (code,)))


def _batch(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    def done(answers: bytes | None, error: Exception | None) -> None:
        if answers is None:
            problem(connection, turn, messages.FAILED)
        else:
            connection.reply(turn, messages.encode(messages.ANSWERS, (), answers))
            connection.gateway.tell_waiting()

    connection.gateway.writer.batch(connection.number, tail, done)


class Standing(NamedTuple):
    """What the server has for one terminal, read in the same breath as its report was stored."""

    versions: dict[int, int]
    digests: dict[int, bytes]
    serial_highest: int
    relisted: bool  # the blacklist's version has just jumped
    may_leave: bool  # it may be offline now
    emergency: int  # number of the order that is in force, 0 none


def _take_report(store: Store, number: int, values: Any) -> Standing:
    """In the writer thread: keep the report, look up what the terminal shall have."""
    now_s = int(time.time())
    store.terminals.report(number, values, now_s)
    relisted = store.restored.compare(number, values, now_s)
    blacklist = store.lists.state(BLACKLIST, number)
    grants = store.lists.state(GRANTS, number)
    parameters, _ = store.terminals.params(number)
    return Standing(
        {BLACKLIST: blacklist[0], GRANTS: grants[0], PARAMETERS: parameters},
        {BLACKLIST: blacklist[2], GRANTS: grants[2]},
        store.records.highest_serial(number),
        relisted,
        store.evidence.has_leave(number, now_s),
        store.emergencies.now(now_s),
    )


def _report(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    gateway = connection.gateway

    def done(standing: Standing | None, error: Exception | None) -> None:
        if standing is None:
            problem(connection, turn, messages.FAILED)
            return
        versions = standing.versions
        state = (
            int(time.time()),
            versions[BLACKLIST],
            versions[GRANTS],
            versions[PARAMETERS],
            standing.serial_highest,
            messages.MAY_LEAVE_OFFLINE if standing.may_leave else 0,
        )
        connection.reply(turn, messages.encode(messages.STATE, state))
        if standing.relisted:
            gateway.pusher.changed(BLACKLIST, versions[BLACKLIST], gateway.live.values())
        if connection.live:
            _compare(connection, values, standing)

    gateway.writer.post(done, _take_report, gateway.store, connection.number, values)


def _compare(connection: Connection, report: Any, standing: Standing) -> None:
    """Note what the terminal has and shall have, then begin to close the gap."""
    hand, pusher = connection.hand, connection.gateway.pusher
    hand.wake()
    reported = {
        BLACKLIST: report.list_version,
        GRANTS: report.grants_version,
        PARAMETERS: report.params_version,
    }
    for subject, version in standing.versions.items():
        hand.wants[subject] = max(version, hand.wants[subject])
        hand.has[subject] = reported[subject]
    if _kind(connection) in _LOADS and hand.wants[WAITING] == NOTHING:
        hand.wants[WAITING] = connection.gateway.store.actions.waiting_version
        hand.has[WAITING] = NOTHING if hand.wants[WAITING] else 0
    newest = connection.gateway.keyring.newest
    if newest > 1 and hand.wants[KEYS] == NOTHING:
        hand.wants[KEYS] = newest
    if _kind(connection) in _ORDERED:
        if hand.wants[EMERGENCY] == NOTHING:
            hand.has[EMERGENCY] = 0  # none of this session
        hand.wants[EMERGENCY] = max(standing.emergency, hand.wants[EMERGENCY])
    _compare_image(connection, manifest.number_of((report.major, report.minor, report.patch)))
    connection.gateway.holds(connection.number, report.list_version)
    if 0 < report.list_version == standing.versions[BLACKLIST]:
        if report.list_digest == standing.digests[BLACKLIST][:8]:
            pusher.confirm(
                connection.number, BLACKLIST, report.list_version, standing.digests[BLACKLIST]
            )
        else:
            hand.has[BLACKLIST] = NOTHING  # same number, other set: start from the full list
            connection.gateway.holds(connection.number, None)
    pusher.look(connection)


def _compare_image(connection: Connection, runs: int) -> None:
    """The firmware: what it runs, and what it shall run."""
    hand, images = connection.hand, connection.gateway.images
    kind = connection.gateway.terminals[connection.number].kind
    images.runs(connection.number, kind, runs)
    hand.has[IMAGE] = runs
    hand.wants[IMAGE] = images.wanted(kind, runs)


def _kind(connection: Connection) -> str:
    """What kind of terminal speaks here."""
    return connection.gateway.terminals[connection.number].kind


class Full(NamedTuple):
    """A whole list, encoded."""

    version: int
    digest: bytes
    blob: bytes


def _fetch(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    if values.list not in (BLACKLIST, GRANTS):
        problem(connection, turn, messages.MALFORMED)
        return
    gateway = connection.gateway
    scope = 0 if values.list == BLACKLIST else connection.number
    wanted = connection.hand.wants[values.list]

    def done(full: Full | None, error: Exception | None) -> None:
        if full is None:
            problem(connection, turn, messages.FAILED)
            return
        # Another version than the one being fetched: from its beginning, which the offset says.
        offset = values.offset if values.version in (full.version, 0) else 0
        chunk = full.blob[offset : offset + CHUNK_BYTES]
        head = (values.list, full.version, len(full.blob), min(offset, len(full.blob)), full.digest)
        connection.reply(turn, messages.encode(messages.CHUNK, head, chunk))

    # Who is in the middle of a version gets it to its end, as long as it is on the shelf.
    key = (values.list, scope, values.version or wanted)
    if not gateway.fulls.has(key):
        key = (values.list, scope, wanted)
    gateway.fulls.get(key, done, _read_full, gateway.store, values.list, connection.number)


def _read_full(store: Store, list_id: int, number: int) -> Full:
    return Full(*store.lists.full(list_id, number))


def _piece(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    data = connection.gateway.images.piece(connection, values.digest, values.offset)
    if data is None:
        problem(connection, turn, messages.NOT_NOW)
    else:
        connection.reply(turn, messages.encode(messages.BYTES, (values.offset,), data))


def _action(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    def done(given: tuple[int, int, int, bytes] | None, error: Exception | None) -> None:
        if given is None:
            problem(connection, turn, messages.FAILED)
        else:
            head = (values.card, *given[:3])
            connection.reply(turn, messages.encode(messages.GRANT, head, given[3]))

    gateway, number = connection.gateway, connection.number
    gateway.writer.post(done, grant_of, gateway.store, gateway.keyring, number, values, tail)


def grant_of(
    store: Store, keyring: Keyring, number: int, values: Any, uid: bytes
) -> tuple[int, int, int, bytes]:
    """In the writer thread: action, operation, fen and tail of GRANT. uid: of a card that cannot
    say its number, else empty."""
    if uid:
        card = store.actions.card_of_uid(uid)
        return 0, messages.IDENTITY if card else 0, 0, _identity_of(store, keyring, card)
    given = store.actions.ask(number, values, int(time.time()))
    if given[1] == messages.FREE:
        return *given, _identity_of(store, keyring, values.card)
    if given[1] == messages.REKEY:
        return *given, keyring.identity(store.cards.rekeyed(values.card))
    held = store.actions.load_of(given[0]) if values.credential == record.CPU else None
    return *given, keyring.pin(bytes.fromhex(held[0])) if held else b""


def _identity_of(store: Store, keyring: Keyring, card: int) -> bytes:
    return keyring.identity(store.cards.renewed(card)) if card else b""


def _sign(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    def done(mac2: bytes | None, error: Exception | None) -> None:
        if not mac2:
            problem(connection, turn, messages.NOT_NOW if error is None else messages.FAILED)
        else:
            connection.reply(turn, messages.encode(messages.SIGNED, (mac2,)))

    gateway = connection.gateway
    gateway.writer.post(done, mac2_of, gateway.store, gateway.keyring, connection.number, values)


def mac2_of(store: Store, keyring: Keyring, number: int, values: Any) -> bytes:
    """In the writer thread: the MAC2 that lets a CPU card be loaded, b"" if it must not."""
    held = store.actions.load_of(values.action)
    if held is None:
        return b""
    key = keyring.load_key(bytes.fromhex(held[0]))
    mac2 = wallet_load.answer(key, held[1], number, values)
    return mac2 if mac2 and store.actions.sign_load(number, values, int(time.time())) else b""


def _pin(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    if _kind(connection) != "pos" or not tail.isdigit():
        problem(connection, turn, messages.MALFORMED)
        return

    def done(verdict: Verdict | None, error: Exception | None) -> None:
        if verdict is None:
            problem(connection, turn, messages.NOT_NOW if error is None else messages.FAILED)
        else:
            connection.reply(turn, messages.encode(messages.PIN_STATE, (values.card, *verdict)))

    connection.gateway.pin_tries.judge(connection.number, values, tail.decode("ascii"), done)


def _spent(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    def done(found: tuple[int, int] | None, error: Exception | None) -> None:
        if found is None:
            problem(connection, turn, messages.FAILED)
        else:
            fens = [min(fen, 0xFFFFFFFF) for fen in found]
            connection.reply(turn, messages.encode(messages.SPENT_STATE, (values.card, *fens)))

    look = connection.gateway.store.pins.elsewhere
    asked = (values.card, connection.number, values.day_utc_s, values.meal_utc_s)
    connection.gateway.writer.post(done, look, *asked)


def _balance(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    def done(found: int | None, error: Exception | None) -> None:
        if found is None:
            problem(connection, turn, messages.FAILED)
        else:
            fen = min(max(found, 0), 0xFFFFFFFF)
            connection.reply(turn, messages.encode(messages.BALANCE_STATE, (values.card, fen)))

    look = connection.gateway.store.credits.balance_fen
    connection.gateway.writer.post(done, look, ledger.purse(values.card))


def _problem(connection: Connection, turn: int, values: Any, tail: bytes) -> None:
    raise RemoteError(f"the terminal asks with a problem, code {values.code}")


_TABLE = {
    messages.REPORT: _report,
    messages.BATCH: _batch,
    messages.FETCH: _fetch,
    messages.PIECE: _piece,
    messages.ACTION: _action,
    messages.SIGN: _sign,
    messages.PIN: _pin,
    messages.SPENT: _spent,
    messages.BALANCE: _balance,
    messages.PROBLEM: _problem,
}
