"""Real terminals (firmware core on flash) and the real store, joined by message bodies.

What it is not: sessions, sockets, threads. A report is answered as the gateway does it; a push is a
delta or the news, whichever the store can make.
"""

from firmware.core import layout
from firmware.core.terminal import Terminal
from protocol import keypage, messages
from sync_server.gateway import requests
from sync_server.gateway.push import BLACKLIST
from sync_server.keyring import NAMES, Keyring
from sync_server.store.store import Store
from terminal_sim.flash import Flash
from tests.shared import campus
from tests.shared.card import mac_of
from tests.sync_server.databases import copied, put_back, url_of

LAID = layout.make(1, 4)
START_FEN = 50_000
WISH = {
    "holder_kind": 2, "name": "n", "uid": "5a000001", "valid_until": 20000, "zones": 1,
    "balance_fen": START_FEN,
}  # fmt: skip


MASTERS = (*campus.PAGE[1:], b"enrolment master")  # sector A, sector B, purse, terminals


class House:
    """terminals: number -> Terminal; cards: number -> scripted card with a true purse."""

    def __init__(self, tmp_path, terminals=2, cards=1, laid=LAID):
        self.path = tmp_path / "c.db"
        self.store = Store(url_of(self.path))
        self.keyring = Keyring(dict(zip(NAMES, MASTERS, strict=True)))
        self.utc_s = campus.NOON
        self._laid = laid
        self._ticks_ms = 0
        self.terminals = {}
        for n in range(terminals):
            number = self.store.terminals.enrol("pos", f"place {n}", f"m{n}", 1)
            self.power_on(number, self.blank(number))
        wishes = [WISH | {"uid": f"5a{n:06x}"} for n in range(1, cards + 1)]
        numbers = self.store.cards.issue(wishes, 1)
        self.cards = {
            number: campus.Card(number, START_FEN, b"\x5a" + number.to_bytes(3, "big"))
            for number in numbers
        }
        for number in self.terminals:
            self.sync(number)

    def blank(self, number):
        """-> a new flash with the key page of this terminal."""
        flash = Flash(self._laid.sectors * 4096, 1, True)
        page = keypage.pack(number, messages.POS, *campus.PAGE)
        flash.program(self._laid.keys.first * 4096, page)
        return flash

    def power_on(self, number, flash):
        """Boot a terminal on what its flash says."""
        terminal = self.terminals[number] = Terminal(flash, None, self._laid)
        terminal.mount()

    def now(self, number):
        """The next moment of this terminal, online."""
        self.utc_s += 1
        self._ticks_ms += 1000
        terminal = self.terminals[number]
        now = terminal.moment(self.utc_s, self._ticks_ms)
        if not terminal.online:
            terminal.on_open(now)
            terminal.list_checked(self.utc_s, now)
        return terminal.moment(self.utc_s, self._ticks_ms)

    def pay(self, number, card, fen):
        """-> True if this card was debited, or torn, at this terminal."""
        terminal = self.terminals[number]
        terminal.key("*", self.now(number))
        terminal.kind.ready(fen)
        outcome, _ = campus.tap(terminal, self.cards[card], self.now(number))
        return outcome.accepted

    def held_fen(self, card):
        """What is on the card."""
        return self.cards[card].purse().balance_fen

    def sync(self, number, requests_most=200):
        """A session: report, lists, records, until there is nothing to say."""
        uploader = self.terminals[number].uploader
        uploader.restart()
        for _ in range(requests_most):
            body = uploader.next_request(self.now(number))
            if body is None:
                return
            uploader.on_reply(self.serve(number, body), self.now(number))
            if body[0] == messages.REPORT:
                self._push(number)
        raise AssertionError("a terminal has always something to say")

    def serve(self, number, body):
        """-> the reply's body."""
        kind, values, tail = messages.decode(body)
        if kind == messages.REPORT:
            it = requests._take_report(self.store, number, values)
            versions = tuple(it.versions.values())
            return messages.encode(messages.STATE, (self.utc_s, *versions, it.serial_highest, 0))
        if kind == messages.BATCH:
            (answers,) = self.store.records.ingest([(number, tail)], self.utc_s)
            assert self.store.accounts.sum_fen() == 0
            return messages.encode(messages.ANSWERS, (), answers)
        if kind in (messages.ACTION, messages.SIGN):
            return self._action(number, kind, values, tail)
        version, digest, blob = self.store.lists.full(values.list, number)
        head = (values.list, version, len(blob), values.offset, digest)
        return messages.encode(messages.CHUNK, head, blob[values.offset : values.offset + 2048])

    def _action(self, number, kind, values, tail):
        """A question of a tap, as the gateway answers it."""
        if kind == messages.ACTION:
            given = requests.grant_of(self.store, self.keyring, number, values, tail)
            head = (values.card, *given[:3])
            return messages.encode(messages.GRANT, head, given[3])
        mac2 = requests.mac2_of(self.store, self.keyring, number, values)
        return messages.encode(*((messages.SIGNED, (mac2,)) if mac2 else (messages.PROBLEM, (3,))))

    @staticmethod
    def mac(uid):
        """The purse MAC of a card."""
        return mac_of(uid)

    def tell_waiting(self):
        """Every terminal gets the filter."""
        for number, terminal in self.terminals.items():
            body = messages.encode(
                messages.WAITING, self.store.actions.waiting()[:1], self.store.actions.waiting()[1]
            )
            terminal.uploader.on_request(body, self.now(number))

    def _push(self, number):
        terminal = self.terminals[number]
        before = terminal.blacklist.version
        version, _, digest = self.store.lists.state(BLACKLIST, number)
        if before != version or terminal.blacklist.digest != digest and version:
            delta = self.store.lists.delta(BLACKLIST, number, before)
            if delta is None:
                body = messages.encode(messages.NEWS, (BLACKLIST, version))
            else:
                body = messages.encode(messages.DELTA, (BLACKLIST, before, *delta[:2]), delta[2])
            _, state, _ = messages.decode(terminal.uploader.on_request(body, self.now(number)))
            if state.status == messages.NEED_FULL:
                news = messages.encode(messages.NEWS, (BLACKLIST, version))
                terminal.uploader.on_request(news, self.now(number))
        version, blob = self.store.terminals.params(number)
        body = messages.encode(messages.PARAMS, (version,), blob)
        terminal.uploader.on_request(body, self.now(number))

    # backups

    def backup(self):
        """-> the database as it is now."""
        return copied(self.store, self.path)

    def restore(self, image):
        """The server comes back with an old database."""
        self.store.close()
        put_back(self.path, image)
        self.store = Store(url_of(self.path))

    def balances(self):
        """(type, key) -> fen of the accounts that are not 0."""
        rows = {(row["type"], row["key"]): row["balance_fen"] for row in self.store.accounts.all()}
        return {key: fen for key, fen in rows.items() if fen}

    def check_purses(self):
        """I2: every purse account is what its card holds."""
        held = self.balances()
        wrong = {
            card: (held.get(("purse", str(card)), 0), self.held_fen(card))
            for card in self.cards
            if held.get(("purse", str(card)), 0) != self.held_fen(card)
        }
        assert wrong == {}
