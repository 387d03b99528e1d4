"""The generator of `campus run`: repeats, keeps its bounds, has its peak."""

from terminal_sim import people


def test_same_seed_same_noon():
    assert people.holders(7, 50) == people.holders(7, 50)
    assert people.noon(7, 50, 300) == people.noon(7, 50, 300)
    assert people.noon(7, 50, 300) != people.noon(8, 50, 300)


def test_amounts_are_one_to_thirty_yuan():
    amounts = [act.amount_fen for act in people.noon(1, 100, 5000) if act.what == "pay"]
    assert min(amounts) >= 100 and max(amounts) <= 3000
    assert 390 <= sorted(amounts)[len(amounts) // 2] <= 440  # of canteen and shop together: 400-430


def test_the_peak_is_half_past_eleven_to_half_past_twelve():
    times = [act.at_s for act in people.noon(1, 100, 5000)]
    assert times == sorted(times)
    peak = sum(1 for at_s in times if 11.5 * 3600 <= at_s < 12.5 * 3600)
    assert peak > 0.6 * len(times)


def test_a_lost_card_is_tried_after_the_report():
    acts = people.noon(3, 40, 100, lost=2)
    for place, act in enumerate(acts):
        if act.what == "report":
            assert any(later.holder == act.holder for later in acts[place + 1 :])
    assert sum(act.what == "report" for act in acts) == 2


def test_people_are_of_all_kinds_with_their_own_cards():
    made = people.holders(1, 400)
    assert {holder.kind for holder in made} == {1, 2, 3}
    assert {len(holder.uid) for holder in made} == {4, 7}
    assert len({holder.uid for holder in made}) == 400
