"""Nothing is won by leaving business out: what a model is offered never improves when blue invoices are hidden."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_books import AS_OF, book, books, purchase, sale

from services.profile.portrait.domain.features import CATALOGUE, compute
from services.profile.portrait.domain.features.level import GROUND_FEN, STEPS, amount, level

OFFERED = [feature for feature in CATALOGUE if feature.model]
WORST = {feature.name: feature.direction * float("inf") for feature in OFFERED}


def better(shown: pl.DataFrame, hidden: pl.DataFrame) -> list[str]:
    """Return the features that look better with rows hidden, of any enterprise; unknown is the worst there is."""
    names = shown.select("enterprise").join(hidden, on="enterprise", how="left")
    found = []
    for feature in OFFERED:
        with_all = shown[feature.name].fill_null(WORST[feature.name]) * -feature.direction
        with_less = names[feature.name].fill_null(WORST[feature.name]) * -feature.direction
        if (with_less > with_all).any():
            found.append(feature.name)
    return found


BLUE = (pl.col("status") == "valid") & (pl.col("total_fen") > 0)


@given(books(), st.randoms(use_true_random=False), st.floats(0.0, 1.0))
@settings(max_examples=60)
def test_hiding_any_blue_invoices_improves_no_feature(whole: pl.DataFrame, random, share: float) -> None:
    """Any subset of them: a customer, a month, a side, a suffix or single rows."""
    hide = pl.Series([random.random() < share for _ in range(whole.height)])
    rest = whole.filter(~(BLUE & hide))
    assert better(compute(whole, as_of=AS_OF), compute(rest, as_of=AS_OF)) == []


@given(books(), st.sampled_from(["direction", "counterparty", "date"]), st.data())
@settings(max_examples=40)
def test_hiding_a_side_a_partner_or_a_history_improves_no_feature(whole: pl.DataFrame, by: str, data) -> None:
    """With their red letters too, but for those that stand alone."""
    blue = whole.filter(BLUE)
    if blue.is_empty():
        return
    value = data.draw(st.sampled_from(sorted(blue[by].drop_nulls().unique())))
    gone = pl.col(by) <= value if by == "date" else (pl.col(by) == value).fill_null(value=False)
    rest = whole.filter(~(BLUE & gone))
    assert better(compute(whole, as_of=AS_OF), compute(rest, as_of=AS_OF)) == []


@given(st.lists(st.integers(0, 10**15), min_size=2, max_size=30))
def test_a_level_rises_with_the_amount_and_names_it(amounts: list[int]) -> None:
    """Never falling, nothing at nothing, one doubling at the ground; the amount of a level is at most that amount."""
    found = pl.DataFrame({"fen": sorted(amounts)}).with_columns(level=level(pl.col("fen")))
    assert (found["level"].diff().drop_nulls() >= 0).all()
    back = found.select(amount(pl.col("level").cast(pl.Float64))).to_series()
    assert (back <= found["fen"] + 1e-3).all()
    assert (back >= found["fen"] - (found["fen"] + GROUND_FEN) / STEPS * 2 - 1).all()


def test_the_ground_is_one_doubling_above_nothing() -> None:
    """Nothing, or less, has no level."""
    assert pl.Series([-5, 0, GROUND_FEN]).to_frame("fen").select(level(pl.col("fen"))).to_series().to_list() == [
        0,
        0,
        STEPS,
    ]


def test_a_red_letter_alone_counts_against_the_firm() -> None:
    """The known rest: whoever hides red letters hides what was cancelled."""
    whole = book(sale("2020-01-10", 500), sale("2020-01-11", -200), purchase("2020-01-11", 5))
    assert "sales_36m" in better(compute(whole, as_of=AS_OF), compute(whole.filter(BLUE), as_of=AS_OF))


@given(books(), st.lists(st.tuples(st.sampled_from([sale, purchase]), st.dates(date(1990, 1, 1), AS_OF)), min_size=1))
@settings(max_examples=40)
def test_what_a_firm_says_against_itself_improves_no_feature(whole: pl.DataFrame, said: list[tuple[Any, date]]) -> None:
    """A red letter needs no confirmation: one of a fen, of any day and side, makes nobody old, busy or known."""
    reds = book(*(say(str(day), -1, "ZZ", enterprise=whole["enterprise"][0]) for say, day in said))
    before, after = compute(whole, as_of=AS_OF), compute(pl.concat([whole, reds]), as_of=AS_OF)
    assert better(before.join(after, on="enterprise", how="semi"), after) == []


def test_red_letters_alone_are_an_empty_file() -> None:
    """Of a firm that shows no business nothing is known, whatever it cancels."""
    found = compute(book(sale("1990-01-10", -1), purchase("2020-01-10", -1)), as_of=AS_OF)
    assert all(found[feature.name][0] is None for feature in CATALOGUE)
