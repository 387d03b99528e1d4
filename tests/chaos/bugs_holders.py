"""Protections of CPU cards and of codes that are switched off; a row each, as in bugs_till."""

from firmware.core import policy
from firmware.core.terminal import Terminal
from firmware.credential.code import Code
from firmware.credential.cpu import Cpu
from protocol import reasons
from sync_server.core import ingest
from tests.chaos.planting import breaks, rewrite


@breaks("I7 I4")
def a_code_is_taken_twice(patch):
    rewrite(patch, Code, "_fault", ("seen.has_reached(said.card, found.counter)", "False"))
    without = tuple(check for check in policy.CHECKS if check[0] != reasons.COUNTER_BACK)
    patch.setattr(policy.judge, "__defaults__", (without,))


@breaks("I7")
def a_code_is_taken_however_old(patch):
    old = 'settings["code_window_s"] + tolerance_s'
    rewrite(patch, Code, "_fault", (old, "9999"))


@breaks("I7")
def what_a_phone_may_offline_is_not_asked(patch):
    old = "not now.online and seen.spent(said.card)[0] >= said.offline_taps"
    rewrite(patch, Code, "_fault", (old, "False"))
    rewrite(patch, Code, "authenticate", ("said.day_fen - spent_fen", "said.day_fen"))


@breaks("I3 I4 I2")
def a_code_makes_no_step(patch):
    rewrite(patch, Code, "authenticate", ("tap.private[1].counter - 1", "tap.private[1].counter"))


@breaks("I3 I4", seed=12)
def the_proof_is_not_looked_at(patch):
    old = "answer[:4] == purse_cpu.mac2(session, grey.amount_fen)"
    rewrite(patch, Cpu, "resolve", (old, "True"))


@breaks("I4 I2 I3")
def a_cpu_card_that_was_torn_is_void(patch):
    rewrite(
        patch, Cpu, "resolve",
        ("word != purse_cpu.OK or len(answer) != 8 or not is_ours", "True"),
        ("states.GONE if is_named else record.VOID", "record.VOID"),
    )  # fmt: skip


@breaks("I4", seed=10)
def power_forgets_whose_purchase_it_was(patch):
    rewrite(
        patch, Cpu, "resolve", ("session is None and not tap.purse.terminal", "session is None")
    )


@breaks("I7")
def the_server_believes_any_proof(patch):
    old = "return proof.fault(entry, terminal, content, known.tac_keys.get(entry.card))"
    rewrite(patch, ingest, "_fault", (old, "return reasons.OK"))


@breaks("I4")
def the_proof_is_another(patch):
    rewrite(patch, Cpu, "debit", ("tap.proof = int.from_bytes(answer[:4]",
                                  "tap.proof = 1 + int.from_bytes(answer[1:4]"))  # fmt: skip


@breaks("I4 I3 I2")
def a_purchase_without_an_answer_was_none(patch):
    rewrite(patch, Cpu, "debit", ("(answer or word not in purse_cpu.REFUSALS)", "False"))


@breaks("I7")
def counters_of_codes_are_forgotten_at_boot(patch):
    patch.setattr(Terminal, "_revisit", lambda self, *entry: None)
