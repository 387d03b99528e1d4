"""A CPU card is loaded: the server's word lets it, this terminal carries it (docs/actions.md).

INITIALIZE FOR LOAD gives the card's own count of loads under a MAC that only the server can check;
the server's MAC2 lets this card take this money in this half of a transaction, and no other. So a
terminal cannot make money, and what a MAC2 was good for ends with the card's next command.
"""

from card_layout import purse_cpu
from card_layout.purse_m1 import Purse
from firmware.core import states
from firmware.credential import air
from protocol import messages, record


def prepare(keys, tap, grant, pin):
    """-> (moment, MAC2) of the server, None if card or server do not want to."""
    serial = tap.terminal.journal.serial_next
    yield ("card", purse_cpu.verify(pin))
    begin = purse_cpu.begin_load(grant.amount_fen, keys.number, serial)
    status, answer = yield ("card", begin)
    if status != air.OK or answer[-2:] != b"\x90\x00":
        return None
    begun = purse_cpu.load_begun(answer[:-2])
    if begun is None or begun[0] != tap.purse.balance_fen:
        return None
    if begun[0] + grant.amount_fen >= record.UNKNOWN_AMOUNT_FEN:
        return None  # a record could not tell it
    balance_fen, count, random, mac1 = begun
    utc_s = tap.now.utc_s
    wish = (grant.action, serial, count, balance_fen, random, mac1, utc_s)
    signed = yield ("server", messages.encode(messages.SIGN, wish))
    if not signed or signed[0] != messages.SIGNED or len(signed) != 5:
        return None
    return purse_cpu.moment_of(utc_s), bytes(signed[1:])


def credit(keys, tap, prepared):
    """CREDIT FOR LOAD. OK, GONE (not known) or NOT_WRITTEN."""
    status, answer = yield ("card", purse_cpu.load(*prepared))
    if status != air.OK or len(answer) < 2:
        return states.GONE
    if answer[-2:] != b"\x90\x00":
        return states.NOT_WRITTEN
    before = tap.purse
    balance_fen = before.balance_fen + tap.amount_fen
    tap.purse = Purse(before.counter, balance_fen, before.terminal, before.serial)
    return states.OK


def resolve(keys, tap, grey):
    """Does the card's log name this load? DONE, VOID, or None if it has forgotten by now.

    Whoever falsifies this answer settles the record here, not the money: the server counts loads.
    """
    for place in range(1, purse_cpu.LOG_LINES + 1):
        status, answer = yield ("card", purse_cpu.read_log(place))
        if status != air.OK:
            return None
        line = purse_cpu.logged(answer[:-2])
        if line is None:
            return record.VOID  # the log ends here
        if line[2:] == [purse_cpu.EP_LOAD, keys.number, grey.serial]:
            return record.DONE
        if line[2] == purse_cpu.EP_PURCHASE and line[0] < grey.counter:
            return record.VOID  # older than the load would be
    return None
