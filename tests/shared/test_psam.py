"""A PSAM over T=0: ATR, PPS, procedure bytes of every kind; and the two stores of keys alike."""

from card_layout import purse_cpu
from card_layout.des import Des
from firmware.credential import air, wallet_psam
from firmware.drivers import psam as driver
from firmware.drivers.psam import PsamFault
from terminal_sim import psam
from terminal_sim.pboc import Keys, Wallet
from terminal_sim.prng import Prng
from tests.shared.campus import NUMBER
from tests.shared.expect import raises

MASTER = b"master of the PS"
UID = bytes.fromhex("04a1b2c3d4e5f6")
SERIAL = b"\0" + UID
MOMENT = purse_cpu.moment_of(1790000000)
READ = b"\x00\xb0\x96\x00\x06"
LINES = ((psam.ATR, 0, False), (psam.ATR_FAST, 2, False), (psam.ATR, 1, True))


def socket(line, cut=1):
    """-> (driver, ask): an APDU in, its answer out; bytes come in pieces of `cut`."""
    chip = driver.Psam()

    def say(data):
        out, answer = b"", None
        for at in range(0, len(data), cut):
            more, said = chip.feed(data[at : at + cut])
            out += more
            answer = answer or said
        return out, answer

    def ask(apdu):
        out, answer = chip.begin(apdu), None
        while answer is None:
            heard = line.feed(out)
            assert heard, "both are silent"
            out, answer = say(heard)
        return answer

    assert say(line.reset())[1] == line._atr
    wish = chip.pps()
    if wish:
        assert say(line.feed(wish))[1] == wish
    return chip, ask


def test_every_way_that_the_line_may_speak():
    for atr, waits, single in LINES:
        for cut in (1, 3, 100):
            chip = psam.Psam(MASTER)
            _, ask = socket(psam.Line(chip, atr, waits, single), cut)
            assert ask(READ) == chip.number + b"\x90\x00"
            assert ask(READ[:4] + b"\x00") == chip.number + b"\x90\x00"  # by way of 6C
            assert ask(b"\x80\x99\x00\x00\x00") == b"\x6d\x00"
            body = bytes(28)
            answer = ask(b"\x80\x70\x00\x00\x1c" + body + b"\x08")
            assert len(answer) == 10 and answer[-2:] == b"\x90\x00"
            assert ask(b"\x80\x72\x00\x00\x04" + bytes(4)) == b"\x93\x02"


def run(generator, ask):
    """-> what a store of keys comes to; ask: APDU -> answer, None: nobody there."""
    answer = None
    try:
        while True:  # ends with the generator
            _, apdu = generator.send(answer)
            answer = (air.OK, ask(apdu)) if ask else (air.GONE, b"")
    except StopIteration as done:
        return done.value


def card():
    """-> a CPU card whose purchase key is the PSAM's for it."""
    key = purse_cpu.diversified(Des(MASTER).encrypt, SERIAL)
    made = Wallet(
        SERIAL, Keys(key, bytes(16), bytes(16), bytes(16)), bytes(16), 5000, Prng(1).bytes
    )
    made.apdu(purse_cpu.select())
    return made


def begun(made, name, amount_fen=250):
    answer = made.apdu(purse_cpu.begin_purchase(amount_fen, *name))
    return purse_cpu.begun(answer[:-2])


class OurKeys:
    """Of terminal 12."""

    number = NUMBER


def test_a_card_pays_by_a_psam():
    made, store = card(), wallet_psam.InPsam(OurKeys)
    _, ask = socket(psam.Line(psam.Psam(MASTER)))
    run(store.find(), ask)
    half = begun(made, store.name(77))
    serial, mac1 = run(store.mac1((UID, 1), half, 250, 0, MOMENT), ask)
    assert serial == 1
    answer = made.apdu(purse_cpu.purchase(serial, MOMENT, mac1))
    assert answer[-2:] == b"\x90\x00" and made.balance_fen == 4750
    assert run(store.is_paid(answer[4:8], 250), ask) is True
    assert run(store.is_paid(answer[4:8], 250), ask) is False  # good once
    assert store.missing is None


def test_a_wrong_mac2_is_no_payment_and_three_lock_it():
    store = wallet_psam.InPsam(OurKeys)
    _, ask = socket(psam.Line(psam.Psam(MASTER)))
    for _ in range(3):
        run(store.find(), ask)
        assert run(store.mac1((UID, 1), (5000, 0, bytes(4)), 250, 0, MOMENT), ask)
        assert run(store.is_paid(bytes(4), 250), ask) is False
    run(store.find(), ask)
    assert store.missing == "locked"
    assert run(store.mac1((UID, 1), (5000, 0, bytes(4)), 250, 0, MOMENT), ask) is None


def test_a_missing_or_foreign_psam_is_told():
    store = wallet_psam.InPsam(OurKeys)
    run(store.find(), None)
    assert store.missing == "missing"
    raises(PsamFault, driver.Psam().begin, READ)
    _, ask = socket(psam.Line(psam.Psam(MASTER, purse_cpu.who(13, 0))))
    run(store.find(), ask)
    assert store.missing == "foreign"


def test_what_is_no_t0_is_a_fault():
    for noise in (b"\x00\x00", b"\xff", b"\x55" * 40):
        raises(PsamFault, driver.Psam().feed, noise)
    chip, _ = socket(psam.Line(psam.Psam(MASTER)))
    for noise in (b"\x00", b"\x55", b"\xff"):
        chip.begin(READ)
        raises(PsamFault, chip.feed, noise)
    chip.begin(b"\x80\x99\x00\x00\x00")
    raises(PsamFault, chip.feed, b"\x99")  # data that nobody asked for
    endless = driver.Psam()
    endless.feed(b"\x3b\xff")
    raises(PsamFault, endless.feed, b"\xff" * 40)


def test_an_atr_in_pieces_of_every_length():
    for atr in (psam.ATR, psam.ATR_FAST, bytes.fromhex("3b9f9580" + "1f" + "00" * 16 + "aa")):
        for cut in range(1, len(atr)):
            chip = driver.Psam()
            assert chip.feed(atr[:cut])[1] is None
            assert chip.feed(atr[cut:])[1] == atr
