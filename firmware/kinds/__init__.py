"""What a terminal is for: one file for each kind, which decides and says what to drive.

A kind yields nothing and knows no card. It has: NUMBER (as in REPORT), PAYS (money is taken),
`awaited` ((card, serial) of a torn debit whose card shall come back, or None), WATCHES (it looks at
inputs of the board: `attach` and `turn`, see gate.py and water.py), METERS (it has a valve and a
meter, and cards that lie there), RECORD (type of an accepted tap's record), `pin` (core.pin's Pin
while one is asked for, or None), and

    key(char, now, params)   list of effects
    decide(tap)              (amount_fen, reason); amount None: nothing is asked of the card
    accepted(tap), refused(tap), torn(tap), look(tap)   tuples of effects for the end of a tap
    settle(serial)           record `serial` has its outcome: wait for it no longer
    owes(tap)                (serial, fen) that this card is to get back first, or None
    asks(tap)                shall the server say what this card has paid elsewhere today?
    get_ready(terminal)      do one thing that a tap would wait for; True if there was one
    idle(terminal)           tuple of effects, or None: the terminal's own idle screen
"""


def of_number(number):
    """A new kind object for the number of a key page. ValueError if there is no such kind here.

    Imported here and not above: an image of a gate has no file of a POS.
    """
    if number == 1:
        from firmware.kinds.pos import Pos

        return Pos()
    if number == 2:
        from firmware.kinds.gate import Gate

        return Gate()
    if number == 3:
        from firmware.kinds.water import Water

        return Water()
    raise ValueError(f"this firmware has no kind of terminal {number}")
