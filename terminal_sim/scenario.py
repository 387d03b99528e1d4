"""What happens on one seed's campus, told before it happens: the score that both gears play.

Events are drawn without a look at what came of the ones before, so any gear gets the same ones
(docs/simulation.md). What depends on outcomes is given as a limit: how often a torn card is put
back at most, whether a sale that lost its power is entered again.

One campus has one weather; a long run is cut into `parts`, campuses with a seed each, and part 1
has the seed of the run, so that any part can be played alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from protocol import messages
from terminal_sim.flash import SHAPES
from terminal_sim.prng import Prng
from terminal_sim.weather import CARD_SHAPES, Weather, happens

CARDS, POS, GATES = 40, 3, 1
MIFARE, CPU, CODE = CREDENTIALS = "mifare", "cpu", "code"
START_FEN = 5_000_000
START_UTC_S = 1_790_000_000
PART_TAPS = 4000  # of one campus
STEPS_A_SERVING = 12  # of a line, at most, each time it is served
COPIES = 3  # of one card, at most
_RESETS_UTC_S = (946_684_800, 0, 2**31 - 30, 2**31 + 30, 2**32 - 60, 2**32 - 1)


class Tear(NamedTuple):
    """The card leaves in the command after the next `command` ones (mifare.tear_after)."""

    command: int
    shape: int | str
    noise: bytes


class Cut(NamedTuple):
    """Power fails: where "flash": in the n-th operation, done in part as flash.SHAPES has it;
    where "card": as the n-th card command would begin, and the card hears nothing of it."""

    where: str
    n: int
    shape: int
    noise: int


class Later(NamedTuple):
    """Time goes by."""

    seconds: int


class Tap(NamedTuple):
    """A card is presented; at a gate the amount is nothing.

    retaps: how often it is put back at most; resumes: a sale whose power failed is entered again.
    hurry: bit n: the line is served in the n-th request of the tap. copy: 0 the card itself, else
    which copy of it.
    """

    terminal: int
    card: int
    amount_fen: int
    tear: Tear | None
    cut: Cut | None
    retaps: int
    resumes: bool
    hurry: int
    copy: int


class Again(NamedTuple):
    """Somebody shows what a phone showed last once more, so many seconds later."""

    terminal: int
    card: int
    seconds: int
    amount_fen: int


class Down(NamedTuple):
    """A line is cut for so long."""

    terminal: int
    seconds: int


class Link(NamedTuple):
    """The next `messages` on a line have this of weather.LINK_FAULTS; noise draws where."""

    terminal: int
    fault: str
    messages: int
    noise: int


class Serve(NamedTuple):
    """A line has time for so many steps; `cut` may fall into them. whole: a list goes whole."""

    terminal: int
    steps: int
    cut: Cut | None
    whole: bool


class Loss(NamedTuple):
    """A card is put on the list, or taken off it."""

    card: int
    listed: bool


class Server(NamedTuple):
    """A fault of weather.SERVER_FAULTS, "backup" (one is made) or "restore" (it is put back).

    n draws where: in which statement of the next commit it is killed, how often it is locked.
    """

    fault: str
    n: int


class Clock(NamedTuple):
    """A terminal's clock. "jump": by seconds; "drift": so many a day; "reset": to this second."""

    terminal: int
    fault: str
    seconds: int


class Copy(NamedTuple):
    """Copy `copy` of a card is made as the card is now."""

    card: int
    copy: int


class Rollback(NamedTuple):
    """A copy gets the image written back that it was made with."""

    card: int
    copy: int


class Clone(NamedTuple):
    """A second device with this terminal's flash, keys included; it debits a copy of this card."""

    terminal: int
    card: int
    taps: int


class Burn(NamedTuple):
    """A terminal's flash is gone, and another one is put in, with a new key."""

    terminal: int


class WrongKey(NamedTuple):
    """A device with this terminal's number and a wrong key tries to open a session."""

    terminal: int
    noise: int


class Brownout(NamedTuple):
    """Power comes and goes: each boot is cut in turn, after the last it stays."""

    terminal: int
    cuts: tuple[Cut, ...]


Event = (
    Later | Tap | Again | Burn | Down | Link | Serve | Loss | Server | Clock | Copy | Rollback
    | Clone | WrongKey | Brownout
)  # fmt: skip


class Scenario(NamedTuple):
    """kinds: of terminals 1, 2, ..., as messages.POS or GATE; events end after `taps` taps.

    credentials: of cards 1, 2, ..., one of CREDENTIALS each.
    """

    seed: int
    taps: int
    weather: Weather
    cards: int
    start_fen: int
    kinds: tuple[int, ...]
    credentials: tuple[str, ...]
    events: Iterator[Event]


def parts(seed: int, taps: int) -> list[tuple[int, int]]:
    """(seed, taps) of each campus of a long run."""
    draw, cut = Prng(seed), []
    while taps > 0:
        cut.append((seed, min(taps, PART_TAPS)))
        taps -= PART_TAPS
        seed = draw.below(2**31)
    return cut


def draw(seed: int, taps: int, weather: Weather | None = None) -> Scenario:
    """One campus; all of it is drawn from `seed`, unless a `weather` is given."""
    from_seed = Prng(seed)
    drawn = Weather(from_seed.fork(1))
    weather = weather or drawn
    kinds = (messages.POS,) * POS + (messages.GATE,) * GATES
    drawing = _Drawing(from_seed.fork(2), weather, len(kinds))
    holders = drawing.holders = _credentials(from_seed.fork(3), weather)
    drawing.phones = from_seed.fork(4)
    return Scenario(seed, taps, weather, CARDS, START_FEN, kinds, holders, drawing.until(taps))


def _credentials(draw: Prng, weather: Weather) -> tuple[str, ...]:
    """What each holder has."""
    of_12 = (CODE,) * weather.codes + (CPU,) * weather.cpu
    of_12 += (MIFARE,) * (12 - len(of_12))
    return tuple(draw.pick(of_12) for _ in range(CARDS))


class _Drawing:
    """The events of one campus, one after the other."""

    def __init__(self, draw: Prng, weather: Weather, terminals: int):
        self._draw = draw
        self._weather = weather
        self._terminals = terminals
        self._listed: set[int] = set()
        self._copies: list[tuple[int, int]] = []
        self._restore_in = 0  # rounds until the backup is put back
        self.holders: tuple[str, ...] = ()
        self.phones = draw  # what happens to codes is drawn apart

    def until(self, taps: int) -> Iterator[Event]:
        """All events; the last tap is number `taps`."""
        while taps > 0:
            yield Later(self._draw.between(1, 60))
            card, copy = self._presented()
            yield self._tap(card, copy)
            taps -= 1
            if taps and happens(self._draw, self._weather.roams):
                yield self._tap(card, copy)
                taps -= 1
            if self.holders[card - 1] == CODE and happens(self.phones, self._weather.screenshots):
                again = self.phones
                amount_fen = again.between(1, 3000)
                at = again.between(1, self._terminals)
                yield Again(at, card, again.pick((0, 5, 20, 44, 46, 90)), amount_fen)
            yield from self._around()
            yield from self._dishonest()
            yield from self._server()
            if happens(self._draw, self._weather.sync):
                yield from self._serve()

    def _terminal(self) -> int:
        return self._draw.between(1, self._terminals)

    def _presented(self) -> tuple[int, int]:
        if self._copies and happens(self._draw, self._weather.forgers):
            return self._draw.pick(self._copies)
        return self._draw.between(1, CARDS), 0

    def _tap(self, card: int, copy: int) -> Tap:
        draw, weather = self._draw, self._weather
        tear = None
        if happens(draw, weather.tears):
            tear = Tear(draw.between(0, 7), draw.pick(CARD_SHAPES), draw.bytes(16))
        amount_fen = draw.between(1, 3000)
        retaps = draw.between(1, 3) if draw.chance(weather.patience, 6) else 0
        resumes = draw.chance(weather.patience, 6)
        hurry = 0xFFFFF if weather.hurry else 0
        for _ in range(weather.hurry):
            hurry &= draw.below(2**20)
        cut = self._cut(weather.card_cuts)
        return Tap(self._terminal(), card, amount_fen, tear, cut, retaps, resumes, hurry, copy)

    def _cut(self, at_card: bool = False) -> Cut | None:
        draw = self._draw
        if not happens(draw, self._weather.cuts):
            return None
        if at_card and draw.chance(1, 2):
            return Cut("card", draw.between(1, 8), 0, 0)
        return Cut("flash", draw.between(1, 4), draw.pick(SHAPES), draw.below(2**31))

    def _around(self) -> Iterator[Event]:
        """Lines that go down, cards that are lost and found, power and clocks."""
        draw, weather = self._draw, self._weather
        if happens(draw, weather.spells):
            yield Down(self._terminal(), draw.between(60, weather.spell_s))
        if happens(draw, weather.losses):
            card = draw.between(1, CARDS)
            self._listed ^= {card}
            yield Loss(card, card in self._listed)
        if happens(draw, weather.brownouts):
            cuts = tuple(
                Cut("flash", draw.between(1, 3), draw.pick(SHAPES), draw.below(2**31))
                for _ in range(draw.between(1, 4))
            )
            yield Brownout(self._terminal(), cuts)
        if happens(draw, weather.burns):
            yield Burn(self._terminal())
        if happens(draw, weather.clocks):
            fault = draw.pick(("jump", "drift", "reset"))
            seconds = draw.between(-40_000_000, 40_000_000)
            if fault == "reset":
                seconds = draw.pick(_RESETS_UTC_S)
            elif fault == "drift":
                seconds = draw.between(-600, 600)
            yield Clock(self._terminal(), fault, seconds)

    def _dishonest(self) -> Iterator[Event]:
        """Copies of cards and of terminals."""
        draw, weather = self._draw, self._weather
        if happens(draw, weather.copies):
            card = draw.between(1, CARDS)
            copy = 1 + sum(one == card for one, _ in self._copies)
            if copy <= COPIES:
                self._copies.append((card, copy))
                yield Copy(card, copy)
        if self._copies and happens(draw, weather.rollbacks):
            yield Rollback(*draw.pick(self._copies))
        if happens(draw, weather.clones):
            yield Clone(draw.between(1, POS), draw.between(1, CARDS), draw.between(1, 5))
        if happens(draw, weather.wrong_keys):
            yield WrongKey(self._terminal(), draw.below(2**31))

    def _server(self) -> Iterator[Event]:
        draw, weather = self._draw, self._weather
        if happens(draw, weather.server):
            yield Server(draw.pick(weather.server_faults), draw.below(16))
        if self._restore_in:
            self._restore_in -= 1
            if not self._restore_in:
                yield Server("restore", 0)
        elif happens(draw, weather.backups):
            self._restore_in = draw.between(1, 120)
            yield Server("backup", 0)

    def _serve(self) -> Iterator[Event]:
        """A line is served, and what happens to what is on it comes in between."""
        draw, weather = self._draw, self._weather
        terminal, steps = self._terminal(), 0
        cut, whole = self._cut(), happens(draw, weather.whole)
        for _ in range(STEPS_A_SERVING if weather.link else 0):
            if happens(draw, weather.link):
                yield Serve(terminal, steps, None, whole)
                yield Link(terminal, draw.pick(weather.link_faults), 1, draw.below(2**31))
                steps = 0
            steps += 1
        yield Serve(terminal, steps or STEPS_A_SERVING, cut, whole)
