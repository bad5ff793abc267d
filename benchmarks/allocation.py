"""A budget over many firms: ours next to the plain mixed-integer program that one would write with SciPy.

The peer has a yes-or-no and an amount for each firm and gives both to HiGHS as they are; ours decides nearly all firms
by the prices of the relaxation first. Both are told to stop only at a proved optimum; ours then counts its proof anew.
Where the real data is at hand (`../shared/data` or `SMECREDIT_REAL_DATA`) the case of CUMCM 2020 C comes first.
"""

from __future__ import annotations

import csv
from decimal import Decimal
from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
import scipy
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, diags_array, eye_array, hstack, vstack

from benchmarks.features import BOOK_DATE, REAL, real_book
from services.matching.domain.allocation import verify
from services.matching.domain.allocation.conditions import Conditions
from services.matching.domain.allocation.problem import (
    MILLIONTHS,
    Allocation,
    AllocationProblem,
    Candidate,
    Group,
    Impossible,
)
from services.matching.domain.allocation.rates import divide
from services.matching.domain.allocation.terms import Firm, Terms, candidates
from services.matching.domain.churn import ChurnCurve, Paid, fit
from services.profile.portrait.domain.features import CATALOGUE, compute

PEER_SECONDS = 60.0
# The published curves are for ratings A, B and C; D was not lent to. Ours are eleven grades.
RATINGS = {"A": ("AAA", "AA+", "AA", "A"), "B": ("BBB", "BB"), "C": ("B", "CCC", "CC", "C")}
PUBLISHED_FEN = 103_800_000


def run() -> dict[str, Any]:
    """Measure the seconds to a proved optimum at three sizes, and the real case beside the published figure."""
    rows = [
        _row(f"{count:,} firms, ten sectors, loss cap, floor", made(count), peer=count < 100_000) for count in SIZES
    ]
    told = {}
    if REAL.is_dir():
        offered, conditions = real_case()
        rows.insert(0, _row("the 302 real firms, 100 million yuan", conditions.problem(offered), peer=True))
        told = real_figures()
    return {
        "name": "allocation",
        "title": f"Allocation to a proved optimum, peer: plain MILP, SciPy {scipy.__version__}",
        "rows": rows,
        **told,
    }


SIZES = (302, 10_000, 100_000)


def made(count: int, seed: int = 0) -> AllocationProblem:
    """Draw firms with values and losses at random, under every kind of condition."""
    random = np.random.default_rng(seed)
    values, losses = random.integers(-10_000, 40_000, count), random.integers(2_000, 50_000, count)
    most, sector = random.integers(2_000_000, 10_000_000, count), random.integers(0, 10, count)
    micro = np.flatnonzero(random.random(count) < 0.4)
    firms = tuple(
        Candidate(f"local:F{i:06}", 1_000_000, int(most[i]), int(values[i]), int(losses[i])) for i in range(count)
    )
    budget = count * 3_300_000
    limits = tuple(Group(f"{s}", tuple(np.flatnonzero(sector == s).tolist()), budget * 15 // 100) for s in range(10))
    floors = (Group("micro", tuple(micro.tolist()), budget // 2),)
    return AllocationProblem(firms, budget, limits, floors, loss_fen=budget // 50)


def real_case(paid: Paid = Paid.OFFERED) -> tuple[list[tuple[Firm, Candidate]], Conditions]:
    """Return the 302 firms without a rating, with PDs learned from the 83 others; one year, LGD 0.5."""
    terms = Terms(
        lgd=Decimal("0.5"),
        cost=Decimal("0.03"),
        low=Decimal("0.04"),
        high=Decimal("0.15"),
        least_fen=10_000_000,
        most_fen=100_000_000,
        curves=real_curves(),
        paid=paid,
    )
    offered, _ = candidates(real_firms(), terms)
    return offered, Conditions(budget_fen=10_000_000_000, counts_drawn=paid is Paid.DRAWN_BUDGET)


def real_curves() -> dict[str, ChurnCurve]:
    """Return the published curves, made monotone, for our grades."""
    with (REAL / "loan_rate_churn.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    curves = {
        rating: fit([(Decimal(row["贷款年利率"]), float(row[f"客户流失率_信誉评级{rating}"])) for row in rows])
        for rating in RATINGS
    }
    return {grade: curves[rating] for rating, grades in RATINGS.items() for grade in grades}


_FIRMS: list[Firm] = []


def real_firms() -> list[Firm]:
    """Return the 302 firms with PD and grade; made once."""
    if not _FIRMS:
        _FIRMS.extend(_scored())
    return _FIRMS


def _scored() -> list[Firm]:
    from services.scoring.domain.scale import floored, grades_of, points_of_pd  # noqa: PLC0415 - loads xgboost
    from services.scoring.ml.learner import learn  # noqa: PLC0415

    known = pl.read_csv(REAL / "enterprises.csv").select(
        enterprise=pl.format("local:{}", pl.col("企业代号").str.strip_chars()), outcome="是否违约"
    )
    used = [feature.name for feature in CATALOGUE if feature.model]
    book = compute(real_book(), as_of=BOOK_DATE).join(known, on="enterprise").sort("enterprise")
    labelled, rest = book.filter(pl.col("outcome").is_not_null()), book.filter(pl.col("outcome").is_null())
    learned = learn(labelled.select(used), labelled["outcome"].to_numpy() == "是", seed=0)
    pd = floored(learned.pd(rest.select(used)))
    grades = grades_of(points_of_pd(pd))
    return [Firm(*row) for row in zip(rest["enterprise"], pd.tolist(), grades.tolist(), strict=True)]


def real_figures() -> dict[str, Any]:
    """Return what the plan of the real case earns, by each way of paying, beside the published figure."""
    told: dict[str, Any] = {"published": f"{PUBLISHED_FEN / 100:,.0f} yuan, LGD 0.5, funding 3 %"}
    for paid in Paid:
        offered, conditions = real_case(paid)
        plan = solved(conditions.problem(offered))
        told[f"ours, paid {paid.value}"] = (
            f"{plan.objective_fen / 100:,.0f} yuan proved to {plan.gap_fen} fen, "
            f"{sum(amount > 0 for amount in plan.amounts)} of {len({firm.enterprise for firm, _ in offered})} firms, "
            f"{sum(plan.amounts) / 100:,.0f} yuan offered, {drawn(offered, plan) / 100:,.0f} expected to be drawn"
        )
    return told


def drawn(offered: list[tuple[Firm, Candidate]], plan: Allocation) -> int:
    """Return what of a plan is expected to be drawn, in fen."""
    parts = zip(offered, plan.amounts, strict=True)
    return sum(candidate.drawn * amount for (_, candidate), amount in parts) // MILLIONTHS


def solved(problem: AllocationProblem) -> Allocation:
    """Solve, and count the proof anew."""
    plan = divide(problem)
    if isinstance(plan, Impossible) or not verify.check(problem, plan).holds:
        raise AssertionError("no proved plan")
    return plan


def _row(what: str, problem: AllocationProblem, *, peer: bool) -> dict[str, Any]:
    start = perf_counter()
    plan = solved(problem)
    ours = perf_counter() - start
    if not peer:
        return {"what": f"{what} (gap {plan.gap_fen} fen)", "ours": ours, "peer": None, "unit": "s", "ratio": None}
    start = perf_counter()
    value = _plain(problem)
    theirs = perf_counter() - start
    # Tolerances of HiGHS allow it a millionth more than what is feasible to the fen.
    if not plan.objective / MILLIONTHS >= value * (1 - 2e-6):
        raise AssertionError(f"the peer finds a better plan: {value} against {plan.objective / MILLIONTHS}")
    return {
        "what": f"{what} (gap {plan.gap_fen} fen)",
        "ours": ours,
        "peer": theirs,
        "unit": "s",
        "ratio": ours / theirs,
    }


def _plain(problem: AllocationProblem) -> float:
    """Write the textbook form in units of a thousand yuan: an amount and a yes-or-no each."""
    count, unit = len(problem.candidates), 100_000
    least = np.array([c.least_fen for c in problem.candidates]) / unit
    most = np.array([c.most_fen for c in problem.candidates]) / unit
    rows = [(r, i, w / MILLIONTHS) for r, row in enumerate(problem.rows) for i, w in row.weights.items()]
    r, i, w = zip(*rows, strict=True)
    conditions = csr_array((w, (r, i)), shape=(len(problem.rows), count))
    right = np.array([row.bound / MILLIONTHS / unit for row in problem.rows])
    matrix = vstack(
        [
            hstack([conditions, csr_array(conditions.shape)]),
            hstack([eye_array(count), -diags_array(most)]),
            hstack([-eye_array(count), diags_array(least)]),
        ]
    ).tocsr()
    found = milp(
        np.r_[[-c.value / MILLIONTHS for c in problem.candidates], np.zeros(count)],
        integrality=np.r_[np.zeros(count), np.ones(count)],
        bounds=Bounds(0, np.r_[most, np.ones(count)]),
        constraints=LinearConstraint(matrix, -np.inf, np.r_[right, np.zeros(2 * count)]),
        options={"mip_rel_gap": 0.0, "time_limit": PEER_SECONDS},
    )
    return float(-found.fun * unit)
