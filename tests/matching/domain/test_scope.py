"""Whom a product is for and how much of it there is: declared, and refused like any rule."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest
from bank_products import a_product

from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.match import Match, match_all
from services.matching.domain.product import Used, read_product

DAY = date(2026, 6, 1)
NEED = Need(20_000_000, 12)
FIRM = {"enterprise": "local:E1", "industry": "C13", "region": "330106", "size_class": "small"}


def answered(used: Used | None = None, firm: dict[str, Any] | None = None, **scope: Any) -> Match:
    product = read_product(a_product(rules=[], **scope))
    facts = Facts(pl.DataFrame([firm or FIRM]), DAY, datetime(2026, 6, 1, tzinfo=UTC), "c1")
    shelf = Shelf([product], DAY, kind_matters=False, used={product.id: used} if used else None)
    [match] = match_all(shelf, facts, NEED)
    return match


@pytest.mark.parametrize(
    "scope",
    [
        {"regions": ["33"]},
        {"regions": ["11", "3301"]},
        {"industries": ["C"]},
        {"size_classes": ["micro", "small"]},
        {},
    ],
)
def test_a_firm_within_the_declared_scope_is_offered_the_product(scope: dict[str, Any]) -> None:
    """A code covers what begins with it."""
    assert answered(**scope).offers


@pytest.mark.parametrize(
    ("scope", "rule", "found", "needed"),
    [
        ({"regions": ["11", "31"]}, "terms.region", "330106", ["11", "31"]),
        ({"industries": ["F51"]}, "terms.industry", "C13", ["F51"]),
        ({"size_classes": ["micro"]}, "terms.size_class", "small", ["micro"]),
    ],
)
def test_a_firm_outside_it_is_refused_with_found_and_needed(
    scope: dict[str, Any], rule: str, found: Any, needed: Any
) -> None:
    """And with a title in both languages."""
    [line] = answered(**scope).refusals[0].failed
    assert (line.rule.id, line.found, line.needed) == (rule, found, needed)
    assert all(line.rule.title[language] for language in ("zh", "en"))


def test_an_unknown_region_is_not_within_the_scope() -> None:
    """What is not known never passes."""
    [line] = answered(regions=["33"], firm={**FIRM, "region": None}).refusals[0].failed
    assert (line.found, line.unknown) == (None, ("region",))


def test_a_product_is_offered_to_its_last_place_and_fen() -> None:
    """One place and just enough money are left."""
    assert answered(Used(2, 80_000_000), quota=3, budget_fen=100_000_000).offers


@pytest.mark.parametrize(
    ("used", "rule", "found", "needed"),
    [
        (Used(3, 10), "terms.quota", 0, 1),
        (Used(2, 80_000_001), "terms.budget", 20_000_000, 19_999_999),
        (Used(2, 200_000_000), "terms.budget", 20_000_000, 0),
    ],
)
def test_what_is_used_up_is_refused_and_says_what_is_left(used: Used, rule: str, found: int, needed: int) -> None:
    """Places and money alike."""
    [line] = answered(used, quota=3, budget_fen=100_000_000).refusals[0].failed
    assert (line.rule.id, line.found, line.needed, line.unknown) == (rule, found, needed, ())
