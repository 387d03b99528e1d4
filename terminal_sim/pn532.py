"""The PN532: its command table and the commands that concern only the chip itself.

`execute` is all that a host can do; bytes come from hsu.py, cards are behind pn532_initiator.py.
Nothing waits: a command that must wait for a card answers None and is executed again later.
Limits: the commands of pn532_tables; the target role (Tg...) and RFRegulationTest are not there
and are answered as unknown. Source: PN532 UM0701-02 sections 7.2 and 7.3.
"""

from terminal_sim import pn532_tables as pn532
from terminal_sim.card_timing import Meter
from terminal_sim.pn532_initiator import Initiator
from terminal_sim.pn532_tables import SyntaxFault

_RF_ITEMS = {0x01: 1, 0x02: 3, 0x04: 1, 0x05: 3, 0x0A: 11, 0x0B: 8, 0x0C: 3, 0x0D: 9}
_DIAGNOSE_LINE, _DIAGNOSE_ROM, _DIAGNOSE_RAM = 0x00, 0x01, 0x02
_DIAGNOSE_PRESENCE, _DIAGNOSE_ANTENNA = 0x06, 0x07
_WAKE_BY_HSU = 0x10
_GPIO = bytes((0x3F, 0x07, 0x00))  # ports 3 and 7 with their pull-ups, interface pins 0


class Pn532:
    """One chip and its field.

    meter: card commands and card time (card_timing.Meter). commands: code -> times executed.
    asleep: after PowerDown, until the host line wakes it. baud: what the host asked for.
    """

    def __init__(self, field):
        self.field = field
        self.meter = Meter()
        self.registers = {}
        self.initiator = Initiator(field, self.registers, self.meter)
        self._handlers = {
            code: getattr(self, method) for code, (_, method) in pn532.CHIP_COMMANDS.items()
        } | {
            code: getattr(self.initiator, method)
            for code, (_, method) in pn532.INITIATOR_COMMANDS.items()
        }
        self.commands = dict.fromkeys(self._handlers, 0)
        self.reset()

    def reset(self):
        """As after power-on; the counters go on."""
        self.field.switch(False)
        self.initiator.reset()
        self.registers.clear()
        self.registers.update(pn532.REGISTERS_AT_RESET)
        self.sam_mode = 1
        self.asleep = False
        self.wakes_by_hsu = True
        self.baud = pn532.FIRST_BAUD

    @property
    def card_ms(self):
        """-> milliseconds that cards were busy so far, by the data sheet."""
        return self.meter.card_us / 1000

    def execute(self, command, data):
        """-> bytes of the response after its code, or None: no card yet, ask again.

        SyntaxFault for an unknown command or senseless parameters; any bytes may come.
        """
        handler = self._handlers.get(command)
        if handler is None:
            raise SyntaxFault
        self.commands[command] += 1
        try:
            return handler(data)
        except IndexError:  # parameters missing
            raise SyntaxFault from None

    def diagnose(self, data):
        """7.2.1: the line, memories, antenna, or whether the target is still there."""
        test = data[0]
        if test == _DIAGNOSE_LINE:
            return data
        if test in (_DIAGNOSE_ROM, _DIAGNOSE_RAM, _DIAGNOSE_ANTENNA):
            return b"\x00"
        if test == _DIAGNOSE_PRESENCE:
            return bytes((self.initiator.presence(),))
        raise SyntaxFault

    def get_firmware_version(self, _data):
        """7.2.2."""
        return pn532.FIRMWARE_VERSION

    def get_general_status(self, _data):
        """7.2.3: last error, field, targets (number, speeds, type), SAM."""
        targets = self.initiator.targets
        answer = bytes((self.initiator.status, self.field.is_on, len(targets)))
        for number in range(1, len(targets) + 1):
            answer += bytes((number, 0, 0, pn532.TARGET_TYPE_MIFARE))
        return answer + b"\x00"

    def read_register(self, data):
        """7.2.4: addresses of 2 bytes -> a byte each."""
        if not data or len(data) % 2:
            raise SyntaxFault
        pairs = zip(data[::2], data[1::2], strict=True)
        return bytes(self.registers.get(high << 8 | low, 0) for high, low in pairs)

    def write_register(self, data):
        """7.2.5: address of 2 bytes and a byte, any number of times."""
        if not data or len(data) % 3:
            raise SyntaxFault
        for high, low, byte in zip(data[::3], data[1::3], data[2::3], strict=True):
            self.registers[high << 8 | low] = byte
        return b""

    def read_gpio(self, _data):
        """7.2.6: nothing is connected."""
        return _GPIO

    def write_gpio(self, data):
        """7.2.7: nothing is connected."""
        if len(data) != 2:
            raise SyntaxFault
        return b""

    def set_serial_baud_rate(self, data):
        """7.2.8: only the modelled time changes; a pty has no speed."""
        self.baud = pn532.BAUD_RATES[data[0]]
        return b""

    def set_parameters(self, data):
        """7.2.9: flags; that of the automatic RATS counts, the target role's do not."""
        self.initiator.parameters = data[0]
        return b""

    def sam_configuration(self, data):
        """7.2.10: mode 1 is normal; there is no SAM behind the others."""
        if not 1 <= data[0] <= 4:
            raise SyntaxFault
        self.sam_mode = data[0]
        return b""

    def power_down(self, data):
        """7.2.11: WakeUpEnable -> status; the field goes off."""
        self.wakes_by_hsu = bool(data[0] & _WAKE_BY_HSU)
        self.field.switch(False)
        self.initiator.targets = []
        self.asleep = True
        return b"\x00"

    def rf_configuration(self, data):
        """7.3.1: field, timings, retries, analog settings (which are taken and forgotten)."""
        item, settings = data[0], data[1:]
        if len(settings) != _RF_ITEMS.get(item):
            raise SyntaxFault
        if item == 0x01:
            self.field.switch(bool(settings[0] & 1))
        elif item == 0x05:
            self.initiator.passive_retries = settings[2]
        return b""
