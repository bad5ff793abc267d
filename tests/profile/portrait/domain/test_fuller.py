"""The fuller file: written as invoices it has its figures, and what a firm has not been there for is not supposed."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_books import AS_OF, book, books, purchase, sale

from services.profile.portrait.domain.continuation import day_after
from services.profile.portrait.domain.features import NEEDS, compute
from services.profile.portrait.domain.features.aggregates import SLOTS, slot_of
from services.profile.portrait.domain.fuller import SIDES, Shown, fuller, shown, supposed

few = settings(max_examples=25)
DAYS = st.sampled_from([AS_OF, date(2020, 1, 31), date(2020, 2, 29), date(2019, 11, 30)])
MONTHLY = [(day_after(AS_OF, -back) - timedelta(days=3)).isoformat() for back in range(SLOTS)]


def told(invoices: pl.DataFrame, as_of: date, registered_on: date | None = None) -> dict[str, Shown]:
    return {name: one.since(registered_on, as_of) for name, one in shown(invoices, as_of).items()}


def monthly(sales: int, purchases: int) -> pl.DataFrame:
    """So many months of a sale and of a purchase a month, to and from two partners in turn."""
    rows = [sale(day, 500_000 + place, to=f"K{place % 2}") for place, day in enumerate(MONTHLY[:sales])]
    rows += [purchase(day, 300_000, by=f"L{place % 2}") for place, day in enumerate(MONTHLY[:purchases])]
    return book(*rows).select(NEEDS)


@given(books(), DAYS, st.one_of(st.none(), st.dates(date(2016, 6, 1), date(2020, 6, 1))))
@few
def test_a_fuller_file_written_as_invoices_has_its_figures_to_the_bit(
    invoices: pl.DataFrame, as_of: date, registered_on: date | None
) -> None:
    """All firms at once and each alone give the same; a firm of whom nothing is supposed has its own."""
    found = told(invoices, as_of, registered_on)
    rows = supposed(invoices, as_of, found)
    filled = fuller(invoices, as_of, found)
    written = compute(pl.concat([invoices.select(NEEDS), rows]), as_of=as_of)
    names = rows["enterprise"].unique().sort()
    assert filled.rows() == written.filter(pl.col("enterprise").is_in(names.implode())).rows()
    for name in names:
        alone = invoices.filter(pl.col("enterprise") == name)
        assert fuller(alone, as_of, told(alone, as_of, registered_on)).rows() == filled.filter(enterprise=name).rows()


@given(books(), DAYS, st.one_of(st.none(), st.dates(date(2016, 6, 1), date(2020, 6, 1))))
@few
def test_what_is_supposed_lies_before_what_is_shown_and_within_the_window(
    invoices: pl.DataFrame, as_of: date, registered_on: date | None
) -> None:
    """Nor before the registration; with the partners and the amounts of invoices that are there."""
    found = told(invoices, as_of, registered_on)
    rows = supposed(invoices, as_of, found).with_columns(slot=slot_of(pl.col("date"), as_of))
    for name, side, day, slot in rows.select("enterprise", "direction", "date", "slot").iter_rows():
        assert getattr(found[name], side) <= slot < SLOTS
        assert registered_on is None or day >= registered_on
    known = invoices.select("enterprise", "direction", "counterparty", "net_fen", "tax_fen", "total_fen")
    assert rows.join(known, on=known.columns, how="anti", nulls_equal=True).is_empty()


@given(books(), DAYS, st.dates(date(2016, 6, 1), date(2020, 6, 1)))
@few
def test_a_registration_only_takes_away_from_what_is_supposed(
    invoices: pl.DataFrame, as_of: date, registered_on: date
) -> None:
    """So keeping it back makes no supposition smaller, and the figures themselves do not know it."""
    everything = supposed(invoices, as_of, told(invoices, as_of))
    rest = supposed(invoices, as_of, told(invoices, as_of, registered_on))
    assert sorted(rest.rows(), key=repr) == sorted(everything.filter(pl.col("date") >= registered_on).rows(), key=repr)


@given(books(), DAYS)
@few
def test_a_firm_with_thirty_six_months_on_both_sides_has_nothing_fuller(invoices: pl.DataFrame, as_of: date) -> None:
    valid = invoices.filter(pl.col("status") == "valid", pl.col("total_fen") > 0, pl.col("date") <= as_of)
    firsts = valid.group_by("enterprise", "direction").agg(pl.col("date").min())
    reaching = firsts.filter(slot_of(pl.col("date"), as_of) >= SLOTS - 1).group_by("enterprise").len()
    whole = set(reaching.filter(pl.col("len") == len(SIDES))["enterprise"])
    assert shown(invoices, as_of).keys() == set(valid["enterprise"]) - whole


def test_months_are_repeated_backwards_until_the_window_is_filled() -> None:
    """Each side by itself: seven months of sales five times and one of them once more, twelve of purchases twice."""
    firm = monthly(7, 12)
    rows = supposed(firm, AS_OF, told(firm, AS_OF)).with_columns(slot=slot_of(pl.col("date"), AS_OF))
    slots = {side: sorted(rows.filter(direction=side)["slot"]) for side in SIDES}
    assert slots == {"sale": list(range(7, SLOTS)), "purchase": list(range(12, SLOTS))}
    nets = dict(rows.filter(direction="sale").select("slot", "net_fen").iter_rows())
    assert [nets[slot] for slot in (7, 13, 14, 35)] == [500_000, 500_006, 500_000, 500_000]


def test_silence_among_what_is_shown_is_repeated_too_and_void_invoices_are_not() -> None:
    firm = book(sale(MONTHLY[0], 500), sale(MONTHLY[2], 700), sale(MONTHLY[1], 900, status="void")).select(NEEDS)
    rows = supposed(firm, AS_OF, told(firm, AS_OF)).with_columns(slot=slot_of(pl.col("date"), AS_OF))
    assert sorted(rows["slot"]) == [slot for slot in range(3, SLOTS) if slot % 3 != 1]


def test_of_a_side_that_is_not_shown_at_all_nothing_is_supposed() -> None:
    """It is told: no month of it is shown."""
    firm = monthly(12, 0)
    (found,) = told(firm, AS_OF).values()
    assert (found.sale, found.purchase, found.missing("purchase"), found.supposed) == (12, 0, SLOTS, True)
    assert set(supposed(firm, AS_OF, told(firm, AS_OF))["direction"]) == {"sale"}
    assert not told(monthly(36, 0), AS_OF).popitem()[1].supposed


@pytest.mark.parametrize(
    ("registered_on", "window"),
    [(None, 36), (date(2000, 1, 1), 36), (day_after(AS_OF, -12) + timedelta(days=1), 12), (day_after(AS_OF, 3), 0)],
)
def test_the_window_is_as_long_as_the_firm_has_existed(registered_on: date | None, window: int) -> None:
    (found,) = told(monthly(12, 12), AS_OF, registered_on).values()
    assert found.window == window
    assert found.supposed == (window > 12)
