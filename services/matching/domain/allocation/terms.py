"""From what is known of a firm to what the bank may lend it: the rate that earns most, its value and its loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from services.matching.domain.allocation.problem import MILLIONTHS, Candidate
from services.matching.domain.churn import ChurnCurve, Paid, earned

WITHHELD = {
    "no-score": ("暂无评分", "No score yet"),
    "no-churn-curve": ("该等级没有客户流失曲线", "The bank has no churn curve for this grade"),
    "no-rate": ("利率区间内没有观测到的利率", "No rate with observed churn lies in the range"),
    "no-amount": ("最低额度高于单户上限", "The least amount lies above the most for one firm"),
}


@dataclass(frozen=True, slots=True)
class Firm:
    """What an allocation knows of a firm; `pd` of one year, `industry` and `region` by their national codes."""

    enterprise: str
    pd: float | None
    grade: str | None
    industry: str | None = None
    region: str | None = None
    size_class: str | None = None
    least_fen: int | None = None
    most_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Terms:
    """How the bank lends: a year at rates from `low` to `high`, amounts from `least_fen` to `most_fen` a firm.

    `cost` is funding and operating a year. `curves` says for each grade how many customers a rate loses.
    """

    lgd: Decimal
    cost: Decimal
    low: Decimal
    high: Decimal
    least_fen: int
    most_fen: int
    curves: Mapping[str, ChurnCurve]
    paid: Paid = Paid.OFFERED


def candidates(firms: Sequence[Firm], terms: Terms) -> tuple[list[tuple[Firm, Candidate]], list[tuple[Firm, str]]]:
    """Return who can be lent to, and who cannot with the reason (a key of WITHHELD).

    No condition of a plan depends on a rate, and a plan is worth the sum of each amount times its value. So a firm's
    best rate is the same in every plan: it is found here, once.
    """
    free = {grade: curve.best(terms.low, terms.high) for grade, curve in terms.curves.items()}
    offered, withheld = [], []
    for firm in sorted(firms, key=lambda firm: firm.enterprise):
        found = _candidate(firm, terms, free)
        if isinstance(found, str):
            withheld.append((firm, found))
        else:
            offered.append((firm, found))
    return offered, withheld


def _candidate(firm: Firm, terms: Terms, free: Mapping[str, tuple[Decimal, float] | None]) -> Candidate | str:
    if firm.pd is None or firm.grade is None:
        return "no-score"
    if firm.grade not in terms.curves:
        return "no-churn-curve"
    loss = firm.pd * float(terms.lgd)
    best = free[firm.grade]
    if best is None:
        return "no-rate"
    cost = loss + float(terms.cost)
    # Where the whole line is paid for, the cost is the same at every rate and moves no optimum.
    rate, value = (best[0], best[1] - cost) if terms.paid is Paid.OFFERED else _drawn(terms, firm.grade, cost)
    least, most = firm.least_fen or terms.least_fen, min(firm.most_fen or terms.most_fen, terms.most_fen)
    if least > most:
        return "no-amount"
    return Candidate(firm.enterprise, least, most, round(value * MILLIONTHS), round(loss * MILLIONTHS), rate)


def _drawn(terms: Terms, grade: str, cost: float) -> tuple[Decimal, float]:
    best = terms.curves[grade].best(terms.low, terms.high, cost, Paid.DRAWN)
    assert best is not None
    return best


def revalued(candidate: Candidate, firm: Firm, terms: Terms) -> Candidate:
    """Return the same offer at the same rate to a firm of another PD: what a plan is worth after a shock."""
    assert firm.pd is not None
    assert firm.grade is not None
    curve, loss = terms.curves[firm.grade], firm.pd * float(terms.lgd)
    churn = curve.churn[curve.rates.index(candidate.rate)]
    value = earned(float(candidate.rate), churn, loss + float(terms.cost), terms.paid)
    return replace(candidate, value=round(value * MILLIONTHS), loss=round(loss * MILLIONTHS))


@dataclass(frozen=True)
class Selector:
    """Some of the firms: by industry or region (a code covers what begins with it), size class, or by name."""

    by: str
    value: str | tuple[str, ...]

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(self.value)

    def picks(self, firm: Firm) -> bool:
        """Tell whether the firm is one of them; a firm whose industry, region or size class is unknown is not."""
        if self.by == "enterprises":
            return firm.enterprise in self._listed
        fact = getattr(firm, self.by)
        if fact is None:
            return False
        return bool(fact.startswith(self.value) if self.by in ("industry", "region") else fact == self.value)


def shocked(firms: Sequence[Firm], shocks: Sequence[tuple[Selector, float]]) -> list[Firm]:
    """Return the firms with each shock's factor on the PD of those that it meets; a PD stays at most 1."""
    after = []
    for firm in firms:
        pd = firm.pd
        for whom, factor in shocks:
            if pd is not None and whom.picks(firm):
                pd = min(1.0, pd * factor)
        after.append(replace(firm, pd=pd))
    return after
