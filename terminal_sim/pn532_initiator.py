"""The half of the PN532 that talks to cards: find them, choose one, exchange with it, let it go.

1. InListPassiveTarget asks with REQA: a halted card stays unseen until the field was off. The
   targets of the last list fall back first, so a card that just stays is found each time.
2. Of two cards in a list the first is halted, so that the second could be told from it. It is
   woken when the host exchanges with it, but the next list does not see it.
3. With MxRtyPassiveActivation FF a list without a card waits: the answer is None, and the host
   line asks again when a card comes. With any other number it answers at once that there is none.

4. A card with ISO-DEP (SAK bit 20) gets its RATS with the list, if SetParameters says so; without,
   InATR sends it.

Not modelled: FeliCa, type B, Jewel (their lists stay empty), peers (they time out).
Source: PN532 UM0701-02 section 7.3; MF1S50YYX_V1 section 10.
"""

from terminal_sim import pn532_isodep, pn532_mifare
from terminal_sim import pn532_tables as pn532
from terminal_sim.card_timing import POLL_US, SILENCE_US
from terminal_sim.iso14443a import ACTIVE, crc_a
from terminal_sim.pn532_tables import SyntaxFault

TARGETS_MAX = 2
FOREVER = 0xFF
_TYPE_A = 0
_MODULATIONS = 5
_AUTO_POLL_TYPE_A = {0x00: 0x10, 0x10: 0x10}  # asked for -> reported
_CASCADE_TAG = b"\x88"

_OK = bytes((pn532.OK,))
_TIMEOUT = bytes((pn532.TIMEOUT,))
_WRONG_CONTEXT = bytes((pn532.WRONG_CONTEXT,))


class Initiator:
    """registers: address -> byte, shared with the chip. targets: cards by Tg - 1, at most two."""

    def __init__(self, field, registers, meter):
        self.field = field
        self.registers = registers
        self.meter = meter
        self.reset()

    def reset(self):
        """As after power-on."""
        self.targets = []
        self._selected = None  # the target that listens now
        self.passive_retries = FOREVER
        self.parameters = pn532.PARAMETERS_AT_RESET
        self.status = pn532.OK

    def in_list_passive_target(self, data):
        """MaxTg, BrTy, InitiatorData -> NbTg and the targets' data; None: waits for a card."""
        most, modulation, wanted = data[0], data[1], data[2:]
        if not 1 <= most <= TARGETS_MAX or modulation >= _MODULATIONS:
            raise SyntaxFault
        found = self._find(most, wanted) if modulation == _TYPE_A else []
        if not found:
            return self._nothing_found()
        self.targets = found
        self._selected = found[-1]
        answer = [bytes((len(found),))]
        for number, card in enumerate(found, 1):
            head = (number, card.atqa[0], card.atqa[1], card.sak, len(card.uid))
            answer.append(bytes(head) + card.uid)
            if card.sak & pn532.SAK_ISO_DEP and self.parameters & pn532.AUTOMATIC_RATS:
                answer.append(pn532_isodep.activate(card, self.meter) or b"")
        return b"".join(answer)

    def _find(self, most, wanted):
        self.field.switch(True)
        self._forget()
        if len(wanted) > 4:  # a long UID is given with its cascade tag
            wanted = wanted.replace(_CASCADE_TAG, b"", 1)
        found = []
        for card in self.field.cards:
            if len(found) == most:
                break
            if (not wanted or card.uid == wanted) and card.select():
                self.meter.card("select")
                if found:
                    found[-1].halt()
                    self.meter.card("halt")
                found.append(card)
        return found

    def _forget(self):
        """Old targets fall back to where they were woken from; the cipher is off."""
        for card in self.targets:
            if self._hears(card):
                card.drop()
        self.targets = []
        self._selected = None
        self._crypto_1(False)

    def _nothing_found(self):
        if self.passive_retries == FOREVER:
            return None
        self.meter.wait(POLL_US * (self.passive_retries + 1))
        self.registers[pn532.CIU_FIFO_DATA] = 0x26  # the REQA is still there; nfcpy looks at it
        return b"\x00"

    def in_auto_poll(self, data):
        """PollNr, Period, types -> NbTg, type, length, data; with PollNr FF it waits."""
        rounds, period, types = data[0], data[1], data[2:]
        if not rounds or not 1 <= period <= 15 or not types:
            raise SyntaxFault
        asked = [kind for kind in types if kind in _AUTO_POLL_TYPE_A]
        retries, self.passive_retries = self.passive_retries, rounds
        try:
            found = self.in_list_passive_target(b"\x01\x00") if asked else self._nothing_found()
        finally:
            self.passive_retries = retries
        if not found or found == b"\x00":
            return found
        return bytes((1, _AUTO_POLL_TYPE_A[asked[0]], len(found) - 1)) + found[1:]

    def in_data_exchange(self, data):
        """Tg, DataOut -> status, DataIn."""
        number = data[0] & 0x0F
        if not 1 <= number <= len(self.targets):
            return self._ends(_WRONG_CONTEXT)
        card = self.targets[number - 1]
        if card is not self._selected and not self._switch_to(card):
            return self._ends(_TIMEOUT)
        if not self._hears(card):
            self.meter.wait(SILENCE_US)
            return self._ends(_TIMEOUT)
        if len(data) < 2:
            raise SyntaxFault
        if card.sak & pn532.SAK_ISO_DEP:
            return self._ends(pn532_isodep.exchange(card, data[1:], self.meter))
        answer = pn532_mifare.exchange(card, data[1:], self.meter)
        if data[1] | 1 == 0x61:
            self._crypto_1(answer == _OK)
        return self._ends(answer)

    def in_communicate_thru(self, data):
        """A raw frame to all that listen -> status, raw answer, as the registers say.

        Without data (libnfc asks so) the chip listens in vain.
        """
        registers = self.registers
        last_bits = registers.get(pn532.CIU_BIT_FRAMING, 0) & pn532.LAST_BITS
        frame = data
        if registers.get(pn532.CIU_TX_MODE, 0) & pn532.CRC_ENABLED:
            frame += crc_a(frame)
        self.meter.card("other")
        answer = None
        if data and not registers.get(pn532.CIU_TX_MODE, 0) & pn532.FRAMING:
            answers = {card.air(frame, last_bits) for card in self.field.cards} - {None}
            if len(answers) > 1:
                return self._ends(bytes((pn532.COLLISION,)))
            answer = answers.pop() if answers else None
        if answer is None:
            self.meter.wait(SILENCE_US)
            return self._ends(_TIMEOUT)
        return self._ends(self._received(answer))

    def _received(self, answer):
        """-> status and raw answer; 4 bits are told by Control, and are no good with a CRC."""
        checked = self.registers.get(pn532.CIU_RX_MODE, 0) & pn532.CRC_ENABLED
        if isinstance(answer, int):
            self.registers[pn532.CIU_CONTROL] = 4
            return bytes((pn532.CRC_ERROR,)) if checked else bytes((pn532.OK, answer))
        self.registers[pn532.CIU_CONTROL] = 0
        if not checked:
            return _OK + answer
        if len(answer) < 3 or crc_a(answer[:-2]) != answer[-2:]:
            return bytes((pn532.CRC_ERROR,))
        return _OK + answer[:-2]

    def in_select(self, data):
        """Tg -> status: the target listens again, another one is halted."""
        number = data[0]
        if not 1 <= number <= len(self.targets):
            return self._ends(_WRONG_CONTEXT)
        card = self.targets[number - 1]
        listens = card is self._selected and self._hears(card) and card.state == ACTIVE
        return self._ends(_OK if listens or self._switch_to(card) else _TIMEOUT)

    def in_deselect(self, data):
        """Tg, 0 for all -> status: halted, but not forgotten."""
        for card in self._named(data[0]):
            self._halt(card)
        return self._ends(_OK)

    def in_release(self, data):
        """Tg, 0 for all -> status: halted and forgotten."""
        released = self._named(data[0])
        for card in released:
            self._halt(card)
        if len(released) == len(self.targets):
            self.targets = []
        return self._ends(_OK)

    def in_psl(self, data):
        """Tg, BrIt, BrTi -> status: 106 kbit/s is the only speed of these cards."""
        return self._ends(_OK if 1 <= data[0] <= len(self.targets) else _WRONG_CONTEXT)

    def in_atr(self, data):
        """Tg -> status, ATS: the RATS that a list has not sent. Peers are not there."""
        card = (self._named(data[0]) or [None])[0] if data[0] else None
        if card is not None and card.sak & pn532.SAK_ISO_DEP and self._hears(card):
            ats = pn532_isodep.activate(card, self.meter)
            if ats is not None:
                return self._ends(_OK + ats)
        self.meter.wait(SILENCE_US)
        return self._ends(_TIMEOUT)

    def presence(self):
        """-> status: whether the ISO-DEP card that was selected still answers."""
        card = self._selected
        if card is None or not card.sak & pn532.SAK_ISO_DEP or not self._hears(card):
            return pn532.TIMEOUT
        return pn532_isodep.presence(card, self.meter)

    def in_jump_for_dep(self, _data):
        """A peer is asked for; there is none."""
        self.meter.wait(SILENCE_US)
        return self._ends(_TIMEOUT)

    def _named(self, number):
        if number > len(self.targets):
            return []
        return [self.targets[number - 1]] if number else list(self.targets)

    def _halt(self, card):
        self.meter.card("halt")
        if self._hears(card):
            card.halt()
        if card is self._selected:
            self._selected = None
            self._crypto_1(False)

    def _switch_to(self, card):
        """Halt the one that listens, wake this one -> True when it did."""
        if self._selected is not None and self._selected is not card:
            self._halt(self._selected)
        self._crypto_1(False)
        self.meter.card("select")
        awake = self._hears(card) and card.wake()
        self._selected = card if awake else None
        return awake

    def _hears(self, card):
        """A target that was carried away is no business of this reader, wherever it is now."""
        return card in self.field.cards

    def _crypto_1(self, on):
        status = self.registers.get(pn532.CIU_STATUS_2, 0) & ~pn532.CRYPTO_1_ON
        self.registers[pn532.CIU_STATUS_2] = status | (pn532.CRYPTO_1_ON if on else 0)

    def _ends(self, answer):
        self.status = answer[0]
        return answer
