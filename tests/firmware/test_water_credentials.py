"""A valve with a CPU card and with a code: what no terminal can put on it the server gives back."""

from protocol import messages, record
from sync_server.core import ledger
from tests.firmware.code_phone import ISSUER, ISSUER_NUMBER, Phone, compressed
from tests.shared.campus import records
from tests.shared.cpu_card import CpuCard
from tests.shared.valve import Valve


def postings(valve):
    """-> (giver, taker, fen) of the valve's records."""
    found = []
    for raw in records(valve.terminal):
        entry = record.unpack(raw)
        assert record.outcome_of(raw) == record.DONE
        made = ledger.posting(entry, 12, "bath", True)
        found += [(made.giver, made.taker, made.amount_fen)] if made else []
    return found


def test_a_cpu_card_pays_what_flowed_and_has_the_rest_in_its_account():
    valve, card = Valve(), CpuCard()
    assert valve.present(card).accepted and valve.on
    assert card.wallet.balance_fen == 4500
    valve.flow(20)
    valve.leave()
    valve.wait(1000)
    assert postings(valve) == [
        (("purse", "7"), ledger.RESERVED, 500),
        (ledger.RESERVED, ("merchant", "bath"), 20),
        (ledger.RESERVED, ("account", "7"), 480),
    ]
    assert valve.present(card).accepted  # nobody is locked out
    assert card.wallet.balance_fen == 4000


def test_a_code_shown_draws_on_the_account_and_a_key_ends_it():
    issuers = bytes((ISSUER_NUMBER,)) + compressed(ISSUER)
    valve = Valve(code_issuers=issuers)
    phone = Phone()
    found = ("code", phone.show(valve.now().utc_s))
    assert valve.present(None, found=found).accepted and valve.on
    valve.flow(30)
    valve.press("*")
    assert not valve.on
    valve.wait(1000)
    assert valve.said[-1] == ("used_account", (30,))
    assert postings(valve) == [
        (("purse", "9"), ledger.RESERVED, 500),
        (ledger.RESERVED, ("merchant", "bath"), 30),
        (ledger.RESERVED, ("purse", "9"), 470),
    ]
    valve.reboot()
    valve.wait(100)
    assert len(postings(valve)) == 3


def test_grants_of_a_gate_do_not_reach_a_valves_strip():
    valve = Valve()
    before = valve.flash.digest()
    news = messages.encode(messages.NEWS, (messages.GRANTS, 5))
    reply = valve.terminal.uploader.on_request(news, valve.now())
    assert reply[0] == messages.PROBLEM
    assert valve.flash.digest() == before
