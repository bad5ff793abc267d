"""Nothing is won by leaving business out: what a model is offered never improves when blue invoices are hidden."""

from __future__ import annotations

from datetime import date, timedelta
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
    assert "sales_prudent_36m" in better(compute(whole, as_of=AS_OF), compute(whole.filter(BLUE), as_of=AS_OF))


@given(st.lists(st.integers(100, 10**9), min_size=1, max_size=20), st.floats(0.0, 0.1))
def test_red_letters_of_a_tenth_of_the_sales_are_not_worth_hiding(sales: list[int], share: float) -> None:
    """As much counts as cancelled whether it is shown or not; the month's own level is another figure."""
    sold = [sale("2020-01-10", net) for net in sales]
    red = sale("2020-01-11", -int(share * sum(sales)))
    whole = book(*sold, *([red] if red["net_fen"] else []))
    found = better(compute(whole, as_of=AS_OF), compute(whole.filter(BLUE), as_of=AS_OF))
    assert [name for name in found if "prudent" in name] == []


@given(books(), st.lists(st.integers(1, 10**9), min_size=1, max_size=6))
@settings(max_examples=30)
def test_what_is_invoiced_and_cancelled_never_brings_more_than_what_stands(
    whole: pl.DataFrame, sums: list[int]
) -> None:
    """The tenth is all that it can bring back: prudent sales are at most net sales, and these stay the same."""
    firm = whole["enterprise"][0].removeprefix("local:")
    more = book(*(sale("2020-01-15", net * sign, "P9", enterprise=f"local:{firm}") for net in sums for sign in (1, -1)))
    before = compute(whole, as_of=AS_OF).filter(enterprise=f"local:{firm}")
    after = compute(pl.concat([whole, more]), as_of=AS_OF).filter(enterprise=f"local:{firm}")
    assert (after["sales_prudent_36m"] <= after["sales_36m"]).all()
    if before["sales_36m"].null_count() == 0 and before.height:
        assert after["sales_36m"].to_list() == before["sales_36m"].to_list()


def test_a_red_letter_makes_no_sale_recent() -> None:
    """Nor does an invoice that is told as cancelled in full; one that is cancelled in part was made."""
    old, red = sale("2019-12-01", 500), sale("2020-02-20", -200)
    days = {
        None: compute(book(old, red), as_of=AS_OF),
        "whole": compute(book(old, red, sale("2020-02-10", 200, reversal="whole")), as_of=AS_OF),
        "part": compute(book(old, red, sale("2020-02-10", 200, reversal="part")), as_of=AS_OF),
    }
    assert {key: found["sales_days_since_last"][0] for key, found in days.items()} == {
        None: 82,
        "whole": 82,
        "part": 11,
    }


@st.composite
def told(draw: st.DrawFn) -> pl.DataFrame:
    """A book whose source tells of each blue invoice what red letters cancel; all of these are there."""
    rows = []
    for make in (sale, purchase):
        for _ in range(draw(st.integers(1, 12))):
            day = AS_OF - timedelta(days=draw(st.integers(0, 1300)))
            net, partner = draw(st.integers(10, 10**10)), draw(st.sampled_from(["P1", "P2", "P3"]))
            state = draw(st.sampled_from([None, "whole", "part"]))
            rows.append(make(day.isoformat(), net, partner, reversal=state))
            parts = {None: [], "whole": [net], "part": [net // 3, net // 5]}[state]
            if state == "whole" and draw(st.booleans()):
                parts = [net - net // 4, net // 4]
            for part in parts:
                later = min(AS_OF, day + timedelta(days=draw(st.integers(0, 400))))
                rows.append(make(later.isoformat(), -part, partner))
    return book(*rows)


@given(told(), st.randoms(use_true_random=False), st.floats(0.0, 1.0))
@settings(max_examples=60)
def test_where_states_are_told_no_red_letter_is_worth_hiding(whole: pl.DataFrame, random, share: float) -> None:
    """Whichever are hidden: what is told as cancelled counts for nothing with them and without."""
    hide = pl.Series([random.random() < share for _ in range(whole.height)])
    rest = whole.filter(~((pl.col("total_fen") < 0) & hide))
    assert better(compute(whole, as_of=AS_OF), compute(rest, as_of=AS_OF)) == []


@given(told(), st.randoms(use_true_random=False), st.floats(0.0, 1.0))
@settings(max_examples=30)
def test_nor_is_what_is_told_as_cancelled(whole: pl.DataFrame, random, share: float) -> None:
    """With its red letters or without them."""
    hide = pl.Series([random.random() < share for _ in range(whole.height)])
    rest = whole.filter(~(pl.col("reversal").is_not_null() & hide))
    assert better(compute(whole, as_of=AS_OF), compute(rest, as_of=AS_OF)) == []


def test_an_invoice_told_as_cancelled_in_full_counts_for_nothing_once() -> None:
    """Its red letter is not taken off from what else was sold, and a red letter of more than what is told is."""
    sold, gone = sale("2020-01-10", 500), sale("2020-01-11", 300, reversal="whole")
    shown = compute(book(sold, gone, sale("2020-02-12", -300)), as_of=AS_OF)
    hidden = compute(book(sold, gone), as_of=AS_OF)
    assert shown["sales_36m"][0] == hidden["sales_36m"][0] == 500
    assert shown.select(f.name for f in OFFERED).equals(hidden.select(f.name for f in OFFERED))
    assert compute(book(sold, gone, sale("2020-02-12", -301)), as_of=AS_OF)["sales_36m"][0] == 199


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
