"""A batch of 50 records through a session whose both sides are on the chip; prints JSON.

Milliseconds of a handshake (both sides), of sealing the batch into its frame, of unsealing it again
from the received bytes, and of the same for its 50 answers.
"""

import json
import time

from protocol import batch, frame, hkdf, messages
from protocol.session import SERVER, TERMINAL, Session

NUMBER = 7
RECORDS = 50
took = {}


def clocked(name, work):
    """-> what work() returns; its milliseconds are in `took`."""
    began_us = time.ticks_us()
    made = work()
    took[name] = time.ticks_diff(time.ticks_us(), began_us) / 1000
    return made


def derive(salt, info, length):
    """-> `length` bytes."""
    return hkdf.derive(bytes(16), salt, info, length)


def random(length):
    """Any bytes: nothing here is secret."""
    return bytes(range(length))


def heard(session, data):
    """-> the last event of the frames that `data` holds."""
    events = []
    for _, kind, payload in frame.Receiver().feed(data):
        events += session.receive(kind, payload)
    return events[-1] if events else (None, None)


terminal = Session(TERMINAL, NUMBER, derive, random)
server = Session(SERVER, NUMBER, derive, random)


def handshake():
    """Until both sides are open."""
    heard(terminal, heard(server, terminal.hello(1))[1])
    heard(server, terminal.request(messages.encode(messages.BATCH, (), bytes(64))))
    answers = batch.pack([(batch.STORED, 0)])
    heard(terminal, server.reply(messages.encode(messages.ANSWERS, (), answers)))


clocked("handshake_both_sides_ms", handshake)
body = messages.encode(messages.BATCH, (), bytes(range(64)) * RECORDS)
sealed = clocked("seal_batch_ms", lambda: terminal.request(body))
kind, found = clocked("unseal_batch_ms", lambda: heard(server, sealed))
answers = messages.encode(messages.ANSWERS, (), batch.pack([(batch.STORED, 0)] * RECORDS))
said = clocked("seal_answers_ms", lambda: server.reply(answers))
clocked("unseal_answers_ms", lambda: heard(terminal, said))
took["records"], took["frame_bytes"] = RECORDS, len(sealed)
if kind != "request" or found != body:
    raise ValueError("the batch did not arrive")
print(json.dumps(took))
