"""A terminal, its server and an update, for cuts everywhere: what is tapped must arrive, and what
is started must be one of the two images, byte for byte."""

import functools
import hashlib

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from card_layout import p256
from firmware.core import layout, slots
from firmware.core.layout import Region
from firmware.core.slots import Pair, Slot
from firmware.core.terminal import Terminal
from protocol import batch, keypage, manifest, messages
from protocol.errors import RemoteError
from terminal_sim.flash import Flash, PowerCut
from terminal_sim.prng import Prng
from tests.shared import campus

LAYOUT = layout.make(1, 4)
SECTORS = 4  # of a slot, its header included
REGIONS = (Region(LAYOUT.sectors, SECTORS), Region(LAYOUT.sectors + SECTORS, SECTORS))
KEY = ec.generate_private_key(ec.SECP256R1())
FORMAT = serialization.PublicFormat.CompressedPoint
PUBLIC = {7: KEY.public_key().public_bytes(serialization.Encoding.X962, FORMAT)}
KINDS = {"twice": (1, True), "once": (64, False)}
STEP_MS = 7000
BOOTS_MOST = 12
STEPS_MOST = 150


def sign(key, data):
    """-> r || s."""
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def image(version, size, kind=messages.POS, key=KEY, number=7):
    """-> (manifest and signature, content, version)."""
    content = Prng(size).bytes(size)
    digest = hashlib.sha256(content).digest()
    head = manifest.pack(
        manifest.Manifest(kind, version, 0, number, size, digest, manifest.NO_COMMIT)
    )
    return head + sign(key, head), content, version


OLD = image((0, 1, 0), 5000)
NEW = image((0, 2, 0), 8500)
FLIPPED = (NEW[0], NEW[1][:700] + bytes([NEW[1][700] ^ 1]) + NEW[1][701:], NEW[2])


def install(flash, number, made, confirmed=True):
    """As a technician does it."""
    slot = Slot(flash, REGIONS[number])
    slot.begin(made[0])
    for at in range(0, len(made[1]), 256):
        piece = made[1][at : at + 256]
        slot.put(at, piece + b"\xff" * (-len(piece) % 64))
    slot.mark(slots.WHOLE)
    if confirmed:
        slot.mark(slots.TRY)
        slot.mark(slots.CONFIRM)


@functools.cache
def bought(kind):
    """-> flash of a terminal as it is installed."""
    flash = Flash((LAYOUT.sectors + 2 * SECTORS) * 4096, *KINDS[kind])
    page = keypage.pack(campus.NUMBER, messages.POS, *campus.PAGE)
    flash.program(LAYOUT.keys.first * 4096, page)
    install(flash, 0, OLD)
    return flash


class Wrong(AssertionError):
    """What must never be."""


class Office:
    """The server: has what it was told, offers what it has."""

    def __init__(self, offers):
        self.offers = list(offers)  # images one after the other, as each is refused or runs
        self.records = {}

    def answer(self, body):
        """-> body of the reply."""
        number, values, tail = messages.decode(body, messages.TERMINAL)
        if number == messages.REPORT:
            return messages.encode(
                messages.STATE, (campus.NOON, 0, 0, 0, max(self.records, default=0), 0)
            )
        if number == messages.BATCH:
            raws = [tail[at : at + 64] for at in range(0, len(tail), 64)]
            for raw in raws:
                known = self.records.setdefault(int.from_bytes(raw[:4], "big"), raw)
                if known[5:] != raw[5:]:
                    raise Wrong("one number, two records")
            return messages.encode(
                messages.ANSWERS, (), batch.pack([(batch.STORED, 0)] * len(raws))
            )
        signed, content, _ = self.offers[0]
        piece = content[values.offset : values.offset + 1024]
        return messages.encode(messages.BYTES, (values.offset,), piece)


class World:
    """`works`: the new image does; else "crash" (before it reports) or "mute" (no server)."""

    def __init__(self, flash, works="well", offers=(NEW,), taps=3):
        self.flash = flash.copy()
        self.office = Office(offers)
        self.works = works
        self.offered = False
        self.boots = 0
        self.promised = []  # serials of taps that people saw accepted
        self.taps_left = taps
        self.card = campus.Card(balance_fen=50_000)
        self.ticks_ms = 0

    def boot(self):
        """-> True if what was started works at all."""
        self.boots += 1
        if self.boots > BOOTS_MOST:
            raise Wrong("it boots and boots")
        pair = [Slot(self.flash, region) for region in REGIONS]
        start = slots.choose(pair, messages.POS, 0)
        if start is None:
            raise Wrong("no image is started")
        self.images = Pair(pair, start, PUBLIC)
        region = REGIONS[start.slot]
        content = self.flash.read(region.first * 4096, (SECTORS - 1) * 4096)
        self.runs = next((m for m in (OLD, NEW) if content.startswith(m[1])), None)
        if self.runs is None or self.images.here.signed != self.runs[0]:
            raise Wrong("what is started is no image")
        if start.mode != slots.NORMAL:
            raise Wrong("safe mode, and there is a good image")
        if self.runs is NEW and self.works == "crash":
            return False
        self.terminal = Terminal(self.flash, None, LAYOUT)
        self.terminal.mount()
        self.terminal.params.meet()
        self.terminal.images = self.images
        self.terminal.version = self.runs[2]
        self.terminal.uploader.restart()
        self.offered = False
        if self.runs is NEW and self.works == "mute":
            self.tap()
            return False  # after an hour it starts again
        return True

    def now(self):
        self.ticks_ms += STEP_MS
        return campus.moment(self.terminal, campus.NOON, self.ticks_ms)

    def tap(self):
        """Somebody pays, if there is somebody."""
        if not self.taps_left:
            return
        self.taps_left -= 1
        self.terminal.kind.ready(100)
        outcome, _ = campus.tap(self.terminal, self.card, self.now())
        if outcome.accepted:  # by a new record, or by the one that a cut left grey
            self.promised.append(self.terminal.journal.serial_next - 1)

    def step(self):
        """One request, or one more step of the update. -> True if the terminal restarts."""
        terminal, now = self.terminal, self.now()
        body = terminal.uploader.next_request(now)
        if body is not None:
            try:
                terminal.uploader.on_reply(self.office.answer(body), now)
            except RemoteError:
                return True
            if body[0] == messages.REPORT:
                self.offered = False
        if self.office.offers and not self.offered:
            self.offered = True
            offer = messages.encode(messages.IMAGE, (), self.office.offers[0][0])
            terminal.uploader.on_request(offer, now)
        return any(effect[0] == "restart" for effect in terminal.effects())

    def play(self):
        """Until nothing more happens: taps at certain steps, restarts as they come."""
        works = self.boot()
        steps = 0
        while True:  # ends when all is done, or by Wrong
            if not works:
                works = self.boot()
                steps = 0
                continue
            steps += 1
            if steps in (2, 9, 20):
                self.tap()
            if self.step():
                works, steps = self.boot(), 0
            elif self.is_done(steps):
                return
            if steps > STEPS_MOST:
                raise Wrong("it comes to no end")

    def is_done(self, steps):
        """True when the update has come to what it shall come to."""
        update = self.terminal.uploader._update
        if steps < 22 or self.terminal.journal.queue or update is None:
            return False
        if update.state != "over":
            return False
        if len(self.office.offers) > 1:
            del self.office.offers[0]  # refused; now the right one
            self.offered = False
            return False
        if self.works == "well" and self.runs is not NEW:
            self.offered = False  # offered again at the next report
            return False
        return True

    def judge(self):
        """At the end. Wrong."""
        expected = NEW if self.works == "well" else OLD
        if self.runs is not expected or self.images.is_trial:
            raise Wrong("not the image that it should be")
        lost = [serial for serial in self.promised if serial not in self.office.records]
        if lost:
            raise Wrong(f"records are lost: {lost}")


def cut(world, operation, shape, noise):
    """Play on until the power fails there. -> True if it did."""
    world.flash.cut_after(operation, shape, noise)
    try:
        world.play()
    except PowerCut:
        world.flash.cut_after(0)
        return True
    world.flash.cut_after(0)
    return False


VERIFY_ONCE = functools.cache(p256.verify)  # 7 ms each time, and always the same
