"""A meter's line: pulses are counted once, whatever bounces and babbles."""

from firmware.drivers.meter import Meter

MS = 1000


def pulses(at_ms, width_ms=20, level=1):
    """-> edges of one clean pulse."""
    return [(level, at_ms * MS), (level & 2, (at_ms + width_ms) * MS)]


def fed(meter, edges, now_ms):
    return meter.feed(edges, now_ms * MS)


def ready():
    meter = Meter()
    assert fed(meter, [(0, 0)], 100) == (0, 0)
    return meter


def test_each_rise_that_stands_is_a_pulse():
    meter = ready()
    edges = pulses(200) + pulses(300) + pulses(400)
    assert fed(meter, edges, 500) == (3, 0)
    assert meter.glitches == 0


def test_a_pulse_that_is_cut_in_two_by_feeding_counts_once():
    meter = ready()
    assert fed(meter, [(1, 200 * MS)], 201) == (0, 0)  # it may be a spike yet
    assert fed(meter, [], 204) == (1, 0)
    assert fed(meter, [], 210) == (0, 0)
    assert fed(meter, [(0, 220 * MS)], 230) == (0, 0)
    assert fed(meter, pulses(300), 400) == (1, 0)


def test_bounce_is_one_pulse():
    meter = ready()
    edges = []
    for bounce in range(5):
        edges += [(1, 200 * MS + bounce * 400), (0, 200 * MS + bounce * 400 + 150)]
    edges += [(1, 203 * MS), (0, 230 * MS)]
    assert fed(meter, edges, 300) == (1, 0)
    assert meter.glitches == 10


def test_spikes_are_none():
    meter = ready()
    edges = [(1, 200 * MS), (0, 202 * MS), (1, 300 * MS), (0, 302 * MS)]
    assert fed(meter, edges, 400) == (0, 0)
    assert meter.glitches == 2


def test_a_spike_in_a_pulse_does_not_double_it():
    meter = ready()
    edges = [(1, 200 * MS), (0, 210 * MS), (1, 211 * MS), (0, 230 * MS)]
    assert fed(meter, edges, 300) == (1, 0)


def test_ten_kilohertz_is_noise_and_no_water():
    meter = ready()
    edges = []
    for at in range(2000):
        edges.append((1 - at % 2, 200 * MS + at * 50))
    assert fed(meter, edges, 400) == (0, 0)
    assert meter.glitches == 1999


def test_backwards():
    meter = ready()
    assert fed(meter, pulses(200, level=3) + pulses(300), 400) == (1, 1)


def test_stamps_wrap():
    meter = ready()
    top = (1 << 30) - 1
    assert meter.feed([(0, top - 50 * MS)], top - 10 * MS) == (0, 0)
    assert meter.feed([(1, top - 2 * MS)], 3 * MS) == (1, 0)
    assert meter.feed([(0, 20 * MS)], 60 * MS) == (0, 0)


def test_the_level_at_the_boot_is_no_pulse():
    meter = Meter()
    assert fed(meter, [(1, 0)], 100) == (0, 0)
    assert fed(meter, [(0, 200 * MS)], 300) == (0, 0)
    assert fed(meter, pulses(400), 500) == (1, 0)
