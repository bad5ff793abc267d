"""What opens a refused product: certified by its own rules, at the declared pace, never by what cannot be changed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from bank_products import a_product
from hypothesis import given
from hypothesis import strategies as st

from services.matching import documents
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.levers import MOST_MONTHS, levers_of
from services.matching.domain.match import Guide, match_all
from services.matching.domain.product import read_product

DAY = date(2026, 6, 1)
TITLE = {"zh": "项", "en": "Item"}


def entry(name: str, unit: str, action: str, direction: int, pace: float | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "title": TITLE,
        "unit": unit,
        "actionable": action,
        "direction": direction,
        "pace_per_month": pace,
    }


LEVERS = levers_of(
    [
        entry("sales_12m", "fen", "raise", -1),
        entry("sales_active_months_12m", "month", "raise", -1, 1.0),
        entry("sales_red_ratio_36m", "ratio", "lower", 1, 0.02),
        entry("history_years", "count", "immutable", -1),
        entry("odd", "ratio", "raise", 1, 0.1),
    ]
)
FIRM = {
    "enterprise": "local:E1",
    "sales_12m": 100_000_000.0,
    "sales_active_months_12m": 5.0,
    "sales_red_ratio_36m": 0.15,
    "history_years": 2.0,
    "odd": 0.1,
    "industry": "F51",
    "grade": "B",
    "score": 540,
    "pd": 0.05,
    "depth": "C",
}


def rule(number: int, expression: str) -> dict[str, Any]:
    return {"id": f"r{number}", "expression": expression, "title": TITLE, "source": "policy", "since": "2025-01-01"}


def refusal(*rules: str, need: Need | None = None, firm: dict[str, Any] | None = None, **changes: Any) -> Any:
    [match] = matches(list(rules), {**FIRM, **(firm or {})}, need or Need(20_000_000, 12), **changes)
    return documents.refusal(match.refusals[0])["recourse"]


def matches(rules: list[str], firm: dict[str, Any], need: Need, **changes: Any) -> Any:
    product = read_product(a_product(rules=[rule(i, text) for i, text in enumerate(rules)], **changes))
    facts = Facts(pl.DataFrame([firm]), DAY, datetime(2026, 6, 1, tzinfo=UTC), "c1")
    return match_all(Shelf([product], DAY, kind_matters=need.kind is not None), facts, need, Guide(LEVERS))


def told(way: Any) -> list[tuple[str, list[tuple[str, Any, int]]]]:
    return [
        (plan["kind"], [(each["fact"], each["needed"], each["within_months"]) for each in plan["changes"]])
        for plan in way["plans"]
    ]


def test_a_turnover_rule_is_opened_by_a_smaller_amount_or_by_more_sales() -> None:
    """By hand: 10 % of one million yuan is 100,000; twice the sales takes a year at a twelfth of them a month."""
    assert told(refusal("amount_fen <= 0.1 * sales_12m")) == [
        ("need", [("amount_fen", 10_000_000, 0)]),
        ("firm", [("sales_12m", 200_000_000, 12)]),
    ]


def test_months_follow_the_declared_pace_and_run_side_by_side() -> None:
    """Four more active months at one a month; five points of red letters at two a month."""
    way = refusal("sales_active_months_12m >= 9", "sales_red_ratio_36m <= 0.1")
    assert told(way) == [("firm", [("sales_active_months_12m", 9, 4), ("sales_red_ratio_36m", 0.1, 3)])]
    assert way["plans"][0]["within_months"] == 4


def test_of_two_ways_in_one_rule_the_quicker_is_taken() -> None:
    """Or asks for one of them, and asks for both of them."""
    either, both = "sales_active_months_12m >= 9 or sales_red_ratio_36m <= 0.13", "not (sales_active_months_12m < 6)"
    assert told(refusal(either)) == [("firm", [("sales_red_ratio_36m", 0.13, 1)])]
    assert told(refusal(both)) == [("firm", [("sales_active_months_12m", 6, 1)])]


def test_need_and_firm_are_changed_together_only_where_neither_alone_does() -> None:
    """The term is too long and the firm sold too seldom."""
    way = refusal("sales_active_months_12m >= 7", need=Need(20_000_000, 36))
    assert told(way) == [("both", [("months", 24, 0), ("sales_active_months_12m", 7, 2)])]


def test_another_kind_is_a_change_of_the_need() -> None:
    """The firm asks for leasing, the product is a credit line."""
    assert told(refusal(need=Need(20_000_000, 12, "leasing"))) == [("need", [("kind", "credit-line", 0)])]


@pytest.mark.parametrize(
    ("text", "firm", "reason"),
    [
        ("history_years >= 3", {}, "It cannot be changed"),
        ('industry in ["C"]', {}, "It cannot be changed"),
        ("odd >= 0.2", {}, "It cannot be changed"),
        ("sales_active_months_12m <= 3", {}, "Not within 12 months"),
        ("sales_12m >= 900000000", {}, "Not within 12 months"),
        ("sales_12m >= 100", {"sales_12m": None}, "It is not known; add the data first"),
        ('depth >= "A"', {}, "More sources of data are needed"),
    ],
)
def test_what_bars_the_way_is_named(text: str, firm: dict[str, Any], reason: str) -> None:
    """Immutable, against what the score rewards, too far, unknown, too little data: no plan then."""
    way = refusal(text, firm=firm)
    assert (way["possible"], way["plans"], way["blocked"][0]["reason"]["en"]) == (False, [], reason)


def test_a_grade_is_left_to_the_scores_own_way_up() -> None:
    """Matching knows no model, and guesses none."""
    assert "POST /v1/scores/{id}/recourse" in refusal('grade >= "A"')["blocked"][0]["reason"]["en"]


def test_a_move_that_breaks_another_rule_is_no_plan() -> None:
    """More sales would leave the scheme for small firms; a smaller amount remains."""
    assert told(refusal("amount_fen <= 0.1 * sales_12m", "sales_12m <= 150000000")) == [
        ("need", [("amount_fen", 10_000_000, 0)])
    ]


EXPRESSIONS = st.lists(
    st.sampled_from(
        [
            "sales_active_months_12m >= 9",
            "sales_active_months_12m > 11 or sales_12m > 150000000",
            "amount_fen <= 0.15 * sales_12m",
            "amount_fen > 0.05 * sales_12m",
            "not (sales_red_ratio_36m > 0.08 and sales_12m < 130000000)",
            "sales_red_ratio_36m < 0.1",
            "months < 10",
            "history_years >= 2",
            "sales_12m <= 170000000",
        ]
    ),
    min_size=1,
    max_size=4,
    unique=True,
)


@given(
    EXPRESSIONS,
    st.floats(0, 12).map(round),
    st.integers(1, 40).map(lambda n: n * 10_000_000.0),
    st.integers(0, 40).map(lambda n: n / 100),
    st.integers(1, 60).map(lambda n: n * 1_000_000),
    st.integers(1, 40),
)
def test_every_plan_opens_the_product_within_a_year_by_levers_alone(
    texts: list[str], active: int, sales: float, red: float, amount: int, months: int
) -> None:
    """The oracle is a new match of the firm as it is after the plan: the product is offered."""
    firm = {**FIRM, "sales_active_months_12m": float(active), "sales_12m": sales, "sales_red_ratio_36m": red}
    [match] = matches(texts, firm, Need(amount, months))
    for refused in match.refusals:
        for plan in documents.refusal(refused)["recourse"]["plans"]:
            changed = {each["fact"]: each["needed"] for each in plan["changes"]}
            assert changed.keys() <= LEVERS.keys() | {"amount_fen", "months"}
            assert plan["within_months"] <= MOST_MONTHS
            need = Need(changed.pop("amount_fen", amount), changed.pop("months", months))
            after = {**firm, **{name: float(value) for name, value in changed.items()}}
            assert matches(texts, after, need)[0].offers
