"""What one auction's prices show, and what past auctions do: beside textbook formulas, chances exactly."""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from itertools import pairwise, permutations
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.supervision.domain.screen.auction import Auction, Bid, ImpossibleAuction, auction, in_order
from services.profile.supervision.domain.screen.history import gives_way, joints
from services.profile.supervision.domain.screen.missing import missing
from services.profile.supervision.domain.screen.prices import even_steps, screens
from services.profile.supervision.domain.screen.rotation import at_most, rotation

AMOUNTS = st.lists(st.integers(100_000, 10_000_000), min_size=3, max_size=8, unique=True).map(sorted)


def held(name: str, bids: dict[str, int], **told: object) -> Auction:
    return auction(name, [Bid(bidder, amount) for bidder, amount in bids.items()], **told)  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(AMOUNTS)
def test_the_screens_are_the_textbooks(amounts: list[int]) -> None:
    found = screens(amounts)
    assert found.cv == pytest.approx(statistics.stdev(amounts) / statistics.mean(amounts))
    assert found.lead == pytest.approx((amounts[1] - amounts[0]) / amounts[0])
    assert found.relative_distance == pytest.approx((amounts[1] - amounts[0]) / statistics.stdev(amounts[1:]))
    assert found.spread == pytest.approx((amounts[-1] - amounts[0]) / amounts[0])


@settings(max_examples=30, deadline=None)
@given(AMOUNTS, st.integers(2, 50))
def test_no_screen_depends_on_the_currency(amounts: list[int], times: int) -> None:
    scaled = screens([amount * times for amount in amounts])
    for name in ("cv", "spread", "lead", "relative_distance", "skewness"):
        assert getattr(scaled, name) == pytest.approx(getattr(screens(amounts), name))


def test_one_bid_alone_shows_nothing() -> None:
    assert screens([100]).cv is None
    assert even_steps([100, 200]) is None


def test_bids_in_even_steps_are_found_with_who_made_them() -> None:
    found = even_steps([91_234_567, 92_345_680, 93_456_790, 94_567_901, 99_999_999])
    assert found is not None
    assert (found.kind, found.first, found.bids) == ("even", 0, 4)
    assert found.p_value < 1e-6


def test_a_tender_of_two_hundred_bidders_has_a_chance_too() -> None:
    """The factorial of its steps is larger than any number of a machine."""
    rng = random.Random(1)
    found = even_steps(sorted(rng.sample(range(10**8, 2 * 10**8), 175)))
    assert found is not None
    assert 0 <= found.p_value <= 1


def test_bids_in_one_ratio_are_found() -> None:
    found = even_steps([round(80_000_003 * 1.017**power) for power in range(5)])
    assert found is not None
    assert (found.kind, found.bids) == ("ratio", 5)


def test_round_bids_in_even_steps_say_little() -> None:
    """Of bids in whole 10,000 yuan some steps are equal by themselves."""
    found = even_steps([90_000_000, 91_000_000, 92_000_000])
    assert found is not None
    assert found.p_value == 1.0


def test_bids_at_random_are_seldom_taken_for_even() -> None:
    """A chance is no promise unless it holds: of 400 auctions at random no more than a tenth are below a tenth."""
    rng = random.Random(1)
    drawn = [sorted(rng.sample(range(10**6, 10**7), 5)) for _ in range(400)]
    assert sum(found is not None and found.p_value <= 0.1 for found in map(even_steps, drawn)) <= 40


@pytest.mark.parametrize("counts", [[2, 2], [3, 2], [3, 2, 1], [4, 3], [2, 2, 2], [5, 1]])
def test_turns_are_counted_exactly(counts: list[int]) -> None:
    letters = [at for at, count in enumerate(counts) for _ in range(count)]
    orders = set(permutations(letters))
    for repeats in range(3):
        brute = sum(sum(a == b for a, b in pairwise(one)) <= repeats for one in orders) / len(orders)
        assert at_most(repeats, counts) == pytest.approx(brute)


def test_winners_who_take_turns_are_told_apart_from_one_who_wins_in_a_row() -> None:
    def won(winners: str) -> list[Auction]:
        return [held(f"{at:02}", {"a": 2, "b": 2, "c": 3} | {who: 1}) for at, who in enumerate(winners)]

    turns, rows = rotation(won("abcabcabc"), "abc"), rotation(won("aaabbbccc"), "abc")
    assert turns is not None
    assert rows is not None
    assert turns.p_value < 0.15
    assert rows.p_value > 0.9
    assert rotation(won("ab"), "abc") is None


def market(rows: Sequence[Sequence[str]]) -> list[Auction]:
    return [held(f"{at:03}", {bidder: 100 + at for at, bidder in enumerate(row)}) for at, row in enumerate(rows)]


def test_the_chance_of_meeting_is_at_least_the_hypergeometric_one() -> None:
    """Four auctions of both among ten, of which each entered five: by hand, and the binomial's bound above it."""
    (found,) = joints(market(["ab"] * 4 + ["ac", "bc"] + ["cd"] * 4), "ab")
    assert (found.one_bids, found.other_bids, found.together) == (5, 5, 4)
    drawn = sum(comb(5, k) * comb(5, 5 - k) for k in (4, 5)) / comb(10, 5)
    bound = sum(comb(10, k) * 0.25**k * 0.75 ** (10 - k) for k in range(4, 11))
    assert found.p_value == pytest.approx(bound)
    assert found.p_value > drawn


def test_strangers_who_meet_where_everybody_goes_are_seldom_taken_for_friends() -> None:
    """Auctions of three to thirty bidders at random: the largest alone would bring all pairs together beyond chance."""
    rng = random.Random(2)
    names = [f"{at:02}" for at in range(40)]
    past = market([rng.sample(names, rng.choice((3, 3, 3, 30))) for _ in range(200)])
    found = joints(past, names)
    assert len(found) == 780
    assert sum(each.p_value <= 0.05 for each in found) <= 0.05 * 780


def test_prices_in_one_ratio_and_who_gives_way_are_seen() -> None:
    past = [
        held(f"{at}", {"a": 1_000_000 + 7_777 * at, "b": round((1_000_000 + 7_777 * at) * 1.03)}) for at in range(8)
    ]
    (found,) = joints(past, "ab")
    assert found.ratio_deviation is not None
    assert found.ratio_deviation < 1e-5
    assert gives_way(found) == ("b", pytest.approx(2 / 2**8))


def test_cleared_places_beside_the_lowest_are_missing_bids() -> None:
    """Leads of 0.6 to 0.8 % and none below beside leads spread evenly."""
    apart = [held(f"{at}", {"a": 1_000_000, "b": 1_006_000 + 100 * at}) for at in range(20)]
    even = [held(f"{at}", {"a": 1_000_000, "b": 1_000_100 + 450 * at}) for at in range(20)]
    cleared, plain = missing(apart, "a"), missing(even, "a")
    assert cleared is not None
    assert plain is not None
    assert (cleared.near, cleared.around) == (0, 20)
    assert cleared.near_p is not None
    assert plain.near_p is not None
    assert cleared.near_p < 0.001
    assert plain.near_p > 0.1


def test_whoever_could_have_asked_more_for_nothing_is_seen_by_the_raise() -> None:
    past = [held(f"{at:03}", {"a": 1_000_000, "b": 1_300_000}) for at in range(200)]
    found = missing(past, "a")
    assert found is not None
    assert found.raise_p is not None
    assert (found.lost_by_raising, found.raise_p < 0.05) == (0, True)


@pytest.mark.parametrize(
    ("bids", "told"),
    [
        ([Bid("a", 1), Bid("a", 2)], {}),
        ([Bid("a", 0)], {}),
        ([Bid("a", 1)], {"winner": "b"}),
    ],
)
def test_bids_that_contradict_each_other_are_refused(bids: list[Bid], told: dict[str, str]) -> None:
    with pytest.raises(ImpossibleAuction):
        auction("one", bids, **told)


def test_two_auctions_of_one_name_are_refused() -> None:
    with pytest.raises(ImpossibleAuction, match="called one"):
        in_order([held("one", {"a": 1}), held("one", {"a": 2})])


def test_of_two_equal_lowest_bids_nobody_is_taken_to_have_won() -> None:
    assert held("one", {"a": 1, "b": 1}).winner is None
    assert held("one", {"a": 1, "b": 2}).winner == "a"
