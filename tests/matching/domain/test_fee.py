"""Fees: what is charged when, and what no fee can be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from bank_products import a_product
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.errors import ProductInvalid
from services.matching.domain.fee import Charge, Due, Every, Fee, FeeKind, FeePayer, charged
from services.matching.domain.product import read_product

GUARANTEE: dict[str, Any] = {"kind": "guarantee", "payee": "A guarantor", "paid_by": "firm"}


def fee(**changes: Any) -> Fee:
    parts: dict[str, Any] = {"every": Every.YEARLY, "due": Due.START, "rate": Decimal("0.01"), **changes}
    return Fee(FeeKind.GUARANTEE, "A guarantor", FeePayer.FIRM, **parts)


@pytest.mark.parametrize(
    ("changes", "months", "charges"),
    [
        ({"every": Every.ONCE}, 18, [(0, 10_000)]),
        ({"every": Every.ONCE, "due": Due.END}, 18, [(18, 10_000)]),
        ({}, 12, [(0, 10_000)]),
        ({}, 30, [(0, 10_000), (12, 10_000), (24, 5_000)]),
        ({"due": Due.END}, 30, [(12, 10_000), (24, 10_000), (30, 5_000)]),
        ({"rate": None, "amount_fen": 700}, 3, [(0, 175)]),
    ],
)
def test_a_fee_is_charged_once_or_by_the_year_and_a_part_of_a_year_by_its_months(
    changes: dict[str, Any], months: int, charges: list[tuple[int, int]]
) -> None:
    assert fee(**changes).charges(1_000_000, months) == tuple(Charge(*each) for each in charges)


@given(st.integers(1, 10**15), st.integers(1, 600), st.integers(1, 10**6), st.sampled_from(Due))
def test_yearly_charges_add_up_to_the_rate_of_the_whole_term(amount: int, months: int, steps: int, due: Due) -> None:
    """Within half a fen a charge."""
    made = fee(rate=Decimal(steps).scaleb(-6), due=due)
    (one,) = charged([made], amount, months)
    exact = Decimal(amount) * steps * months / 12 / 10**6
    assert abs(one.fen - exact) <= Decimal(len(one.charges)) / 2
    assert all(0 <= charge.month <= months for charge in one.charges)


@pytest.mark.parametrize(
    "wrong",
    [{}, {"amount_fen": 5, "rate": 0.01}, {"rate": 0}, {"rate": 1.1}, {"rate": 0.0000001}],
    ids=["nothing", "both", "none", "too much", "too fine"],
)
def test_a_fee_is_either_an_amount_or_a_rate_in_steps(wrong: dict[str, Any]) -> None:
    with pytest.raises(ProductInvalid) as refusal:
        read_product(a_product(fees=[{**GUARANTEE, "every": "once", "due": "start", **wrong}]))
    assert refusal.value.members["field"] == "fees.guarantee"


def test_fees_leave_a_loan_to_be_priced() -> None:
    """At most half of the least amount may be gone before it begins; the last fen counts."""
    least = a_product()["amount_fen"][0]
    half = {**GUARANTEE, "every": "once", "due": "start", "amount_fen": least // 2}
    assert read_product(a_product(fees=[half])).fees[0].amount_fen == least // 2
    with pytest.raises(ProductInvalid) as refusal:
        read_product(a_product(fees=[half | {"amount_fen": least // 2 + 1}]))
    assert (refusal.value.members["found"], refusal.value.members["needed"]) == (least // 2 + 1, least // 2)


def test_a_product_of_before_has_no_fees() -> None:
    product = read_product(a_product())
    assert (product.fees, product.lend_below_cost) == ((), False)
