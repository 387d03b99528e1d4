"""The reader is pulled out at every APDU of an issue, and the card torn in every way: it is blank
or issued (or, in the one write that no MIFARE card survives torn, spoiled), the desk says which,
and the next run goes on with the same number and books nothing twice."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminal_sim.acr122u import Acr122u
from terminal_sim.field import Field
from tests.desk.models import WISH, House, blank
from tests.desk.test_work import says
from tools.desk import work
from tools.desk.chips import BLANK, CPU, ISSUED, MIFARE, SPOILED
from tools.desk.faults import Fault
from tools.desk.part3 import Contactless

SHAPES = {MIFARE: ("none", "all", "half"), CPU: ("none", "all")}  # a CPU card knows no half
MAY_BE = {
    "left": {BLANK},
    "left_blank": {BLANK},
    "left_unsure": {BLANK, ISSUED, SPOILED},
    "left_issued": {ISSUED},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("house"))
    yield made
    made.store.close()


def new(house, kind):
    """-> another blank card, alone on the reader."""
    house.cards = getattr(house, "cards", 0) + 1
    card = blank(kind, b"\x2c" + house.cards.to_bytes(3, "big"))
    lay(house, card)
    return card


def lay(house, card):
    house.line.field.clear()
    house.line.field.put(card)


def apdus(house, kind):
    """-> APDUs of an issue that nothing happens to."""
    new(house, kind)
    before = house.line.apdus
    house.issue()
    return house.line.apdus - before


def standing(house, chip):
    """What the card is, by the card alone."""
    made = house.office.begin(chip, WISH)
    house.desk.reader.look()
    return work.CHIPS[chip.kind].stands(house.desk.reader, chip, made)


def pulled(house, kind, at, shape, noise=b""):
    """One issue, pulled at this APDU. -> (what was said, what the card is)"""
    card = new(house, kind)
    bank_fen = house.balances().get(("bank", ""), 0)
    house.line.pull_at = house.line.apdus + at
    house.line.torn, house.line.noise = shape, noise
    with pytest.raises(Fault) as caught:
        house.issue()
    house.line.pull_at = None
    lay(house, card)
    said = "left" if caught.value.name == "no_card" else caught.value.name
    chip = work.find(house.desk)
    number = house.store.issues.newest_of(card.uid.hex())
    stands = standing(house, chip) if number else BLANK
    if number:
        made = house.office.begin(chip, WISH)
        secrets = [data for _, data in made.blocks[3:]] + list(made.wallet.values())
        said_all = " ".join(caught.value.says(language) for language in ("zh", "en"))
        assert not [
            one for one in secrets if one.hex() in said_all and one.strip(b"\0") != chip.uid
        ]
    if stands == SPOILED:
        says("spoiled", house.issue)
        house.office.void(number)
        assert house.balances().get(("bank", ""), 0) == bank_fen and house.store.lists.is_listed(
            number
        )
        new(house, kind)
    made = house.issue()
    assert made.card == number or stands == SPOILED or number is None
    seen = work.read(house.desk, work.find(house.desk))
    assert (seen["card"], seen["balance_fen"], seen["problem"]) == (made.card, 1234, "")
    balances = house.balances()
    assert balances[("purse", str(made.card))] == 1234
    assert balances[("bank", "")] == bank_fen - 1234
    assert house.store.issues.get(made.card)["state"] == "issued"
    return said, stands


# shows R5
@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_at_every_apdu(house, kind):
    told = set()
    for at in range(apdus(house, kind)):
        for shape in SHAPES[kind]:
            said, stands = pulled(house, kind, at, shape)
            assert stands in MAY_BE[said], (at, shape, said, stands)
            told.add((said, stands))
    wanted = {("left_blank", BLANK), ("left_unsure", BLANK), ("left_unsure", ISSUED)}
    wanted |= {("left_issued", ISSUED)}
    wanted |= {("left_unsure", SPOILED)} if kind == MIFARE else set()
    assert wanted <= told
    assert kind == MIFARE or SPOILED not in {stands for _, stands in told}


@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_put_back_at_once_it_goes_on_in_the_same_run(house, kind):
    patient = house.desk._replace(wait_s=60, patience_s=60)
    house.line.is_put_back = True
    for at in range(apdus(house, kind)):
        card = new(house, kind)
        house.line.pull_at, house.line.torn = house.line.apdus + at, "all"
        chip = work.find(patient)
        made = work.issue(patient, chip, WISH)
        assert house.store.issues.newest_of(card.uid.hex()) == made.card
        assert house.store.issues.get(made.card)["state"] == "issued"
    house.line.is_put_back, house.line.pull_at = False, None


@pytest.mark.parametrize("kind", [MIFARE, CPU])
def test_loaded_once_whenever_it_leaves(house, kind):
    """Pulled at every APDU of a load; then the desk goes on: card and ledger have it once."""
    at, is_over = 0, False
    while not is_over:
        for shape in SHAPES[kind]:
            card = new(house, kind)
            number = house.issue().card
            house.office.load(number, 700)
            chip = work.find(house.desk)
            house.line.pull_at, house.line.torn = house.line.apdus + at, shape
            try:
                assert work.load(house.desk, chip) == 1934
                is_over = True
            except Fault as fault:
                assert fault.name == "left_loading"
            house.line.pull_at = None
            lay(house, card)
            assert work.load(house.desk, work.find(house.desk)) == 1934
            assert house.balances()[("purse", str(number))] == 1934
            assert ("account", str(number)) not in house.balances()
            assert [row["state"] for row in house.store.actions.of(number)] == ["done"]
            seen = work.read(house.desk, work.find(house.desk))
            assert (seen["balance_fen"], seen["problem"]) == (1934, "")
        at += 1
    assert at > 5


@settings(max_examples=40, deadline=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(at=st.integers(0, 99), torn=st.integers(0, 16) | st.just("random"),
       noise=st.binary(min_size=16, max_size=16))  # fmt: skip
def test_a_mifare_card_torn_at_any_byte(house, at, torn, noise):
    said, stands = pulled(house, MIFARE, at % apdus(house, MIFARE), torn, noise)
    assert stands in MAY_BE[said]


class Liar:
    """A line whose reader says anything but for the UID; the same again from the start."""

    def __init__(self, atr, answers):
        self._atr = atr
        self._answers = itertools.cycle(answers)

    def connect(self):
        return self._atr

    def send(self, command):
        if command[:2] == b"\xff\xca":
            return bytes.fromhex("2cfefefe9000")
        return next(self._answers)

    def close(self):
        pass


ANSWERS = st.binary(max_size=20) | st.binary(max_size=16).map(lambda data: data + b"\x90\x00")
ATRS = st.sampled_from([Acr122u(Field(blank(kind))).atr() for kind in (MIFARE, CPU)]) | st.binary()


@settings(max_examples=60, deadline=None)
@given(atr=ATRS, answers=st.lists(ANSWERS, min_size=1, max_size=6))
def test_whatever_a_reader_answers_is_a_fault_and_issues_nothing(house, atr, answers):
    hostile = house.desk._replace(reader=Contactless(Liar(atr, answers)))
    for act in (
        lambda chip: work.issue(hostile, chip, WISH),
        lambda chip: work.read(hostile, chip),
        lambda chip: work.take_back(hostile, chip),
        lambda chip: work.load(hostile, chip),
    ):
        with pytest.raises(Fault):
            act(work.find(hostile))
    counted = "SELECT count(*) FROM issue WHERE state = 'issued' AND issued_utc_s IS NULL"
    assert house.store.db.one(counted) == 0 == house.store.accounts.sum_fen()
