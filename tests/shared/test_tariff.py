"""Tariffs: what a unit costs, and which tables are none."""

from protocol import params, tariff
from protocol.errors import LocalError, RemoteError
from tests.shared.expect import raises

STEPS = ((0, 10, 0), (10, 100, 50), (100, 65535, 250))


def test_price_of_units():
    data = tariff.pack(STEPS)
    assert list(tariff.steps(data)) == list(STEPS)
    for units, fen in ((0, 0), (10, 0), (11, 0), (12, 1), (100, 45), (101, 47), (200, 295)):
        assert tariff.fen(data, units) == fen
    assert tariff.fen(tariff.ONE_FEN, 550) == 550


def test_price_of_a_kwh_by_its_pulses():
    night, day = (0, 1600, 3000), (1600, tariff.END, 5625)  # fen 30.00 and 56.25 a kWh
    data = tariff.pack((night, day))
    for pulses, fen in ((0, 0), (53, 0), (54, 1), (1600, 30), (3200, 86), (65535, 2277)):
        assert tariff.fen(data, pulses, 1600) == fen
    assert tariff.fen(data, 1600, 1) == tariff.fen(data, 1600) == 48000


def test_units_for_an_amount_are_the_most_that_cost_no_more():
    for rows in (STEPS, ((0, 65535, 100),), ((0, 7, 33), (7, 65535, 1000)), ((0, 65535, 1),)):
        data = tariff.pack(rows)
        for fen in (0, 1, 2, 3, 7, 45, 99, 500):
            for kwh in (0, 1, 7, 1600, 10000):
                units = tariff.units_for(data, fen, kwh)
                assert tariff.fen(data, units, kwh) <= fen
                assert units == tariff.END or tariff.fen(data, units + 1, kwh) > fen


def test_a_table_with_a_gap_or_an_overlap_is_none_and_says_why():
    for rows, why in (
        ([(1, 65535, 5)], "no price from unit 0 to 1"),
        ([(0, 10, 5), (11, 65535, 5)], "no price from unit 10 to 11"),
        ([(0, 10, 5), (9, 65535, 5)], "overlap at unit 9"),
        ([(0, 10, 5)], "no price from unit 10 to 65535"),
        ([(0, 10, 5), (10, 10, 5), (10, 65535, 5)], "must end after it begins, at unit 10"),
        ([], "1 to 36 times 6 bytes, not 0"),
        ([(0, 70000, 5)], "no such tariff step"),
        ([(0, 5)], "no such tariff step"),
    ):
        assert why in str(raises(LocalError, tariff.pack, rows))
    assert "not 7" in tariff.fault(bytes(7))


def test_terminal_and_server_refuse_by_the_same_words():
    gap = b"\x00\x00\x00\x0a\x00\x05"
    assert "no price from unit 10" in str(raises(LocalError, params.pack, {"tariff": gap}))
    said = bytes((17, len(gap))) + gap
    assert "no price from unit 10" in str(raises(RemoteError, params.unpack, said))
    good = params.pack({"tariff": tariff.pack(STEPS)})
    assert params.unpack(good)["tariff"] == tariff.pack(STEPS)
