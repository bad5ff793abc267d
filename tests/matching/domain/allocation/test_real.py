"""The case of CUMCM 2020 C on real firms: 100 million yuan over 302 firms, proved to the fen without the solver."""

from __future__ import annotations

from decimal import Decimal

import pytest

pytest.importorskip("duckdb", reason="duckdb is not installed; the benchmark that makes the case needs it")
pytest.importorskip("xgboost", reason="the PDs come from a model that is trained here")

from benchmarks import allocation
from services.matching.domain.allocation import verify
from services.matching.domain.allocation.problem import Allocation
from services.matching.domain.allocation.solve import solve
from services.matching.domain.churn import Paid

pytestmark = pytest.mark.skipif(not allocation.REAL.is_dir(), reason="real data is not here; set SMECREDIT_REAL_DATA")


@pytest.mark.parametrize("paid", Paid)
def test_the_real_case_is_solved_to_a_proved_optimum(paid: Paid) -> None:
    """Every firm from 100,000 to 1,000,000 yuan or nothing; no plan earns a fen more."""
    offered, conditions = allocation.real_case(paid)
    problem = conditions.problem(offered)
    plan = solve(problem)
    assert isinstance(plan, Allocation)
    verdict = verify.check(problem, plan)
    assert verdict.holds
    assert (len(offered), plan.optimal, plan.gap_fen) == (302, True, 0)
    assert sum(plan.amounts) <= 10_000_000_000
    assert plan.objective_fen > 0


def test_when_the_whole_line_is_paid_for_the_rates_are_the_published_ones() -> None:
    """4.65 % for the grades that have rating A's curve, 5.85 % for those of B and C."""
    offered, _ = allocation.real_case()
    found = {(firm.grade in allocation.RATINGS["A"], candidate.rate) for firm, candidate in offered}
    assert found <= {(True, Decimal("0.0465")), (False, Decimal("0.0585"))}
