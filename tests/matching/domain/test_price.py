"""The indicative rate: exact, explained, and fair in its direction."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.errors import ProductInvalid
from services.matching.domain.price import RateRule

shares = st.integers(0, 1_000_000).map(lambda n: Decimal(n).scaleb(-6))
small = st.integers(0, 100_000).map(lambda n: Decimal(n).scaleb(-6))
pds = st.floats(0, 1)


def rate(**changes: Decimal | str) -> RateRule:
    parts = {
        "funding": "0.02",
        "lgd": "0.45",
        "operating": "0.008",
        "margin": "0.01",
        "subsidy": "0",
        "floor": "0",
        "cap": "1",
    }
    return RateRule(**{name: Decimal(value) for name, value in {**parts, **changes}.items()})


rules = st.builds(
    lambda low, high, **parts: RateRule(floor=min(low, high), cap=max(low, high), **parts),
    low=small,
    high=shares,
    funding=small,
    lgd=shares,
    operating=small,
    margin=small,
    subsidy=small,
)


def test_a_rate_is_its_parts() -> None:
    """0.02 + 0.021 · 0.45 + 0.008 + 0.01 = 0.04745, by hand."""
    price = rate().price(0.021)
    assert price.rate == Decimal("0.04745")
    assert [(line.line, line.rate) for line in price.lines] == [
        ("funding", Decimal("0.02")),
        ("expected-loss", Decimal("0.00945")),
        ("operating", Decimal("0.008")),
        ("margin", Decimal("0.01")),
    ]


@given(rules, st.one_of(st.none(), pds))
def test_the_lines_add_up_to_the_rate_exactly(rule: RateRule, pd: float | None) -> None:
    """Every number is explained, to the last digit."""
    price = rule.price(pd)
    assert sum(line.rate for line in price.lines) == price.rate
    assert rule.floor <= price.rate <= rule.cap


@given(rules, pds, pds)
def test_a_likelier_default_never_makes_credit_cheaper(rule: RateRule, one: float, other: float) -> None:
    """Monotone in PD."""
    assert rule.price(min(one, other)).rate <= rule.price(max(one, other)).rate


@given(shares, shares, pds)
def test_a_larger_loss_given_default_never_makes_credit_cheaper(one: Decimal, other: Decimal, pd: float) -> None:
    """Monotone in LGD."""
    assert rate(lgd=min(one, other)).price(pd).rate <= rate(lgd=max(one, other)).price(pd).rate


@given(rules, pds)
def test_an_unknown_probability_is_never_cheaper_than_a_known_one(rule: RateRule, pd: float) -> None:
    """Without a score the rate is the cap."""
    assert rule.price(None).rate >= rule.price(pd).rate


def test_a_cap_shows_as_a_line() -> None:
    """What the cap takes off is said."""
    assert [line.line for line in rate(cap="0.03").price(0.1).lines][-1] == "cap"


@pytest.mark.parametrize("changes", [{"lgd": "1.1"}, {"floor": "0.5", "cap": "0.4"}, {"margin": "0.0000001"}])
def test_impossible_rates_are_refused(changes: dict[str, str]) -> None:
    """The refusal names the field."""
    with pytest.raises(ProductInvalid) as refusal:
        rate(**changes)
    assert refusal.value.members["field"].startswith("rate.")
