"""What only a firm states opens no product and makes none cheaper, unless the product counts everything."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from bank_products import a_product
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.counting import Counts
from services.matching.domain.dry_run import compare
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.match import match_all
from services.matching.domain.product import Product, read_product

DAY = date(2026, 6, 1)
NEED = Need(20_000_000, 12)
SCHEMA = {"sales_active_months_12m": pl.Float64, "sales_12m": pl.Float64, "grade": pl.String, "pd": pl.Float64}
firm = st.fixed_dictionaries(
    {
        "sales_active_months_12m": st.none() | st.integers(0, 12).map(float),
        "sales_12m": st.none() | st.sampled_from([0.0, 6e7, 7e7, 9e8]),
        "grade": st.none() | st.sampled_from(["AAA", "BB", "B", "D"]),
        "pd": st.sampled_from([0.001, 0.02, 0.2]),
    }
)
LITTLE = {"sales_active_months_12m": 4.0, "sales_12m": 6e7, "grade": "B", "pd": 0.05}
MUCH = {"sales_active_months_12m": 12.0, "sales_12m": 9e8, "grade": "A", "pd": 0.01}


def frame(firms: list[dict[str, Any]]) -> pl.DataFrame:
    named = pl.Series([f"local:E{i}" for i in range(len(firms))])
    return pl.DataFrame(firms, schema=SCHEMA).with_columns(enterprise=named, score=pl.lit(600))


def facts(confirmed: list[dict[str, Any]], whole: list[dict[str, Any]] | None) -> Facts:
    beside = None if whole is None else frame(whole)
    return Facts(frame(confirmed), DAY, datetime(2026, 6, 1, tzinfo=UTC), "c1", "m1", whole=beside)


def product(counts: Counts | None = None, **changes: Any) -> Product:
    return read_product(a_product(**changes, **({} if counts is None else {"counts": counts})))


def shelf(*products: Product) -> Shelf:
    return Shelf(products, DAY, kind_matters=False)


@given(st.lists(st.tuples(firm, firm), min_size=1, max_size=4))
def test_a_product_that_counts_what_is_confirmed_never_sees_the_rest(pairs: list[Any]) -> None:
    """Offer, price, fit and reasons are those of the firm that has said nothing."""
    confirmed, whole = [one for one, _ in pairs], [other for _, other in pairs]
    with_rest = match_all(shelf(product()), facts(confirmed, whole), NEED)
    without = match_all(shelf(product()), facts(confirmed, None), NEED)
    for one, other in zip(with_rest, without, strict=True):
        assert one.offers == other.offers
        assert [replace(each, if_confirmed=False) for each in one.refusals] == list(other.refusals)
        assert one.facts == other.facts


@given(st.lists(st.tuples(firm, firm), min_size=1, max_size=4))
def test_a_product_that_counts_everything_sees_everything(pairs: list[Any]) -> None:
    confirmed, whole = [one for one, _ in pairs], [other for _, other in pairs]
    trusting = product(Counts.EVERYTHING)
    found = match_all(shelf(trusting), facts(confirmed, whole), NEED)
    wanted = match_all(shelf(trusting), facts(whole, None), NEED)
    assert [(one.offers, one.refusals) for one in found] == [(one.offers, one.refusals) for one in wanted]


def test_each_product_of_a_shelf_counts_by_its_own_policy() -> None:
    cautious, trusting = product(), product(Counts.EVERYTHING, id="trusting")
    (found,) = match_all(shelf(cautious, trusting), facts([LITTLE], [MUCH]), NEED)
    assert [offer.product.id for offer in found.offers] == ["trusting"]
    assert [(refused.product.id, refused.if_confirmed) for refused in found.refusals] == [("credit", True)]


def test_a_refusal_does_not_promise_what_confirming_would_not_open() -> None:
    still_too_little = {**MUCH, "grade": "B"}
    (found,) = match_all(shelf(product()), facts([LITTLE], [still_too_little]), NEED)
    assert not found.refusals[0].if_confirmed


def test_a_dry_run_asks_each_version_by_its_own_policy() -> None:
    """Counting everything gains the firm that states it alone; counting what is confirmed loses it again."""
    cautious, trusting = product(), product(Counts.EVERYTHING)
    held = facts([LITTLE], [MUCH])
    gained = compare(cautious, trusting, held, NEED, day=DAY, limit=10)
    assert (gained.before, gained.after, gained.gained) == (0, 1, 1)
    lost = compare(trusting, cautious, held, NEED, day=DAY, limit=10)
    assert (lost.lines[0].change, lost.lines[0].failed and lost.lines[0].failed.found) == ("lost", 4)


def test_facts_of_some_firms_keep_both_sides() -> None:
    held = facts([LITTLE, MUCH], [MUCH, MUCH])
    for some in (held.of(["local:E0"]), held.slice(0, 1)):
        assert some.frame["grade"].to_list() == ["B"]
        assert some.under(Counts.EVERYTHING).frame["grade"].to_list() == ["A"]
