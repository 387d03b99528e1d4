"""What the master of a half-duplex line thinks of one terminal, and how long it waits for it.

What it is not: the choice who is asked next (the server's schedule). Times in milliseconds; those
of the wire follow from the baud rate, the rest is the interpreter's and the adapter's. Limit: a
terminal that babbles without end leaves nobody a turn. Source: docs/serial.md.
"""

from protocol import frame

SOUGHT = "SOUGHT"  # not known to be on this line
PRESENT = "PRESENT"  # answered the last time
DOUBTFUL = "DOUBTFUL"  # did not, for less than GIVE_UP_MS

STATES = (SOUGHT, PRESENT, DOUBTFUL)

ANSWER = "answer"
SILENCE = "silence"
NOISE = "noise"  # bytes and no frame, or not its frame
GIVE_UP = "give up"

EVENTS = (ANSWER, SILENCE, NOISE, GIVE_UP)

TABLE = {
    SOUGHT: {ANSWER: PRESENT, SILENCE: SOUGHT, NOISE: SOUGHT},
    PRESENT: {ANSWER: PRESENT, SILENCE: DOUBTFUL, NOISE: DOUBTFUL},
    DOUBTFUL: {ANSWER: PRESENT, SILENCE: DOUBTFUL, NOISE: DOUBTFUL, GIVE_UP: SOUGHT},
}

REST_MS = 25  # nothing to say: the same terminal is asked again after
PAUSE_MS = 10  # times 2^n after the n-th failure in a row
PAUSE_MAX_MS = 2000
GIVE_UP_MS = 10000
SEARCH_SHARE = 5  # of so many waits one is for a terminal that is sought

_BITS = 10  # start, eight, stop
_TURN_MS = 50
_GAP_MS = 20
_CHARS = 20
_LONGEST = frame.MAX_BLOCK + frame.MAX_BLOCK // 254 + 3  # COBS, and a 0x00 at both ends


def line_ms(baud, length):
    """How long so many bytes are on the wire."""
    return length * _BITS * 1000 / baud


def first_byte_ms(baud):
    """From the end of the poll to the first byte of its answer, at most."""
    return _TURN_MS + line_ms(baud, _CHARS)


def gap_ms(baud):
    """Silence that ends an answer."""
    return _GAP_MS + line_ms(baud, _CHARS)


def answer_ms(baud):
    """From the end of the poll to the end of an answer, at most."""
    return _TURN_MS + line_ms(baud, _LONGEST)


def pause_ms(failures):
    """How long a terminal is left alone after so many failures in a row."""
    return min(PAUSE_MS << min(failures, 16), PAUSE_MAX_MS)
