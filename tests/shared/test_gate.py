"""A gate with all its wires: door, exit button, fire loop, lane, and cards that come back."""

import gc

from firmware.core import holder
from firmware.core.passback import CARDS, Passback
from firmware.screens.render import day
from protocol import messages, params, reasons, record
from tests.shared.campus import (
    LAYOUT,
    NOON,
    Card,
    flash_of,
    moment,
    records,
    screens,
    tap,
    terminal_on,
)

TURN_MS = 50


class Gate:
    """`outputs`: name -> what it was told; a pulse ends as run.py ends it."""

    def __init__(self, flash=None, laid=LAYOUT, **settings):
        gc.collect()  # of the gate before: this heap is small
        self.flash = flash or flash_of(messages.GATE)
        self.terminal = terminal_on(self.flash, laid=laid)
        if settings:
            self.terminal.params.apply(1, params.pack(settings))
        self.ticks_ms = 0
        self.outputs = {}
        self.said = []
        self._pulse_to_ms = None

    def now(self):
        return moment(self.terminal, NOON + self.ticks_ms // 1000, self.ticks_ms)

    def present(self, card):
        outcome, effects = tap(self.terminal, card, self.now())
        self.do(effects)
        return outcome

    def turn(self, *inputs):
        self.ticks_ms += TURN_MS
        if self._pulse_to_ms is not None and self.ticks_ms >= self._pulse_to_ms:
            self._pulse_to_ms, self.outputs["barrier"] = None, 0
        self.do(self.terminal.kind.turn(self.now(), inputs))

    def wait(self, ms):
        for _ in range(ms // TURN_MS):
            self.turn()

    def do(self, effects):
        for effect in effects:
            if effect[0] == "show":
                self.said.append(effect[1:])
            elif effect[0] == "set":
                self.outputs[effect[1]] = effect[2]
                if effect[1] == "barrier":
                    self._pulse_to_ms = None
            elif effect[0] == "pin":
                self.outputs[effect[1]] = 1
                self._pulse_to_ms = self.ticks_ms + effect[2]

    @property
    def is_open(self):
        return self.outputs.get("barrier", 0) == 1

    def log(self):
        """-> [(type, reason, card, detail)] of all records."""
        entries = [record.unpack(raw) for raw in records(self.terminal)]
        return [(entry.type, entry.reason, entry.card, entry.detail) for entry in entries]


def test_a_pass_opens_for_its_time_or_until_the_door_was_used():
    gate = Gate()
    gate.turn()
    assert gate.present(Card()).accepted and gate.is_open
    gate.wait(2900)
    assert gate.is_open
    gate.wait(200)
    assert not gate.is_open
    gate.present(Card())
    gate.turn(("door", 1))
    gate.wait(500)
    gate.turn(("door", 0))
    assert not gate.is_open  # at once: who comes behind needs a card
    gate.turn(("door", 1))
    assert gate.log()[-1] == (record.EVENT, reasons.DOOR_FORCED, 0, 0)


def test_a_door_that_was_not_released_is_forced_and_told_once():
    gate = Gate()
    gate.wait(2000)
    gate.turn(("door", 1))
    gate.wait(60_000)
    assert gate.log() == [(record.EVENT, reasons.DOOR_FORCED, 0, 0)]
    assert gate.said[-1] == ("refused", (reasons.DOOR_FORCED,))
    gate.turn(("door", 0))
    assert gate.said[-1][0] == "idle_online"


def test_a_door_that_stands_open_is_held_and_told_once():
    gate = Gate(held_s=5)
    gate.wait(2000)
    gate.present(Card())
    gate.turn(("door", 1))
    gate.wait(4800)
    assert len(gate.log()) == 1
    gate.wait(20_000)
    assert gate.log()[1:] == [(record.EVENT, reasons.DOOR_HELD, 0, 5)]
    gate.turn(("door", 0))
    assert gate.terminal.idle(gate.now())[0][1] == "idle_online"
    never = Gate(held_s=0)
    never.present(Card())
    never.turn(("door", 1))
    never.wait(30_000)
    assert len(never.log()) == 1


def test_a_door_found_open_at_the_start_was_not_forced():
    gate = Gate()
    gate.turn(("door", 1))
    gate.wait(2000)
    assert gate.log() == []


def test_the_exit_button_lets_out_and_is_recorded_once():
    gate = Gate()
    gate.turn(("exit", 1))
    assert gate.is_open and gate.said[-1] == ("pass", (0,))
    gate.turn(("exit", 0))
    gate.turn(("exit", 1))
    assert gate.log() == [(record.PASS, reasons.OK, 0, 0)]
    gate.turn(("door", 1))
    gate.turn(("door", 0))
    assert len(gate.log()) == 1


def test_nobody_is_kept_in_by_a_full_journal():
    gate = Gate()
    while not gate.terminal.journal.full:
        gate.terminal.note(reasons.OK, 0, gate.now())
    gate.turn(("exit", 1))
    assert gate.is_open
    gate.turn(("fire", 1))
    assert gate.is_open and gate.terminal.kind.door.events  # to be written when there is room
    assert screens(tap(gate.terminal, Card(), gate.now())[1]) == ["free"]
    gate.terminal.journal.batch(50)
    gate.terminal.journal.ack(50)
    gate.terminal.journal.ack(gate.terminal.journal.serial_next - 1)
    gate.turn()
    assert gate.log() == [(record.EVENT, reasons.FIRE, 0, 1)]


def test_a_fire_opens_keeps_open_and_records_everybody():
    gate = Gate()
    gate.wait(1000)
    gate.present(Card())  # a pulse that would end in the fire
    gate.turn(("fire", 1))
    assert gate.is_open and gate.said[-1] == ("free", (reasons.FIRE,))
    gate.wait(10_000)
    assert gate.is_open
    expired = Card(8, valid_until=1)
    assert gate.present(expired).accepted  # nobody is sent back into the fire
    stranger = Card(9)
    stranger.key_a = bytes(6)
    assert not gate.present(stranger).accepted
    assert gate.said[-1] == ("free", (reasons.FIRE,))
    entries = [record.unpack(raw) for raw in records(gate.terminal)]
    assert [entry.type for entry in entries] == [2, record.EVENT, 2, record.REFUSAL]
    assert [entry.flags & record.EMERGENCY for entry in entries] == [0, 8, 8, 8]
    assert entries[2].policy == 1 << reasons.EXPIRED
    gate.turn(("fire", 0))
    gate.wait(9900)
    assert gate.is_open
    gate.turn(("fire", 1))
    gate.turn(("fire", 0))
    gate.wait(9900)
    assert gate.is_open  # calm begins anew
    gate.wait(200)
    assert not gate.is_open
    assert gate.log()[-1] == (record.EVENT, reasons.FIRE, 0, 0)
    assert not gate.present(expired).accepted


def test_after_a_fire_a_door_that_still_stands_open_was_not_forced():
    gate = Gate()
    gate.wait(2000)
    gate.turn(("fire", 1))
    gate.turn(("door", 1), ("fire", 0))
    gate.wait(11_000)
    assert [row[1] for row in gate.log()] == [reasons.FIRE, reasons.FIRE]
    gate.wait(31_000)
    assert gate.log()[-1][1] == reasons.DOOR_HELD


def test_a_door_that_shuts_in_the_moment_of_the_alarm_stays_unlocked():
    gate = Gate()
    gate.wait(2000)
    gate.present(Card())
    gate.turn(("door", 1))
    gate.turn(("door", 0), ("fire", 1))
    assert gate.is_open
    gate.wait(5000)
    assert gate.is_open


def test_one_card_lets_one_in():
    gate = Gate(passback_s=60)
    gate.turn(("door", 0))
    assert gate.present(Card()).accepted
    assert gate.present(Card()).accepted  # still released for it: nobody has gone in
    gate.turn(("door", 1))
    assert gate.present(Card()).reason == reasons.PASSBACK
    gate.turn(("door", 0))
    assert gate.present(Card()).reason == reasons.PASSBACK
    assert gate.present(Card(8)).accepted
    gate.wait(61_000)
    assert gate.present(Card()).accepted


def test_a_release_that_was_not_used_let_nobody_in():
    gate = Gate(passback_s=600)
    gate.turn(("door", 0))
    gate.present(Card())
    gate.wait(3100)
    assert gate.present(Card()).accepted
    blind = Gate(passback_s=600)  # a barrier without a contact: it cannot know
    blind.present(Card())
    blind.wait(3100)
    assert blind.present(Card()).reason == reasons.PASSBACK


def test_a_boot_forgives():
    gate = Gate(passback_s=600)
    gate.present(Card())
    gate.wait(3100)
    again = Gate(gate.flash)
    assert again.terminal.params["passback_s"] == 600
    assert again.present(Card()).accepted


def test_the_oldest_pass_is_forgotten_first():
    memory = Passback()
    for card in range(CARDS + 10):
        memory.passed(card, card)
    back = [card for card in range(CARDS + 10) if memory.is_back(card, CARDS + 10, 60_000)]
    assert back == list(range(10, CARDS + 10))


def test_of_two_gates_of_one_lane_one_opens():
    gate = Gate()
    gate.turn(("lane", 1))
    assert gate.present(Card()).reason == reasons.IN_USE
    gate.turn(("exit", 1))
    assert gate.is_open
    gate.wait(4000)
    gate.turn(("lane", 0))
    assert gate.present(Card()).accepted
    gate.turn()
    assert gate.outputs["lane"] == 1
    gate.wait(4000)
    assert gate.outputs["lane"] == 0
    gate.turn(("lane", 1), ("fire", 1))
    assert gate.present(Card()).accepted


def test_a_program_beside_the_gate_learns_who_was_let_through():
    gate = Gate(tells_holder=1)
    asked = holder.Holder(gate.terminal.kind, day)

    def ask(text):
        return asked.feed(text, gate.now(), True)

    assert ask(b"last\n") == b'{"holder": null}\n'
    gate.present(Card(7, valid_until=9770))
    gate.wait(2000)
    told = b'{"holder": {"card": 7, "kind": "student", "valid_until": "2026-10-01"}, "age_s": 2}\n'
    assert ask(b"la") == b"" and ask(b"st\r\n") == told
    assert ask(b"next\n") == b"" and asked.due(gate.now(), True) == b""
    gate.present(Card(8, holder_kind=1))
    assert b'"card": 8, "kind": "staff"' in asked.due(gate.now(), True)
    assert asked.due(gate.now(), True) == b""
    gate.present(Card(9, valid_until=1))  # refused: nobody
    assert b'"card": 8' in ask(b"last\n")
    gate.wait(31_000)
    assert ask(b"last\n") == b'{"holder": null}\n'
    assert ask(b"x" * 1000 + b"\n") == b'{"error": "ask last or next"}\n'
    assert ask(b"\xff\x00\n") == b'{"error": "ask last or next"}\n'
    assert asked.feed(b"last\n", gate.now(), False) == b'{"error": "not allowed"}\n'
