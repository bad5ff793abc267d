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

    def least_of(self, firm: Firm) -> int:
        """Return the least that a firm gets if it gets anything."""
        return firm.least_fen or self.least_fen

    def most_of(self, firm: Firm) -> int:
        """Return the most that a firm gets: its own bound, and never more than anybody's."""
        return min(firm.most_fen or self.most_fen, self.most_fen)


def candidates(firms: Sequence[Firm], terms: Terms) -> tuple[list[tuple[Firm, Candidate]], list[tuple[Firm, str]]]:
    """Return who can be lent to, and who cannot with the reason (a key of WITHHELD).

    Where offers are counted no condition of a plan depends on a rate, and a plan is worth the sum of each amount times
    its value: a firm's best rate is the same in every plan, and is found here, once. Where drawings are counted a firm
    comes with each rate on its hull (`hull`), side by side, the least drawn first: one below it can only be best where
    a firm gets one rate whole, never in the bound.
    """
    free = {grade: curve.best(terms.low, terms.high) for grade, curve in terms.curves.items()}
    offered, withheld = [], []
    for firm in sorted(firms, key=lambda firm: firm.enterprise):
        found = _candidates(firm, terms, free)
        if isinstance(found, str):
            withheld.append((firm, found))
        else:
            offered += [(firm, candidate) for candidate in found]
    return offered, withheld


def _candidates(firm: Firm, terms: Terms, free: Mapping[str, tuple[Decimal, float] | None]) -> list[Candidate] | str:
    if firm.pd is None or firm.grade is None:
        return "no-score"
    if firm.grade not in terms.curves:
        return "no-churn-curve"
    best = free[firm.grade]
    if best is None:
        return "no-rate"
    if terms.least_of(firm) > terms.most_of(firm):
        return "no-amount"
    if terms.paid is Paid.DRAWN_BUDGET:
        rates = terms.curves[firm.grade].between(terms.low, terms.high)
        return hull([_offer(firm, terms, rate, lost) for rate, lost in rates])
    if terms.paid is Paid.DRAWN:
        best = terms.curves[firm.grade].best(terms.low, terms.high, _cost(firm, terms), Paid.DRAWN)
        assert best is not None
    # Where the whole line is paid for, the cost is the same at every rate and moves no optimum.
    curve = terms.curves[firm.grade]
    return [_offer(firm, terms, best[0], curve.churn[curve.rates.index(best[0])])]


def _cost(firm: Firm, terms: Terms) -> float:
    assert firm.pd is not None
    return firm.pd * float(terms.lgd) + float(terms.cost)


def _offer(firm: Firm, terms: Terms, rate: Decimal, lost: float) -> Candidate:
    """Return an offer at a rate that loses this share of customers."""
    assert firm.pd is not None
    value = earned(float(rate), lost, _cost(firm, terms), terms.paid)
    loss = firm.pd * float(terms.lgd) * (1 - lost if terms.paid is Paid.DRAWN_BUDGET else 1)
    return Candidate(
        firm.enterprise,
        terms.least_of(firm),
        terms.most_of(firm),
        round(value * MILLIONTHS),
        round(loss * MILLIONTHS),
        rate,
        round((1 - lost) * MILLIONTHS),
    )


def hull(offers: Sequence[Candidate]) -> list[Candidate]:
    """Return the offers on the upper hull of (drawn, value) over the origin, the least drawn first.

    Andrew's monotone chain in whole numbers. What lies on an edge is left out; of the same two figures the lower rate
    stays. An offer of which nothing is drawn is none, unless there is no other.
    """
    ordered = sorted(offers, key=lambda offer: (offer.drawn, offer.value, -offer.rate))
    kept: list[Candidate] = []
    for offer in ordered:
        while kept and _turns_left(kept[-2] if len(kept) > 1 else None, kept[-1], offer):
            kept.pop()
        if offer.drawn:
            kept.append(offer)
    return kept or ordered[-1:]


def _turns_left(before: Candidate | None, middle: Candidate, after: Candidate) -> bool:
    """Tell whether the middle one lies on or below the line from the one before (None: the origin) to the one after."""
    x, y = (0, 0) if before is None else (before.drawn, before.value)
    return (middle.value - y) * (after.drawn - x) <= (after.value - y) * (middle.drawn - x)


def revalued(candidate: Candidate, firm: Firm, terms: Terms) -> Candidate:
    """Return the same offer at the same rate to a firm of another PD: what a plan is worth after a shock."""
    assert firm.grade is not None
    curve = terms.curves[firm.grade]
    after = _offer(firm, terms, candidate.rate, curve.churn[curve.rates.index(candidate.rate)])
    return replace(candidate, value=after.value, loss=after.loss)


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
