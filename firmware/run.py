"""The terminal at work: the only file that waits for people, cards and the server.

Tasks: taps (reader), codes (scanner), keys (panel), the link, and a tick that keeps screen, link
and clock going. None of them can stop another: a reader that fails is set up anew, a link that
fails is made anew, noise on the panel is no key. All rules are in `core`; what is shown is in
`screens`; boot.py starts it. Ends when the board is switched off: then one line of JSON says the
peak of the heap and what went wrong how often.
"""

import asyncio
import gc
import json
import sys

from firmware import boards, release
from firmware.core import layout
from firmware.core.terminal import Terminal
from firmware.drivers import panel, pn532
from firmware.linking import Link
from firmware.reading import ANSWER_MS, Reader
from firmware.screens.render import render

TICK_MS = 100
IDLE_AGAIN_MS = 5000  # how often the idle screen is drawn anew
SCREEN_MS = 3000  # how long a tap's screen stands
FAULT_PAUSE_MS = 1000
HALF_CODE_MS = 250  # silence after which the rest of a code will not come
TAP_BYTES = 40960  # of garbage, where there is room for it: no tap has to collect its own
HURRY_MS = 5000  # so long after the start the server may take to be met
PIN_MS = 8000  # so long the server may take to tell whether a PIN is right
SAME_CARD_MS = 1000  # a card that was refused at the door is not asked again at once


class Runner:
    """One terminal on one board."""

    def __init__(self, board):
        self.board = board
        laid = layout.LAYOUTS[board.name]
        self.terminal = Terminal(board.flash, None, laid, release.VERSION)
        self.terminal.mount()
        self.terminal.images = board.images
        self.terminal.fit = False  # until the reader has answered
        patience = getattr(board, "answer_ms", None) or ANSWER_MS
        self.reader = Reader(board.pipe("reader"), board.ticks_ms, patience)
        self.link = Link(board, self.terminal, self.now, self.redraw, self.turned_away)
        self._pipe = board.pipe("panel")
        self._panel = panel.Panel()
        self._display = None
        self._screen_to_ms = 0  # until then a tap's screen stands
        self._drawn_ms = 0
        self._pin_to_ms = {}
        self._lies_there = False  # the last card was looked at or refused and may lie there still
        self._reader_fails = False
        self._reader_faults = 0
        self._peak = 0
        self._is_untidy = False  # there may be garbage that a tap would have to collect
        self._turn = asyncio.Lock()  # one tap at a time, of a card or a code
        self._socket = None
        if board.pipe("psam") and not self.terminal.kind.METERS:
            from firmware.securing import Socket  # no other terminal has it in RAM

            self._socket = Socket(board)
            self.terminal.use_psam()
        self._metering = None
        self._doorway = None
        if self.terminal.kind.WATCHES and not self.terminal.kind.METERS:
            from firmware.doorway import Doorway  # no other terminal has it in RAM

            self._doorway = Doorway(board, self.terminal, self.now, self.tell)
        if self.terminal.kind.METERS:
            from firmware.metering import Metering  # no other terminal has it in RAM

            self._metering = Metering(board, self.terminal, self.now, self.tell)

    async def main(self):
        """Work until the board is switched off; without a switch, for ever."""
        if self.board.display:
            from firmware.showing import Display  # no other terminal has it in RAM

            self._display = Display(self.board.display)
            await self._display.set_up()
        works = [self.taps(), self.keys(), self.ticks()]
        if self._metering:
            works.append(self._metering.work())
        if self._doorway:
            works.append(self._doorway.work())
        if self.board.pipe("local") and self._doorway:
            works.append(self._doorway.tell(self.board.pipe("local")))
        if self.board.server:
            works.append(self.link.run())
        if self.board.pipe("scanner"):
            works.append(self.codes(self.board.pipe("scanner")))
        tasks = [asyncio.create_task(self.guarded(work)) for work in works]
        if self.board.switch:
            await asyncio.StreamReader(self.board.switch).read(1)
        else:
            await tasks[0]  # which never ends
        for task in tasks:
            task.cancel()

    async def guarded(self, work):
        """A task that ends by a fault nobody foresaw is a terminal that starts again: what it
        knew is in flash."""
        try:
            await work
        except Exception as fault:
            sys.print_exception(fault)
            self.board.restart("a task failed")

    def now(self):
        """The Moment of now."""
        return self.terminal.moment(self.board.utc_s(), self.board.ticks_ms())

    # cards

    async def taps(self):
        """Set the reader up, serve cards; when the reader fails, begin again."""
        while True:  # until the task is cancelled
            try:
                await self.reader.set_up()
                self._reader_fails = False
                self.terminal.fit = True
                self.idle()  # before the first card: what it pays is on the screen
                while True:  # until the reader fails
                    await self.serve(await self.reader.card())
            except (pn532.ReaderFault, MemoryError):
                gc.collect()
                self._reader_faults += 1
                self._reader_fails = True
                self.terminal.fit = False
                self.redraw()
                await asyncio.sleep_ms(FAULT_PAUSE_MS)

    async def serve(self, found):
        """One tap of the card or cards that were found."""
        async with self._turn:
            outcome = await self.walk(self.terminal.tap(self.now()), found)
        if self._metering and outcome is not None and found[0] == "one":
            await self._meter(outcome, found)
        self._lies_there = outcome is not None and not outcome.accepted and not outcome.torn
        self.link.pump()
        if found[0] == "many":
            await self.reader.blink()
            await asyncio.sleep_ms(SAME_CARD_MS // 2)
        else:
            await self.reader.let_go()

    async def _meter(self, outcome, found):
        """The session of this card, and the tap that settles it."""
        kind = self.terminal.kind
        frame = self.terminal.credential_of(found).PRESENCE if outcome.accepted else None
        if frame is None or not await self._metering.stays(self.reader.exchange, frame):
            return
        kind.only_settles = True
        try:
            async with self._turn:
                await self.walk(self.terminal.tap(self.now()), found)
        finally:
            kind.only_settles = False

    async def codes(self, pipe):
        """The code scanner; a code that comes in a card's tap waits for its end."""
        from firmware.drivers import scanner  # no other terminal has it in RAM

        module, stream = scanner.Scanner(), asyncio.StreamReader(pipe.stream)
        for command in scanner.SET_UP:
            pipe.write(command)
        self.terminal.credential_of(("code", ""))  # before the first customer, not with it
        heard_ms = 0
        while True:  # until the task is cancelled
            data = await stream.read(64)
            if not data:  # the line is closed: not a reason to spin
                await asyncio.sleep_ms(FAULT_PAUSE_MS)
            if self.board.ticks_ms() - heard_ms > HALF_CODE_MS:
                module.gap()
            heard_ms = self.board.ticks_ms()
            for text in module.feed(data):
                try:
                    async with self._turn:
                        await self.walk(self.terminal.tap(self.now()), ("code", text))
                except MemoryError:  # the phone shows another one in a moment
                    gc.collect()
                    self.redraw()
                self.link.pump()

    async def walk(self, tap, found):
        """Answer what a tap asks for. -> its Outcome."""
        answer = None
        try:
            while True:  # the tap ends by StopIteration
                request = tap.send(answer)
                answer = None
                if request[0] == "select":
                    answer, found = found or await self.reader.again(), None
                elif request[0] == "card":
                    answer = await self.reader.exchange(request[1])
                elif request[0] == "server":
                    answer = await self.link.ask(request[1])
                elif request[0] == "psam":
                    answer = await self._socket.exchange(request[1])
                else:
                    self.tell(request)
        except StopIteration as end:
            return end.value
        finally:
            tap.close()  # a reader that failed is a card that left
            self._is_untidy = True

    def tell(self, effect):
        """Do it, and let what it shows stand for a while."""
        self.effect(effect)
        self._screen_to_ms = self.board.ticks_ms() + SCREEN_MS

    # people

    async def keys(self):
        """The keypad."""
        stream = asyncio.StreamReader(self._pipe.stream)
        while True:  # until the task is cancelled
            data = await stream.read(64)
            if not data:  # the line is closed: not a reason to spin
                await asyncio.sleep_ms(FAULT_PAUSE_MS)
            for key in self._panel.keys(data):
                self._screen_to_ms = 0
                if key == "#" and self.terminal.kind.pin is None:
                    self.look_again()  # before the screen asks for a card
                for effect in self.terminal.key(key, self.now()):
                    self.effect(effect)
                await self.ask()
                self._is_untidy = key == "#"  # a card comes next, so now is the time

    def look_again(self):
        """The card that lies there unseen is wanted after all."""
        if self._lies_there and not self._reader_fails:
            self._lies_there = False
            self.reader.look_again()

    async def ask(self):
        """What was keyed in is the server's to judge; no tap comes between."""
        body = self.terminal.question()
        if body is None:
            return
        async with self._turn:
            answer = await self.link.ask(body, PIN_MS)
            effects = self.terminal.answered(answer, self.now())
        for effect in effects:
            self.effect(effect)
        if self.terminal.kind.pin is not None:
            self.look_again()

    def effect(self, effect):
        """Do what the core wants done."""
        if effect[0] == "show":
            self.show(effect[1], effect[2])
        elif effect[0] == "pin":
            self.board.pin(effect[1], 1)
            self._pin_to_ms[effect[1]] = self.board.ticks_ms() + effect[2]
        elif effect[0] == "set":
            self._pin_to_ms.pop(effect[1], None)
            self.board.pin(effect[1], effect[2])
        elif effect[0] == "clock":
            self.board.set_utc_s(effect[1])
        elif effect[0] == "restart":
            self.board.restart("the server asked for it")

    def show(self, screen, values):
        """Draw a screen."""
        language = self.terminal.params["language"]
        led, beep, rows, large = render(language, screen, values)
        self._pipe.write(self._panel.show(led, beep, rows))
        if self._display:
            self._display.show(led, rows, large)
        self._drawn_ms = self.board.ticks_ms()

    def redraw(self):
        """Draw the idle screen at the next tick."""
        self._drawn_ms = self.board.ticks_ms() - IDLE_AGAIN_MS

    def turned_away(self, reason):
        """The server does not know us, or takes us for a copy: a technician has to look."""
        self.show("turned_away", (reason,))
        for effect in self.terminal.kind.idle(self.terminal) or ():
            self.effect(effect)  # an amount that a card may pay stays on the screen

    # time

    async def ticks(self):
        """What goes on by itself."""
        while True:  # until the task is cancelled
            self.board.alive()
            ticks_ms = self.board.ticks_ms()
            if self.board.images:
                self.board.images.lives(ticks_ms)
                if self.board.images.is_over(ticks_ms):
                    self.board.restart("no server in the trial of an image")
            for name in list(self._pin_to_ms):
                if ticks_ms >= self._pin_to_ms[name]:
                    self.board.pin(name, 0)
                    del self._pin_to_ms[name]
            for effect in self.terminal.effects() + self.terminal.turn(self.now()):
                self.effect(effect)
            if ticks_ms >= self._screen_to_ms and ticks_ms - self._drawn_ms >= IDLE_AGAIN_MS:
                self.idle()
            self.link.pump()
            if self.board.in_place and not self._turn.locked():
                self.get_ready(ticks_ms)
            await asyncio.sleep_ms(TICK_MS)

    def get_ready(self, ticks_ms):
        """One thing for the next tap, so that it need not be done in it. At the start the server
        goes first."""
        if not self.terminal.online and ticks_ms < HURRY_MS:
            return
        try:
            if self.terminal.get_ready():
                return
        except MemoryError:  # then it is made when it is needed
            self._is_untidy = True
        if self._is_untidy:
            self._is_untidy = False
            gc.collect()

    def idle(self):
        """The screen when nothing happens, whole; and the moment to look at the heap."""
        self._panel.forget()
        if self._display:
            self._display.idled()
        if self._reader_fails:
            self.show("no_reader", ())
        else:
            for effect in self.terminal.idle(self.now()):
                self.effect(effect)
        self._peak = max(self._peak, gc.mem_alloc())
        gc.collect()
        self._is_untidy = False
        self.terminal.heap_peak = max(self.terminal.heap_peak, gc.mem_alloc())

    def report(self):
        """What the last line on standard output says."""
        return {
            "terminal": self.terminal.address,
            "heap_bytes": gc.mem_alloc() + gc.mem_free(),
            "heap_live_peak_bytes": self.terminal.heap_peak,
            "heap_with_garbage_peak_bytes": self._peak,
            "taps": self.terminal.taps,
            "queue": self.terminal.journal.queue,
            "reader_faults": self._reader_faults,
            "sessions_lost": self.link.lost,
            "line_garbage": self.link.garbage,
            "panel_noise": self._panel.noise,
        }


def run(path, slot=None):
    """Run the terminal of a configuration file, started from a slot if there are slots."""
    gc.collect()
    board = boards.open_board(path)
    if slot is not None:
        from firmware.core import slots  # no board without slots has it in RAM

        board.started(slots.Start(slot, slots.NORMAL), release.KEYS)
    if board.in_place:
        gc.threshold(TAP_BYTES)
    runner = Runner(board)
    gc.collect()
    runner.terminal.heap_peak = gc.mem_alloc()
    asyncio.run(runner.main())
    print(json.dumps(runner.report()))
