"""A desk without pcscd and without HTTP: the real reader's commands on the card models, the real
store and keys behind the calls of the API."""

from protocol.errors import LocalError
from sync_server.gateway.issues import CREDENTIALS, Issues, OnCpu, OnMifare, Sign
from sync_server.gateway.refusals import Impossible
from sync_server.keyring import NAMES, Keyring
from sync_server.store.store import Store
from sync_server.web import fields
from terminal_sim.acr122u import Acr122u
from terminal_sim.field import Field
from terminal_sim.fmcos import Fmcos
from terminal_sim.iso_dep import IsoDepCard
from terminal_sim.mifare import MifareClassic
from terminal_sim.prng import Prng
from tools.desk import office, work
from tools.desk.chips import CPU, MIFARE
from tools.desk.faults import Fault, Gone
from tools.desk.part3 import Contactless

UIDS = {MIFARE: bytes.fromhex("2c010203"), CPU: bytes.fromhex("04112233445566")}
MASTERS = [bytes(range(at, at + 16)) for at in (16, 48, 80, 112)]
WISH = {
    "holder_kind": 2, "name": "王小明", "valid_until": "2029-07-15", "zones": 3,
    "balance_fen": 1234, "replaces": None,
}  # fmt: skip


def blank(kind, uid=None):
    """-> a card as delivered."""
    uid = uid or UIDS[kind]
    if kind == MIFARE:
        return MifareClassic(uid)
    return IsoDepCard(uid, Fmcos(Prng(int.from_bytes(uid, "big")).bytes))


class Model:
    """A `part3.Line` straight to the reader's model. Each APDU counts; `pull_at`: at which one the
    reader is pulled out, its field down; `torn`: what the card makes of it. is_put_back: both are
    there again at the next look."""

    def __init__(self):
        self.field = Field()
        self.reader = Acr122u(self.field)
        self.apdus = 0
        self.pull_at = None
        self.swap_at = None
        self.torn = "none"
        self.noise = b""
        self.is_put_back = False
        self.comes_back = None

    def connect(self):
        if self.comes_back is not None:
            self.field.put(self.comes_back)
            self.comes_back = None
        self.reader.power(False)
        return self.reader.atr() or None

    def send(self, command):
        at, self.apdus = self.apdus, self.apdus + 1
        if self.swap_at is not None and at == self.swap_at[0]:
            self.field.clear()
            self.field.put(self.swap_at[1])
        if at == self.pull_at:
            (card,) = self.field.cards
            card.tear_after(0, self.torn, self.noise)
            self.reader.apdu(command)
            card.leave_after(None)
            self.field.clear()
            self.comes_back = card if self.is_put_back else None
            raise Gone
        return self.reader.apdu(command)

    def close(self):
        self.reader.power(False)


class Office:
    """The API's answers without the network; `fails`: calls that find no server, by name and
    whether before or after they are carried out."""

    def __init__(self, store):
        self.store = store
        keyring = Keyring(dict(zip(NAMES, MASTERS, strict=True)))
        self.issues = Issues(self, store, keyring, lambda work, *args: work(*args))
        self.fails = {}

    def relisted(self):
        pass

    def awaited(self):
        pass

    def begin(self, chip, wish):
        wish = wish | {"uid": chip.uid.hex(), "valid_until": fields.day(wish, "valid_until")}
        replaces = wish.pop("replaces", None)
        told = self._do("begin", self.issues.begin, wish, CREDENTIALS[chip.kind], replaces, "desk")
        blocks = [(block, bytes.fromhex(data)) for block, data in told.get("blocks", [])]
        wallet = {name: bytes.fromhex(data) for name, data in told.get("wallet", {}).items()}
        return office.Made(told["card"], told["fee_fen"], wish["balance_fen"], blocks, wallet)

    def end(self, card):
        self._do("end", self.issues.end, card)

    def void(self, card):
        return self._do("void", self.issues.void, card, "desk")

    def chip(self, chip):
        try:
            return self._do("chip", self.issues.chip, chip.uid)
        except LookupError:
            return None

    def read(self, chip, reading):
        return self._do("read", self.issues.read, chip.uid, self._typed(reading))

    def take_back(self, chip, reading):
        told = self._typed(reading) if reading else None
        return self._do("take_back", self.issues.take_back, chip.uid, told, "desk")

    def loading(self, chip, reading):
        return self._do("loading", self.issues.loading, chip.uid, self._typed(reading))

    def sign(self, asked):
        raw = {k: bytes.fromhex(v) if isinstance(v, str) else v for k, v in asked.items()}
        return self._do("sign", self.issues.sign, Sign(serial=asked["action"], **raw))

    def load(self, card, fen):
        (action,) = self.store.actions.order_loads([(card, fen)], "desk", 1)
        return action

    def _typed(self, reading):
        if "blocks" in reading:
            return OnMifare(*(bytes.fromhex(reading["blocks"][n]) for n in ("4", "5", "6")))
        raw = {k: bytes.fromhex(v) if isinstance(v, str) else v for k, v in reading.items()}
        return OnCpu(raw["identity"], raw["balance_fen"], raw["challenge"], raw["proof"])

    def _do(self, name, ask, *args):
        when = self.fails.get(name)
        if when == "before":
            raise Fault("no_server", why="down")
        try:
            told = ask(*args)
        except Impossible as error:
            if error.status == 404:
                raise LookupError(str(error)) from None
            raise office.Conflict(str(error)) from None
        except LocalError as error:  # orders make a 400 of it
            raise Fault("refused", why=error) from None
        if when == "after":
            raise Fault("no_server", why="down")
        return told


class House:
    """Everything, and a hand that lays cards down."""

    def __init__(self, folder):
        self.store = Store(f"sqlite:///{folder / 'c.db'}")
        self.store.db.conn.execute("PRAGMA synchronous=OFF")  # no power cut is tried here
        self.line = Model()
        self.office = Office(self.store)
        self.desk = work.Desk(Contactless(self.line), self.office, 0, 0)

    def issue(self, **other):
        """Whatever lies there."""
        return work.issue(self.desk, work.find(self.desk), WISH | other)

    def balances(self):
        """type and key -> fen, of accounts that hold something."""
        rows = self.store.accounts.all()
        return {(r["type"], r["key"]): r["balance_fen"] for r in rows if r["balance_fen"]}
