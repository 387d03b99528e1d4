"""One sale in which the power fails, for the tests of coming back."""

from firmware.credential import air
from protocol import record
from terminal_sim.flash import ALL, PowerCut
from terminal_sim.gears import cut_scenarios
from terminal_sim.gears.station import GOOD


class Desk:
    """A POS with a server, at the moment before a sale; `reprogram` of its flash."""

    def __init__(self, reprogram):
        kind = "twice" if reprogram else "once"
        self.station = cut_scenarios.start(cut_scenarios.BY_NAME["sale"], kind, "new")
        self.station.boot()
        self.station.open()
        self.station.serve()
        self._from = self.station.node.terminal.journal.serial_next

    def cut_at_write(self, written):
        """The power fails as the card is written; whether it was, the card alone knows."""
        card = self.station.cards[GOOD]
        if written:
            transceive, commands = card.transceive, []

            def until_written(frame):
                answer = transceive(frame)
                commands.append(frame)
                if len(commands) > 1 and commands[-2][0] == air.WRITE:
                    raise PowerCut
                return answer

            card.transceive = until_written
            self._cut()
            del card.transceive
        else:
            self.station.node.cut_at_card(5)
            self._cut()
            self.station.node.cut_at_card(0)
        self.station.boot()

    def cut_at_confirm(self):
        """The power fails when the outcome has just been programmed."""
        self.station.node.flash.cut_after(2, ALL)
        self._cut()
        self.station.boot()

    def pay(self):
        """The sale is entered again. -> what the screen says."""
        return self.station.sell(GOOD, 300)

    def debits(self):
        """How often the card was debited since the sale began."""
        self.station.oracle.tapped(1, GOOD)
        return len(self.station.oracle.cards[GOOD].writes) - self.station.writes_before

    def outcomes(self):
        """Of the records since the sale began."""
        _, raw = self.station.node.terminal.journal.batch(50)
        raws = [raw[at : at + 64] for at in range(0, len(raw), 64)]
        raws = [one for one in raws if int.from_bytes(one[:4], "big") >= self._from]
        return [record.outcome_of(one) for one in raws if one[4] == record.PURCHASE]

    def _cut(self):
        try:
            self.pay()
        except PowerCut:
            return
        raise AssertionError("the power was not cut")
