"""The need solved exactly: every need that a product takes is found, the nearest is told first, and none is denied."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import product as pairs
from typing import Any

import polars as pl
import pytest
from bank_products import a_product
from hypothesis import assume, given
from hypothesis import strategies as st

from services.matching import documents
from services.matching.domain import need_region
from services.matching.domain.eligibility import Shelf
from services.matching.domain.expression import parse
from services.matching.domain.facts import Facts, Need
from services.matching.domain.levers import levers_of
from services.matching.domain.match import Guide, match_all
from services.matching.domain.need_region import NeedBounds, NeedRegion
from services.matching.domain.product import read_product

DAY = date(2026, 6, 1)
TITLE = {"zh": "项", "en": "Item"}
FIRM = {"enterprise": "local:E1", "history_years": 2.0, "sales_active_months_12m": 5.0, "sales_12m": 1e8}
LEVERS = levers_of(
    [
        {
            "name": "sales_active_months_12m",
            "title": TITLE,
            "unit": "month",
            "actionable": "raise",
            "direction": -1,
            "pace_per_month": 1.0,
        }
    ]
)


def recourse(texts: list[str], need: Need, levers: Any = None, **changes: Any) -> dict[str, Any] | None:
    """Return what a match says of the way to the product; None where it is offered."""
    rules = [
        {"id": f"r{i}", "expression": text, "title": TITLE, "source": "policy", "since": "2025-01-01"}
        for i, text in enumerate(texts)
    ]
    offered = read_product(a_product(rules=rules, **changes))
    facts = Facts(pl.DataFrame([FIRM]), DAY, datetime(2026, 6, 1, tzinfo=UTC), "c1")
    shelf = Shelf([offered], DAY, kind_matters=need.kind is not None)
    [match] = match_all(shelf, facts, need, Guide(levers or {}))
    return documents.refusal(match.refusals[0])["recourse"] if match.refusals else None


def needed(way: dict[str, Any] | None) -> list[dict[str, Any]]:
    assert way is not None
    return [{each["fact"]: each["needed"] for each in plan["changes"]} for plan in way["plans"]]


YEAR_AND_A_HALF = Need(20_000_000, 18)


@pytest.mark.parametrize("text", ["months == 24", "months in [12, 24]", "months != 18", "months not in [18]"])
def test_a_term_that_is_named_or_ruled_out_is_found(text: str) -> None:
    """Equal, one of, not equal, none of: the nearest term that fits."""
    allowed = {"months == 24": 24, "months in [12, 24]": 12, "months != 18": 17, "months not in [18]": 17}
    assert needed(recourse([text], YEAR_AND_A_HALF)) == [{"months": allowed[text]}]


def test_amount_and_term_that_are_compared_with_each_other_are_both_moved() -> None:
    """Ten thousand yuan a month: 120,000 for 12 months, or 20 months for 200,000."""
    assert needed(recourse(["1000000 * months >= amount_fen"], Need(20_000_000, 12))) == [
        {"amount_fen": 12_000_000},
        {"months": 20},
    ]


def test_of_four_rules_that_share_one_way_out_it_is_found() -> None:
    """Each names another amount beside the same term; only the term opens all."""
    rules = [f"(months <= 3 or amount_fen <= {n}) and (months <= 3 or amount_fen > {n})" for n in range(4)]
    assert needed(recourse(rules, YEAR_AND_A_HALF)) == [{"months": 3}]


def test_a_kind_that_was_not_named_can_be_named() -> None:
    """A rule asks for the kind, and the firm asked for any."""
    assert needed(recourse(['kind == "credit-line"'], YEAR_AND_A_HALF)) == [{"kind": "credit-line"}]


def test_an_amount_is_proposed_in_hundreds_of_yuan_where_one_fits() -> None:
    """And to the fen where none does."""
    assert needed(recourse(["amount_fen <= 12345678"], YEAR_AND_A_HALF)) == [{"amount_fen": 12_340_000}]
    narrow = ["amount_fen <= 12345678 and amount_fen >= 12345677"]
    assert needed(recourse(narrow, YEAR_AND_A_HALF)) == [{"amount_fen": 12_345_678}]


def test_that_no_need_does_is_told_as_proved() -> None:
    """Everything that the rules speak of was looked at."""
    way = recourse(["months >= 30 or amount_fen < 7"], YEAR_AND_A_HALF)
    assert way is not None
    assert way["blocked"][0]["reason"]["en"].startswith("No amount, term and kind within the product's bounds")


def test_a_search_that_ends_early_denies_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that no plan was found."""
    monkeypatch.setattr(need_region, "MOST_COMPARISONS", 5)
    way = recourse(["2 * months >= amount_fen", "months > 30"], YEAR_AND_A_HALF)
    assert way is not None
    assert (way["plans"], way["blocked"][0]["reason"]["en"]) == (
        [],
        "No change was found that meets the conditions together",
    )


def test_where_the_firm_could_move_a_denial_is_only_that_none_was_found() -> None:
    """Not all of a firm's ways are tried: nothing is said to be impossible."""
    way = recourse(["months >= 30 and sales_active_months_12m >= 9"], YEAR_AND_A_HALF, LEVERS)
    assert way is not None
    assert way["blocked"][0]["reason"]["en"] == "No change was found that meets the conditions together"


def test_a_need_is_solved_for_what_the_firm_will_be() -> None:
    """Only with exactly twelve months and nine active ones: both are told together."""
    way = recourse(["months == 12 and sales_active_months_12m == 9"], YEAR_AND_A_HALF, LEVERS)
    assert needed(way) == [{"months": 12, "sales_active_months_12m": 9}]


def test_a_hostile_rule_is_given_up_in_time() -> None:
    """Comparisons of amount and term at 600 terms: far below the bound of one search each, thousands in all."""
    text = " or ".join(f"{n} * months == amount_fen" for n in range(10, 40))
    region = NeedRegion(
        [parse(text)] * 100, Need(20_000_007, 18).facts(), NeedBounds((10**14, 10**15), (1, 600), "leasing")
    )
    assert not region.nearest().complete
    assert region.solved <= need_region.MOST_COMPARISONS + 1


LEAST, MOST, TERMS, KINDS = 1, 30, (1, 8), ("credit-line", "leasing")
SIGNS = st.sampled_from([">", ">=", "<", "<=", "==", "!="])
COMPARISONS = st.one_of(
    st.builds("amount_fen {} {}".format, SIGNS, st.integers(0, 32)),
    st.builds("months {} {}".format, SIGNS, st.integers(0, 9)),
    st.builds("{} * months {} amount_fen".format, st.integers(-2, 6), SIGNS),
    st.builds("2 * amount_fen {} {} * history_years".format, SIGNS, st.integers(0, 40)),
    st.builds("months {} {}".format, st.sampled_from(["in", "not in"]), st.lists(st.integers(1, 8), min_size=1)),
    st.builds("amount_fen {} {}".format, st.sampled_from(["in", "not in"]), st.lists(st.integers(1, 30), min_size=1)),
    st.builds('kind {} "{}"'.format, st.sampled_from(["==", "!="]), st.sampled_from(KINDS)),
    st.builds("history_years {} {}".format, SIGNS, st.integers(1, 3)),
)
RULES = st.recursive(
    COMPARISONS,
    lambda parts: st.one_of(
        st.builds("({} and {})".format, parts, parts),
        st.builds("({} or {})".format, parts, parts),
        st.builds("not ({})".format, parts),
    ),
    max_leaves=5,
)


def by_trying(texts: list[str]) -> list[tuple[int, int, str]]:
    """Return every need within the product's bounds that meets the rules, as Python reads them."""
    codes = [compile(text, "rule", "eval") for text in texts]
    return [
        (amount, months, KINDS[0])
        for amount, months in pairs(range(LEAST, MOST + 1), range(TERMS[0], TERMS[1] + 1))
        for names in [{"amount_fen": amount, "months": months, "kind": KINDS[0], "history_years": 2}]
        if all(eval(code, {}, names) for code in codes)  # noqa: S307 -- our own texts
    ]


@given(
    st.lists(RULES, min_size=1, max_size=3),
    st.integers(LEAST, MOST + 10),
    st.integers(TERMS[0], TERMS[1] + 3),
    st.sampled_from(KINDS),
)
def test_every_need_that_trying_finds_is_known_and_the_nearest_is_told_first(
    texts: list[str], amount: int, months: int, kind: str
) -> None:
    """The oracle tries every amount and term of a small product: a plan exactly where it finds a need, none nearer."""
    way = recourse(texts, Need(amount, months, kind), amount_fen=[LEAST, MOST], months=list(TERMS))
    assume(way is not None)
    fitting = by_trying(texts)

    def distance(need: tuple[int, int, str]) -> float:
        return abs(need[0] - amount) / amount + abs(need[1] - months) / months + (need[2] != kind)

    plans = [{"amount_fen": amount, "months": months, "kind": kind} | change for change in needed(way)]
    told = [(plan["amount_fen"], plan["months"], plan["kind"]) for plan in plans]
    assert bool(told) is bool(fitting)
    assert set(told) <= set(fitting)
    if told:
        assert distance(told[0]) == pytest.approx(min(map(distance, fitting)))
