"""The answer for one enterprise or many: one code path, a documented order, rules from their date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from bank_products import a_product
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.approval import Approval
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.match import Guide, match_all
from services.matching.domain.product import Product, read_product

DAY = date(2026, 6, 1)
NEED = Need(20_000_000, 12)
FIRMS = st.lists(
    st.fixed_dictionaries(
        {
            "sales_active_months_12m": st.one_of(st.none(), st.integers(0, 12).map(float)),
            "sales_12m": st.one_of(st.none(), st.sampled_from([0.0, 6e7, 7e7, 9e8])),
            "grade": st.one_of(st.none(), st.sampled_from(["AAA", "BB", "B", "D"])),
        }
    ),
    min_size=2,
    max_size=6,
)


def facts(firms: list[dict[str, Any]]) -> Facts:
    schema = {"sales_active_months_12m": pl.Float64, "sales_12m": pl.Float64, "grade": pl.String}
    frame = pl.DataFrame(firms, schema=schema).with_columns(
        enterprise=pl.Series([f"local:E{i}" for i in range(len(firms))]), score=pl.lit(600), pd=pl.lit(0.02)
    )
    return Facts(frame, DAY, datetime(2026, 6, 1, tzinfo=UTC), "c1", "m1")


def product(**changes: Any) -> Product:
    return read_product(a_product(**changes))


def rule(expression: str, since: str = "2025-01-01", name: str = "r") -> dict[str, Any]:
    title = {"zh": "规则", "en": "Rule"}
    return {"id": name, "expression": expression, "title": title, "source": "policy", "since": since}


def shelf(*products: Product) -> Shelf:
    return Shelf(products, DAY, kind_matters=False)


GOOD = [{"sales_active_months_12m": 12.0, "sales_12m": 9e8, "grade": "A"}]


@given(FIRMS)
def test_many_together_are_answered_as_each_alone_and_as_the_matrix(firms: list[dict[str, Any]]) -> None:
    """One firm, many firms, and the plain yes-or-no matrix never disagree."""
    asked = shelf(product(id="a"), product(id="b", rules=[rule("not sales_12m < 70_000_000")]))
    known = facts(firms)
    together = match_all(asked, known, NEED)
    alone = [match_all(asked, known.slice(i, 1), NEED)[0] for i in range(len(firms))]
    offered = [[name in {offer.product.id for offer in match.offers} for name in ("a", "b")] for match in together]
    assert together == alone
    assert offered == asked.eligible(known, NEED).tolist()


@given(FIRMS)
def test_every_product_is_either_offered_or_refused_with_a_reason(firms: list[dict[str, Any]]) -> None:
    """None is passed over in silence."""
    for match in match_all(shelf(product(id="a"), product(id="b", months=[24, 36])), facts(firms), NEED):
        assert sorted(item.id for item in match.products) == ["a", "b"]
        assert all(refusal.failed for refusal in match.refusals)
        assert all(line.passed for offer in match.offers for line in offer.reasons)


def test_offers_are_ranked_by_all_in_rate_then_fit_then_id() -> None:
    """The dearer comes last; of two equally dear ones the better fit first; the id decides the rest."""
    rates = a_product()["rate"]
    asked = shelf(
        product(id="dear", rate={**rates, "margin": 0.02}),
        product(id="z-close", rules=[rule("sales_active_months_12m >= 11")]),
        product(id="far", rules=[rule("sales_active_months_12m >= 2")]),
        product(id="a-close", rules=[rule("sales_active_months_12m >= 11")]),
    )
    offers = match_all(asked, facts(GOOD), NEED)[0].offers
    assert [(offer.rank, offer.product.id) for offer in offers] == [
        (1, "far"),
        (2, "a-close"),
        (3, "z-close"),
        (4, "dear"),
    ]


def test_a_rule_is_asked_from_its_date() -> None:
    """A rule of tomorrow refuses nobody today."""
    asked = shelf(product(rules=[rule("sales_12m > 9_000_000_000", since="2026-06-02")]))
    assert len(match_all(asked, facts(GOOD), NEED)[0].offers) == 1


def test_a_joined_rule_shows_every_fact_it_asked() -> None:
    """And needs to hold as it is written."""
    text = "sales_12m > 9_000_000_000 or sales_active_months_12m > 12"
    line = match_all(shelf(product(rules=[rule(text)])), facts(GOOD), NEED)[0].refusals[0].failed[0]
    assert (line.found, line.needed) == ({"sales_12m": 900_000_000, "sales_active_months_12m": 12}, text)


@given(st.permutations(["a", "b", "c", "d"]), st.lists(st.sampled_from(["paid", "owner", "bank-2"]), min_size=4))
def test_no_name_of_a_bank_or_a_product_buys_a_better_place(ids: list[str], owners: list[str]) -> None:
    """Rank depends on the all-in rate, probability of approval and fit alone; who offers is not looked at."""
    rates = a_product()["rate"]
    margins = [0.01, 0.02, 0.03, 0.04]
    products = [
        product(id=name, bank=owner, owner=owner, title={"zh": owner, "en": owner}, rate={**rates, "margin": margin})
        for name, owner, margin in zip(ids, owners, margins, strict=False)
    ]
    offers = match_all(shelf(*products), facts(GOOD), NEED)[0].offers
    assert [offer.product.id for offer in offers] == ids


def test_of_two_equally_dear_offers_the_likelier_comes_first() -> None:
    """An unknown probability stands between."""
    named = {"likely": Approval(3.0, (0, 0), 60, 50), "unlikely": Approval(-3.0, (0, 0), 60, 10)}
    products = [product(id=name, owner=name) for name in ("a-unlikely", "likely", "unlikely", "unknown")]
    offers = match_all(shelf(*products), facts(GOOD), NEED, Guide(approvals=named))[0].offers
    assert [offer.product.id for offer in offers] == ["likely", "a-unlikely", "unknown", "unlikely"]
