"""What the emulator does wrong, and that it is mended: the fault is looked at without the mend."""

import pytest
from rp2040py.boards import BOARDS, resolve_firmware
from rp2040py.device import MicroPythonDevice

from hil_tests.emulated import branch, wires
from hil_tests.emulated.board import SECOND_NS, Board
from hil_tests.emulated.script import typed
from image import base

DR, FR, LCR, CR, IMSC, ICR = 0x00, 0x18, 0x2C, 0x30, 0x38, 0x44
TX, RX, RT = 0x20, 0x10, 0x40
BUSY, TXFE = 0x08, 0x80
BYTE_NS = 86_806


def delivered():
    """-> the emulator as it is delivered."""
    uf2 = str(base.folder() / base.UF2)
    return MicroPythonDevice(board=resolve_firmware(BOARDS["pico"], "micropython", uf2))


# USB


def asked(cdc, run):
    """-> how often a board asks the host for bytes meanwhile."""
    times = []
    answer = cdc.usb.on_endpoint_read

    def counted(endpoint, size):
        times.append(endpoint)
        answer(endpoint, size)

    cdc.usb.on_endpoint_read = counted
    run()
    cdc.usb.on_endpoint_read = answer
    return len(times)


def waited(board):
    return asked(board._device.cdc, lambda: board.run(0.1)), typed(board, "print(6 * 7)")


def test_a_waiting_board_asks_the_host_once(bare):
    assert branch.of(waited, bare) == (0, ["42"])


def test_without_the_mend_it_asks_all_the_time(emulated):
    device = delivered()
    device.mcu.core.pc = 0x10000000

    def until(nanoseconds):
        while device.mcu.clock.nanos < nanoseconds:
            device.simulator.stopped = False
            device.simulator._execute_batch()

    wake = device.mcu.clock.create_alarm(lambda: wake.schedule(1e6))
    wake.schedule(1e6)
    until(0.1e9)
    assert asked(device.cdc, lambda: until(0.11e9)) > 100


# UART


def sender(chip):
    """-> its UART 0 at 115,200 baud, FIFOs on."""
    uart = chip.uart[0]
    uart._int_divisor, uart._frac_divisor = 67, 52
    uart.write_uint32(LCR, 0x70)
    uart.write_uint32(CR, 0x301)
    return uart


def test_a_byte_takes_ten_bits(emulated):
    board = Board()
    came = []
    board.uarts[0].on_byte = lambda value: came.append((board.now_ns, value))
    uart = sender(board.chip)
    for value in b"abc":
        uart.write_uint32(DR, value)
    assert uart.read_uint32(FR) & (BUSY | TXFE) == BUSY
    board.chip.clock.tick(10 * BYTE_NS)
    assert [value for _, value in came] == list(b"abc")
    assert uart.read_uint32(FR) & (BUSY | TXFE) == TXFE
    gaps = [after[0] - before[0] for before, after in zip(came, came[1:])]
    assert all(abs(gap - BYTE_NS) < 200 for gap in gaps), gaps


def test_the_transmitter_interrupts_once(emulated):
    uart = sender(Board().chip)
    uart.write_uint32(IMSC, TX)
    assert not uart._interrupt_status & TX
    for value in bytes(20):
        uart.write_uint32(DR, value)
    uart.rp2040.clock.tick(30 * BYTE_NS)
    assert uart._interrupt_status & TX
    uart.raw_write_value = TX
    uart.write_uint32(ICR, TX)
    assert not uart._interrupt_status & TX
    other = sender(delivered().mcu)
    other.raw_write_value = TX
    other.write_uint32(ICR, TX)
    other.write_uint32(IMSC, TX)
    assert other._interrupt_status & TX  # for ever


def test_the_receiver_interrupts_at_its_mark_or_after_a_while(emulated):
    board = Board()
    uart = sender(board.chip)
    board.uarts[0].send(b"x")
    board.chip.clock.tick(1.5 * BYTE_NS)
    assert not uart._interrupt_status & (RX | RT)
    board.chip.clock.tick(4 * BYTE_NS)
    assert uart._interrupt_status & RT and not uart._interrupt_status & RX
    board.uarts[0].send(bytes(40))
    board.chip.clock.tick(50 * BYTE_NS)
    assert uart._interrupt_status & RX
    assert board.uarts[0].lost == 40 + 1 - 32  # nobody took anything


# flash


def erase(board, sector=300):
    """-> microseconds that the board waits for a sector."""
    line = f"import rp2,time;t=time.ticks_us();rp2.Flash().ioctl(6,{sector});time.ticks_us()-t"
    return int(typed(board, line)[-1])


def test_flash_takes_its_time(bare):
    assert 45_000 <= branch.of(erase, bare) <= 47_000


def cut_erase(board, torn):
    """-> (was it cut in time, bytes that are not erased) of a sector."""
    at = base.CODE_BYTES + 300 * 4096
    board.chip.flash[at : at + 4096] = bytes(4096)
    board.flash.cut(1, torn)
    start_ns = board.now_ns
    board.console.send(b"import rp2;rp2.Flash().ioctl(6,300)\r\n")
    was_cut = board.run(2) and board.flash.is_off and board.now_ns - start_ns < 2 * SECOND_NS
    return was_cut, board.content()[at : at + 4096].count(0)


@pytest.mark.parametrize("torn", [None, 5])
def test_power_can_fail_in_an_erase(bare, torn):
    was_cut, left = branch.of(cut_erase, bare, torn)
    assert was_cut
    assert left == 4096 if torn is None else 0 < left < 4096


# state machines


def said(board, beat):
    """-> what a state machine's UART says, as a wire hears it."""
    heard = bytearray()
    ear = wires.Ear(board, 4, heard.append)
    if not beat:
        ear._beat.keep = lambda: None
    typed(board, "from firmware.boards import rp2_pio")
    typed(board, "o=rp2_pio.Out(2,4,115200,6)")
    typed(board, "o.say(b'campus card ' * 8)")
    return bytes(heard), ear.noise


def test_state_machines_keep_time_while_the_processor_sleeps(bare):
    kept, lost = branch.every([(said, bare, True), (said, bare, False)])
    assert kept == (b"campus card " * 8, 0)
    assert lost != (b"campus card " * 8, 0)
