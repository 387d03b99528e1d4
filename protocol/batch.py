"""A batch of records, and its answers, one each, in the same order.

Not what the answers mean for the ledger (sync_server.core.ingest). Limits: 1..50 records.
"""

from protocol.errors import LocalError, RemoteError
from protocol.record import SIZE

MAX_RECORDS = 50

# answer to one record; none of them blocks the queue
STORED = 1
EXISTS = 2  # the same bytes came before
EXISTS_DIFFERENT = 3  # the number came before with other bytes
QUARANTINED = 4  # kept, with a reason, but not posted

ANSWER_NAMES = ("", "stored", "exists", "exists-different", "quarantined")


def split(tail):
    """List of 64-byte records in a BATCH tail. RemoteError unless it is 1..50 whole records."""
    if not tail or len(tail) % SIZE or len(tail) > MAX_RECORDS * SIZE:
        raise RemoteError(f"a batch is 1 to 50 records of 64 bytes, not {len(tail)} bytes")
    return [tail[at : at + SIZE] for at in range(0, len(tail), SIZE)]


def pack(answers):
    """ANSWERS tail from a list of (answer, reason code). LocalError on a wrong value."""
    if not 1 <= len(answers) <= MAX_RECORDS:
        raise LocalError(f"a batch has 1 to 50 answers, not {len(answers)}")
    out = bytearray()
    for answer, reason in answers:
        if not (STORED <= answer <= QUARANTINED and 0 <= reason <= 255):
            raise LocalError(f"no such answer: {answer}, reason {reason}")
        out.append(answer)
        out.append(reason)
    return bytes(out)


def unpack(tail):
    """List of (answer, reason code) from an ANSWERS tail. RemoteError on anything else."""
    if not tail or len(tail) % 2 or len(tail) > 2 * MAX_RECORDS:
        raise RemoteError(f"answers are 1 to 50 pairs, not {len(tail)} bytes")
    answers = [(tail[at], tail[at + 1]) for at in range(0, len(tail), 2)]
    for answer, _ in answers:
        if not STORED <= answer <= QUARANTINED:
            raise RemoteError(f"no such answer: {answer}")
    return answers
