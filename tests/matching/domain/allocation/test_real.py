"""The case of CUMCM 2020 C on real firms: 100 million yuan over 302 firms, proved to the fen without the solver."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytest.importorskip("duckdb", reason="duckdb is not installed; the benchmark that makes the case needs it")
pytest.importorskip("xgboost", reason="the PDs come from a model that is trained here")

from benchmarks import allocation
from services.matching.domain.allocation import verify
from services.matching.domain.allocation.problem import Allocation
from services.matching.domain.allocation.rates import divide
from services.matching.domain.churn import Paid

pytestmark = pytest.mark.skipif(not allocation.REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")


@pytest.mark.parametrize("paid", Paid)
def test_the_real_case_is_solved_to_a_proved_optimum(paid: Paid) -> None:
    """Every firm from 100,000 to 1,000,000 yuan or nothing; no plan earns a fen more."""
    offered, conditions = allocation.real_case(paid)
    problem = conditions.problem(offered)
    plan = divide(problem)
    assert isinstance(plan, Allocation)
    verdict = verify.check(problem, plan)
    assert verdict.holds
    assert (len({firm.enterprise for firm, _ in offered}), plan.optimal, plan.gap_fen) == (302, True, 0)
    assert (allocation.drawn(offered, plan) if paid is Paid.DRAWN_BUDGET else sum(plan.amounts)) <= 10_000_000_000
    assert plan.objective_fen > 0


def test_a_budget_of_drawings_earns_twice_what_a_budget_of_offers_does() -> None:
    """Where two of three customers decline at 9.45 %, a budget of offers leaves most of the money idle."""
    cases = [allocation.real_case(paid) for paid in (Paid.DRAWN, Paid.DRAWN_BUDGET)]
    by_offers, by_drawings = (allocation.solved(conditions.problem(offered)) for offered, conditions in cases)
    assert by_drawings.objective > 2 * by_offers.objective
    assert sum(by_drawings.amounts) > 2 * sum(by_offers.amounts)


def test_when_the_whole_line_is_paid_for_the_rates_are_the_published_ones() -> None:
    """4.65 % for the grades that have rating A's curve, 5.85 % for those of B and C."""
    offered, _ = allocation.real_case()
    found = {(firm.grade in allocation.RATINGS["A"], candidate.rate) for firm, candidate in offered}
    assert found <= {(True, Decimal("0.0465")), (False, Decimal("0.0585"))}
