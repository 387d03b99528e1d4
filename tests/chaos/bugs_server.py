"""Bugs of the server: what it keeps, posts, answers and proves. One protection each, off."""

from firmware.core.uploader import Uploader
from protocol import record
from sync_server.core import chain, ingest, ledger
from terminal_sim.gears.office import Memory
from tests.chaos.planting import breaks, rewrite

# records that come twice


@breaks("I3")
def what_exists_is_posted_again(patch):
    told_later = ingest._told_later

    def again(terminal, raw, entry, outcome, known, result):
        transfer = ledger.posting(entry, terminal, "merchant", True)
        if transfer and outcome == record.DONE:
            result.transfers.append(transfer)
        told_later(terminal, raw, entry, outcome, known, result)

    patch.setattr(ingest, "_told_later", again)


@breaks("I3")
def a_batch_is_stored_twice(patch):
    judge = ingest.judge

    def forgetful(terminal, parsed, known, result):
        known.records.clear()
        return judge(terminal, parsed, known, result)

    patch.setattr(ingest, "judge", forgetful)


@breaks("I3 I7")
def another_record_under_a_used_number_is_posted(patch):
    rewrite(patch, ingest, "judge", ("elif before[0] == raw[:CONTENT]:", "elif True:"))


@breaks("I7")
def the_chain_of_records_is_not_looked_at(patch):
    old = "record.next_chain(before, raw) != record"
    rewrite(patch, ingest, "_fault", (old, "record.chain_of(raw) != record"))


# records that are lost


@breaks("I3")
def half_a_batch_is_answered(patch):
    """And the terminal does not count the answers."""
    ingested = Memory._ingest

    def half(self, number, tail):
        return ingested(self, number, tail[: max(64, len(tail) // 128 * 64)])

    patch.setattr(Memory, "_ingest", half)
    rewrite(patch, Uploader, "_answers", ("if len(answers) != self._sent:", "if False:"))


@breaks("I3")
def what_a_burnt_terminal_took_is_not_rebuilt(patch):
    patch.setattr(ingest, "find", lambda named, known, result: None)


# money


@breaks("I1")
def a_posting_has_one_side(patch):
    old = "self.balances[transfer.taker] += transfer.amount_fen"
    rewrite(patch, Memory, "_book", (old, "pass"))


@breaks("I3")
def a_posting_has_another_amount(patch):
    """That of the step before, and not of its own record."""
    posting = ledger.posting

    def wrong(entry, *about):
        before_fen = min(entry.amount_fen, entry.previous_amount_fen)
        return posting(entry._replace(amount_fen=before_fen), *about)

    patch.setattr(ledger, "posting", wrong)


@breaks("I3")
def a_refusal_is_posted(patch):
    patch.setitem(ledger.RULES, record.REFUSAL, ledger.Rule(ledger.PURSE, ledger.MERCHANT))


@breaks("I3")
def a_void_record_is_posted(patch):
    rewrite(patch, ingest, "_new", ("if outcome == record.DONE:", "if outcome != record.INTENT:"))


@breaks("I2 I3 I4")
def an_outcome_is_misread(patch):
    """By its low half, where it says void, and not by its high one."""
    rewrite(
        patch, record, "outcome_of", ("if outcome & 0xF0 != 0xF0:", "if outcome & 0x0F != 0x0F:")
    )


@breaks("I3")
def money_of_a_disputed_card_is_dropped(patch):
    posting = ledger.posting

    def none(entry, terminal, merchant, card_is_good):
        return posting(entry, terminal, merchant, card_is_good) if card_is_good else None

    patch.setattr(ledger, "posting", none)


# greys and chains


@breaks("I3")
def a_grey_is_posted_when_it_comes(patch):
    rewrite(patch, ingest, "_new", ("if outcome == record.DONE:", "if outcome != record.VOID:"))


@breaks("I3")
def a_grey_is_guessed_done(patch):
    patch.setattr(chain, "verdict", lambda *about: record.DONE)


@breaks("I3")
def a_grey_is_guessed_void(patch):
    patch.setattr(chain, "verdict", lambda *about: record.VOID)


@breaks("I2")
def a_grey_is_never_settled(patch):
    patch.setattr(chain, "verdict", lambda *about: record.INTENT)


@breaks("I3")
def a_grey_is_void_where_an_earlier_record_read_its_counter(patch):
    rewrite(patch, chain, "verdict", ("and later.serial > grey.entry.serial", ""))


@breaks("I2 I3")
def what_a_purse_tells_is_not_kept(patch):
    patch.setattr(chain, "witnessed", lambda entry: None)


@breaks("I3")
def two_claims_of_one_step_are_not_flagged(patch):
    rewrite(patch, ingest, "_claimed", ("return chain.same(before, writer)", "return True"))
