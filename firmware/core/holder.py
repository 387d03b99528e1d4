"""The answer to a program beside the gate: who was let through (docs/gate.md, local link).

Lines of ASCII come in, lines of JSON go out. It tells a card's number, its kind of holder, and its
last valid day, and nothing that opens anything. Rules:
 1. `last` is answered at once, `next` by the next one who is let through, each once.
 2. Who went through longer than FRESH_MS ago is nobody: a program that comes late must not take the
    one before for who stands there.
 3. Without the parameter `tells_holder` every question is answered `not allowed`.
Limits: questions of 16 characters; one program.
"""

from card_layout import identity

FRESH_MS = 30_000
_LONGEST = 16
_KINDS = {identity.STAFF: "staff", identity.STUDENT: "student", identity.TEMPORARY: "temporary"}
_NOBODY = b'{"holder": null}\n'
_NOT_ALLOWED = b'{"error": "not allowed"}\n'
_UNKNOWN = b'{"error": "ask last or next"}\n'


class Holder:
    """`gate`: of firmware.kinds; `day(days)` -> "2026-09-01" of days since 2000-01-01."""

    def __init__(self, gate, day):
        self._gate = gate
        self._day = day
        self._heard = b""
        self._waits = False  # for the next one
        self._told = None  # the one that `next` must not tell again

    def feed(self, data, now, allowed):
        """Bytes of the program. -> bytes to say."""
        said = b""
        for byte in data:
            if byte not in (10, 13):
                self._heard = (self._heard + bytes((byte,)))[: _LONGEST + 1]
            elif self._heard:
                said += self._answer(self._heard, now, allowed)
                self._heard = b""
        return said

    def due(self, now, allowed):
        """-> bytes to say to who waits for the next one."""
        holder = self._gate.holder
        if not self._waits or holder is None or holder == self._told:
            return b""
        self._waits = False
        return self._line(holder, now) if allowed else _NOT_ALLOWED

    def _answer(self, question, now, allowed):
        if not allowed:
            return _NOT_ALLOWED
        if question == b"last":
            return self._line(self._gate.holder, now)
        if question != b"next":
            return _UNKNOWN
        self._waits, self._told = True, self._gate.holder
        return b""

    def _line(self, holder, now):
        if holder is None or now.ticks_ms - holder[1] > FRESH_MS:
            return _NOBODY
        who, passed_ms = holder
        kind, until = _KINDS.get(who.holder_kind, ""), self._day(who.valid_until)
        told = f'"card": {who.card}, "kind": "{kind}", "valid_until": "{until}"'
        age_s = (now.ticks_ms - passed_ms) // 1000
        return ('{"holder": {' + told + '}, "age_s": ' + str(age_s) + "}\n").encode()
