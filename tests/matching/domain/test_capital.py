"""The capital charge: the standard's own figures, and prices that still rise with the risk."""

from __future__ import annotations

from decimal import Decimal
from math import log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.capital import RISK_WEIGHT, SME_SALES_FEN, requirement, smallness
from services.matching.domain.errors import ProductInvalid
from services.matching.domain.price import RateRule

# Basel II (2006), Annex 5: illustrative IRB risk weights in %, LGD 45 %, 2.5 years: corporate, SME of least sales.
ANNEX_5 = [
    (0.0005, 19.65, 15.39),
    (0.0010, 29.65, 23.30),
    (0.0025, 49.47, 39.01),
    (0.0040, 62.72, 49.49),
    (0.0050, 69.61, 54.91),
    (0.0075, 82.78, 65.14),
    (0.0100, 92.32, 72.40),
    (0.0200, 114.86, 88.55),
    (0.0500, 149.86, 112.27),
    (0.1000, 193.09, 146.51),
    (0.2000, 238.23, 188.42),
]
pds = st.floats(0, 1)
lgds = st.integers(0, 1_000_000).map(lambda n: Decimal(n).scaleb(-6))


def rule(lgd: Decimal | str = "0.45", hurdle: str = "0.11", cap: str = "1") -> RateRule:
    parts = {"funding": "0.02", "operating": "0.008", "margin": "0", "subsidy": "0", "floor": "0"}
    return RateRule(
        **{name: Decimal(value) for name, value in parts.items()},
        lgd=Decimal(lgd),
        cap=Decimal(cap),
        capital_ratio=Decimal("0.105"),
        hurdle=Decimal(hurdle),
    )


@pytest.mark.parametrize(("pd", "corporate", "small"), ANNEX_5)
def test_risk_weights_are_those_of_the_standard(pd: float, corporate: float, small: float) -> None:
    """Annex 5, which truncates some of its figures."""
    assert requirement(pd, 0.45) * RISK_WEIGHT * 100 == pytest.approx(corporate, abs=0.011)
    assert requirement(pd, 0.45, sales_fen=0) * RISK_WEIGHT * 100 == pytest.approx(small, abs=0.011)


def test_the_formula_agrees_with_another_normal_distribution() -> None:
    """SciPy's, with the terms written out anew."""
    stats = pytest.importorskip("scipy.stats")
    for pd, lgd, maturity in [(0.0007, 0.4, 1.0), (0.013, 0.75, 3.3), (0.3, 0.2, 5.0)]:
        decay = stats.expon.cdf(pd, scale=1 / 50) / stats.expon.cdf(1, scale=1 / 50)
        r = 0.24 - 0.12 * decay
        tail = stats.norm.cdf((stats.norm.ppf(pd) + r**0.5 * stats.norm.ppf(0.999)) / (1 - r) ** 0.5)
        b = (0.11852 - 0.05478 * log(pd)) ** 2
        expected = (tail * lgd - pd * lgd) / (1 - 1.5 * b) * (1 + (maturity - 2.5) * b)
        assert requirement(pd, lgd, maturity=maturity) == pytest.approx(expected, rel=1e-12)


def test_relief_for_small_firms_fades_with_their_sales() -> None:
    """Whole up to the lower bound, none from the upper one on, and none where sales are unknown."""
    low, high = SME_SALES_FEN
    assert [smallness(sales) for sales in (0, low, (low + high) // 2, high, 2 * high, None)] == [1, 1, 0.5, 0, 0, 0]


@given(pds, pds, st.sampled_from([None, 0, 10**10]))
def test_with_the_charge_a_likelier_default_never_makes_credit_cheaper(
    one: float, other: float, sales: int | None
) -> None:
    """Although capital alone falls for the worst PDs: what is expected is not unexpected."""
    low, high = (rule().price(pd, sales_fen=sales).rate for pd in sorted((one, other)))
    assert low <= high


@given(lgds, lgds, pds)
def test_with_the_charge_a_larger_loss_never_makes_credit_cheaper(one: Decimal, other: Decimal, pd: float) -> None:
    """Monotone in LGD."""
    low, high = (rule(lgd).price(pd).rate for lgd in sorted((one, other)))
    assert low <= high


@given(pds)
def test_the_lines_still_add_up(pd: float) -> None:
    """To the last digit."""
    price = rule().price(pd)
    assert sum(line.rate for line in price.lines) == price.rate


def test_the_charge_by_hand() -> None:
    """At a PD of 1 % the risk weight is 92.32 %: 0.9232 · 0.105 · 0.11 = 1.0663 %."""
    lines = {line.line: line.rate for line in rule().price(0.01).lines}
    assert lines["capital"] == Decimal("0.010663")


def test_the_legal_cap_binds_above_the_product_and_is_shown() -> None:
    """Even for a product whose own cap lies higher, scored or not."""
    for pd in (0.9, None):
        price = rule().price(pd, legal_cap=Decimal("0.24"))
        assert price.rate == Decimal("0.24") == sum(line.rate for line in price.lines)
        assert price.lines[-1].line == "statutory-cap"


def test_a_hurdle_that_would_turn_prices_round_is_refused() -> None:
    """It says which field to lower."""
    with pytest.raises(ProductInvalid) as refusal:
        rule(hurdle="0.5")
    assert refusal.value.members["field"] == "rate.hurdle"
