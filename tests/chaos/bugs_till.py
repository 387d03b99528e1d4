"""Bugs of a terminal: its journal, its taps, its lists. One protection each, off."""

import textwrap

from firmware.core import marks, policy, states, tap
from firmware.core.epoch import Epochs
from firmware.core.journal import Journal
from firmware.core.latest import Latest
from firmware.core.lists import CardList
from firmware.core.seen import Seen
from firmware.core.terminal import Terminal
from firmware.core.uploader import Uploader
from protocol import reasons, record
from tests.chaos.planting import breaks, rewrite

_NO_DIGEST = ("if whole.digest()[: blacklist.DIGEST_SIZE] != digest:", "if False:")


def _without(patch, reason):
    """The policy does not look at this."""
    checks = tuple(check for check in policy.CHECKS if check[0] != reason)
    patch.setattr(policy.judge, "__defaults__", (checks,))


# before, during and after the debit


@breaks("I4")
def no_intent_is_written_before_the_card(patch):
    intent, confirm = Journal.intent, Journal.confirm

    def later(self, entry):
        self.late = entry
        return entry.serial

    def now(self, serial):
        if self.serial_next == serial:
            intent(self, self.late)
        return confirm(self, serial)

    patch.setattr(Journal, "intent", later)
    patch.setattr(Journal, "confirm", now)


@breaks("I4")
def the_record_is_final_before_the_card_is_touched(patch):
    """Confirm first: what the card then does not take is done all the same."""
    old = "self._write(entry, record.INTENT)"
    rewrite(patch, Journal, "intent", (old, "self._write(entry, record.DONE)"))


@breaks("I4")
def paid_is_shown_before_the_confirm(patch):
    confirm, show = tap._confirm, tap._show

    def nothing(now):
        now.accepted = True
        return states.OK

    def both(now):
        yield from show(now)
        return confirm(now) if now.accepted else states.OK

    patch.setitem(tap.STAGES, states.CONFIRM, (nothing, False))
    patch.setitem(tap.STAGES, states.SHOW, (both, True))


@breaks("I4")
def confirm_is_not_written(patch):
    patch.setattr(Journal, "confirm", lambda self, serial: True)


@breaks("I4")
def nobody_is_awaited(patch):
    """A torn debit is confirmed when its card comes back, and the sale is taken once more."""
    patch.setattr(Terminal, "awaits", lambda self, grey, now: False)
    _without(patch, reasons.PUT_BACK)


@breaks("I4")
def what_was_paid_in_the_dark_is_taken_again(patch):
    _without(patch, reasons.PAID_BEFORE)


@breaks("I4")
def greys_are_forgotten(patch):
    """A torn debit that comes back is not known any more."""
    patch.setattr(Journal, "greys", lambda self, card: [])


# the ring


@breaks("I2 I3 I5")
def more_is_acknowledged_than_was_sent(patch):
    patch.setattr(
        Uploader,
        "_answers",
        lambda self, tail, now: self._terminal.journal.ack(self._terminal.journal.serial_next - 1),
    )


@breaks("I3 I5")
def a_batch_counts_as_taken_when_it_is_sent(patch):
    batch = Journal.batch

    def sent(self, limit):
        found = batch(self, limit)
        if found:
            self.ack(found[0])
        return found

    patch.setattr(Journal, "batch", sent)


@breaks("I2 I3 I5")
def an_error_of_the_server_counts_as_its_answer(patch):
    new = "asked == messages.BATCH and self._terminal.journal.ack(self._sent_to)"
    rewrite(patch, Uploader, "on_reply", ("self._pause_to_ms = now.ticks_ms + PAUSE_MS", new))


@breaks("I3 I4")
def the_record_of_a_tap_that_runs_is_left_out(patch):
    """Of a batch that goes out in the middle of a tap, and then counts as sent with the rest."""
    new = "last = serial\n            continue\n        if serial > self.acked"
    rewrite(patch, Journal, "batch", ("break\n        if serial > self.acked", new))


@breaks("I3 I4 I5")
def a_torn_record_counts(patch):
    """Its CRC is not looked at when the flash is read again, nor when it is understood."""
    patch.setattr(marks, "_is_whole", lambda raw: True)
    old = "if binascii.crc32(raw[:_CHAINED]) != crc:"
    rewrite(patch, record, "unpack", (old, "if False:"))


@breaks("I3 I4")
def a_serial_is_used_again_after_a_cut(patch):
    mount = Journal.mount

    def one_less(self, visit=None):
        newest = mount(self, visit)
        if any(grey.serial == self.serial_next - 1 for grey in self._greys):
            self.serial_next -= 1
        return newest

    patch.setattr(Journal, "mount", one_less)


@breaks("I3")
def new_flash_begins_at_one(patch):
    patch.setattr(Journal, "raise_serial", lambda self, highest: False)


@breaks("I3")
def a_restored_server_gets_nothing_again(patch):
    patch.setattr(Journal, "unack", lambda self, serial: None)


# lists and what is kept in flash


@breaks("I6")
def the_list_is_no_check(patch):
    _without(patch, reasons.LISTED)


@breaks("I6")
def a_gate_does_not_look_at_the_list(patch):
    checks = tuple(
        (
            reason,
            (lambda now: now.pays and policy._listed(now)) if bites is policy._listed else bites,
        )
        for reason, bites in policy.CHECKS
    )
    patch.setattr(policy.judge, "__defaults__", (checks,))


@breaks("I6")
def list_is_not_looked_at(patch):
    patch.setattr(CardList, "has", lambda self, number: False)


@breaks("I6")
def a_list_is_not_read_back(patch):
    """The digest is of what was meant; the flash took nothing of it."""
    patch.setattr(CardList, "_put", lambda self, start, whole: not whole.update(self._work))


@breaks("I6")
def the_header_of_a_list_is_written_before_its_body(patch):
    header = """header = struct.pack(
            _HEADER, MAGIC, self._sequence + 1, version, universe, utc_s, bytes(digest)
        )
        header += b"\\xff" * (_CRC_AT - len(header))
        header += struct.pack(">I", binascii.crc32(header))
        nor.program(self._flash, self._at(copy, 0), header)
        """
    header = textwrap.dedent("        " + header).replace("\n", "\n    ")
    rewrite(
        patch,
        CardList,
        "_make",
        ("whole = hashlib.sha256()", header + "whole = hashlib.sha256()"),
        ("if not nor.program(self._flash, self._at(copy, 0), header):", "if False:"),
    )


@breaks("I6")
def what_a_change_removes_stays_on_the_list(patch):
    """And the digest, which would tell, is not looked at."""
    rewrite(patch, CardList, "_make", ("if removed is not None:", "if False:"), _NO_DIGEST)


@breaks("I6")
def the_older_copy_of_a_list_holds(patch):
    rewrite(patch, CardList, "mount", ("sequence > self._sequence", "True"))


@breaks("I7")
def epochs_are_used_before_they_are_reserved(patch):
    old = "self._latest.put(struct.pack(_FORMAT, end, self.boots))"
    rewrite(patch, Epochs, "next", (old, "pass"))


@breaks("I7 I6")
def the_value_that_holds_is_erased_before_the_next_is_written(patch):
    put = Latest.put

    def erased_first(self, value):
        for sector in (0, 1):
            self._flash.erase(self._region.first + sector)
        self._sector, self._next = 0, 0
        put(self, value)

    patch.setattr(Latest, "put", erased_first)


# copies


@breaks("I7")
def an_older_image_of_a_card_is_taken(patch):
    patch.setattr(Seen, "is_older", lambda self, card, counter: False)
