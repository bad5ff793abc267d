"""What a version costs and earns, by hand and against a ledger of balances."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bank_products import a_product

from services.matching.domain.all_in import make_loan
from services.matching.domain.dry_run_prices import Prices, ask
from services.matching.domain.product import read_product
from services.matching.domain.repayment import BULLET, EQUAL_INSTALMENTS

DAY = date(2026, 6, 1)
FEE = {"kind": "registration", "payee": "The register", "paid_by": "bank", "amount_fen": 3_000}


def prices(*pds: float | None, **changes: Any) -> Prices:
    product = read_product(a_product(rules=[], **{"repayment": BULLET, **changes}))
    need = {"amount_fen": 10_000_000, "months": 12}
    return ask(product, ((place, {"pd": pd, **need}) for place, pd in enumerate(pds)), DAY).prices


def test_loss_and_profit_by_hand() -> None:
    """At a PD of 2 %: 0.9 % of 100,000 yuan is lost and the margin of 1 % earned, less what the bank pays in fees."""
    found = prices(0.02, fees=[{**FEE, "every": "once", "due": "start"}])
    assert (found.expected_loss_fen, found.expected_profit_fen) == (90_000, 100_000 - 3_000)
    assert (found.offered, found.lent_fen) == (1, 10_000_000)


def test_the_spread_names_rates_that_somebody_is_offered() -> None:
    """PDs of 1 to 5 % cost 0.45 % more each."""
    found = prices(0.01, 0.02, 0.03, 0.04, 0.05)
    assert found.rates is not None
    spread = (found.rates.least, found.rates.quarter, found.rates.median, found.rates.three_quarters, found.rates.most)
    assert spread == (0.0425, 0.047, 0.0515, 0.056, 0.0605)


def test_firms_under_cost_are_refused_or_lent_to_at_a_loss() -> None:
    """At a PD of 20 % the parts come to 12.8 %, of which the margin is one; the cap is 9 %."""
    refused, below = prices(0.02, 0.2), prices(0.02, 0.2, lend_below_cost=True)
    assert (refused.offered, refused.under_cost, refused.expected_profit_fen) == (1, 1, 100_000)
    assert (below.offered, below.under_cost, below.expected_profit_fen) == (2, 1, 100_000 + 900_000 - 1_180_000)


def test_where_nobody_is_offered_it_there_is_no_spread() -> None:
    found = prices(0.9)
    assert (found.rates, found.all_in_rates, found.lent_fen, found.under_cost) == (None, None, 0, 1)


def test_firms_without_a_score_are_in_no_sum_of_loss_and_profit() -> None:
    found = prices(None)
    assert (found.offered, found.unscored, found.expected_loss_fen, found.expected_profit_fen) == (1, 1, 0, 0)


def test_loss_is_counted_on_the_balances_of_an_annuity_to_the_fen() -> None:
    """Balances by the month of 100,000 yuan at 4.7 %, each in whole fen; 2 % · 45 % of them a year is lost."""
    found = prices(0.02, repayment=EQUAL_INSTALMENTS)
    balance, owed = 10_000_000, 0
    level = make_loan(balance, 12, Decimal("0.047"), EQUAL_INSTALMENTS, ()).schedule.payments[0]
    for _ in range(12):
        owed += balance
        interest = int((Decimal(balance) * Decimal("0.047") / 12).quantize(Decimal(1), ROUND_HALF_UP))
        balance -= level - interest
    assert found.expected_loss_fen == int((Decimal(owed) / 12 * Decimal("0.009")).quantize(Decimal(1), ROUND_HALF_UP))
