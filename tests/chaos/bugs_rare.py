"""Bugs that only some weather brings to light: one protection each, off."""

from firmware.core.journal import Journal
from firmware.core.seen import Seen
from firmware.core.terminal import Terminal
from protocol import batch, messages
from protocol.channel import Channel
from sync_server.core import chain, ingest
from terminal_sim.gears.office import Died, Memory
from tests.chaos.planting import breaks, rewrite


@breaks("I4", seed=2)
def a_full_journal_takes_the_sale_without_a_record(patch):
    """Both looks at the room are off: the policy's, and the write's own."""
    rewrite(patch, Journal, "_write", ("if slot is None:", "if slot is None and entry.type != 1:"))
    patch.setattr(Journal, "full", False)


@breaks("I5 I3")
def a_sector_is_erased_unsent(patch):
    patch.setattr(Journal, "_may_erase", lambda self, sector: True)


@breaks("I7")
def what_a_card_takes_offline_is_not_counted(patch):
    patch.setattr(Seen, "spent", lambda self, card: (0, 0))


@breaks("I7")
def what_a_card_took_offline_is_forgotten_at_boot(patch):
    patch.setattr(Terminal, "_revisit", lambda self, raw, outcome: None)


@breaks("I3 I5", seed=3)
def the_server_answers_before_its_commit(patch):
    """Killed in between, it comes back without what it has answered."""
    commit = Memory._commit

    def early(self, number, tail):
        try:
            return commit(self, number, tail)
        except Died as died:
            answers = [(batch.STORED, 0)] * (len(tail) // 64)
            return messages.encode(messages.ANSWERS, (), batch.pack(answers)), died.transfers

    patch.setattr(Memory, "_commit", early)


@breaks("I3")
def what_is_faulty_is_not_kept(patch):
    old = "if entry.serial > place.highest:"
    new = "if fault:\n        return batch.QUARANTINED, fault\n    " + old
    rewrite(patch, ingest, "_new", (old, new))


@breaks("I3", seed=9)
def a_grey_is_void_where_any_terminal_read_its_counter(patch):
    """Another one may have done so before."""
    rewrite(patch, chain, "verdict", ("and at == grey.terminal", ""))


@breaks("I7")
def an_old_request_is_carried_out_again(patch):
    old = "if not answered or counter != self._asked + 1 or counter >= _REFUSED_AFTER:"
    rewrite(patch, Channel, "take_request", (old, "if False:"))
