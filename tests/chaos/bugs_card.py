"""Bugs of what is written on cards and read from them. One protection each, off."""

from card_layout import block, purse_m1
from firmware.credential.m1 import M1
from protocol import record
from tests.chaos.planting import breaks, rewrite

_LOST = "if status == air.GONE:\n        return states.GONE"


@breaks("I2 I4")
def the_mac_of_a_purse_is_not_looked_at(patch):
    """A torn block is taken as it is."""
    rewrite(patch, block, "unpack", ("if wrong:", "if False:"))


@breaks("I4")
def the_older_purse_block_is_taken(patch):
    old = "in_a.counter > in_b.counter"
    rewrite(patch, purse_m1, "choose", (old, "in_a.counter < in_b.counter"))


@breaks("I2")
def the_block_that_holds_is_written_over(patch):
    """A torn write then leaves the purse of before the last."""
    choose = purse_m1.choose

    def wrong_block(*blocks):
        purse, index, previous = choose(*blocks)
        return purse, purse_m1.BLOCK_A + purse_m1.BLOCK_B - index, previous

    patch.setattr(purse_m1, "choose", wrong_block)


@breaks("I4")
def a_lost_answer_is_taken_for_done(patch):
    rewrite(patch, M1, "_put", (_LOST, _LOST.replace("states.GONE", "states.OK")))


@breaks("I4")
def a_lost_answer_is_taken_for_not_written(patch):
    rewrite(patch, M1, "_put", (_LOST, _LOST.replace("states.GONE", "states.NOT_WRITTEN")))


@breaks("I4")
def a_torn_debit_is_taken_again(patch):
    """Whatever the card says, it was not written."""

    def void(self, now, grey):
        yield from ()
        return record.VOID

    patch.setattr(M1, "resolve", void)


@breaks("I3 I4")
def a_grey_is_told_by_the_counter_alone(patch):
    """Not by who wrote it: terminal and serial."""
    old = "return record.DONE if ours else record.VOID"
    rewrite(patch, M1, "resolve", (old, "return record.DONE"))


@breaks("I4")
def the_card_names_another_record(patch):
    old = "self._keys.number, tap.serial)"
    rewrite(patch, M1, "_write", (old, "self._keys.number, tap.serial - 1)"))
