"""How many customers a rate loses, per grade, and the rate that earns most.

A bank's own curve is noisy: the share lost sometimes falls as the rate rises. Monotone (isotonic) regression, the
closest curve that never falls in the sense of least squares, takes the noise out and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from itertools import pairwise
from typing import Any

from services.matching.domain.errors import ChurnCurveInvalid

MOST_RATE = Decimal(1)


class Paid(Enum):
    """What the bank pays for when a customer declines the offer, and what its budget counts."""

    OFFERED = "offered"  # the whole line is set aside and funded: rate · (1 − churn) − loss − funding
    DRAWN = "drawn"  # only what is taken up costs anything: (rate − loss − funding) · (1 − churn)
    DRAWN_BUDGET = (
        "drawn-budget"  # as drawn, and the budget counts what is expected to be taken up, not what is offered
    )


@dataclass(frozen=True, slots=True)
class ChurnPoint:
    """The share of customers lost at a rate a year, as a bank observed it."""

    rate: float
    churn: float


@dataclass(frozen=True, slots=True)
class ObservedCurve:
    """What a bank observed for one or more grades."""

    grades: tuple[str, ...]
    points: tuple[ChurnPoint, ...]

    def fitted(self) -> ChurnCurve:
        """Return the monotone curve; raise ChurnCurveInvalid."""
        return fit([(Decimal(str(point.rate)), point.churn) for point in self.points])


@dataclass(frozen=True, slots=True)
class ChurnCurve:
    """The share of customers lost at each of some rising rates, never falling; made by `fit`."""

    rates: tuple[Decimal, ...]
    churn: tuple[float, ...]

    def best(
        self, low: Decimal, high: Decimal, cost: float = 0.0, paid: Paid = Paid.OFFERED
    ) -> tuple[Decimal, float] | None:
        """Return the rate from `low` to `high` that earns most, and what it earns a year and yuan offered.

        Only rates at which churn was observed are considered: between them the curve is a guess. Of equals the lowest
        rate. `cost` is funding plus expected loss plus whatever else a loan costs a year. None without such a rate.
        """
        options = [(earned(float(rate), churn, cost, paid), -rate) for rate, churn in self.between(low, high)]
        if not options:
            return None
        value, rate = max(options)
        return -rate, value

    def between(self, low: Decimal, high: Decimal) -> list[tuple[Decimal, float]]:
        """Return the rates from `low` to `high` at which churn was observed, each with the share lost."""
        return [(rate, lost) for rate, lost in zip(self.rates, self.churn, strict=True) if low <= rate <= high]


def earned(rate: float, churn: float, cost: float, paid: Paid) -> float:
    """Return the expected profit a year and yuan offered."""
    return rate * (1 - churn) - (cost if paid is Paid.OFFERED else cost * (1 - churn))


def fit(points: Sequence[tuple[Decimal, float]]) -> ChurnCurve:
    """Return the monotone curve closest to a bank's own observations of (rate a year, share lost).

    Raises ChurnCurveInvalid where a rate comes twice or a share does not lie from 0 to 1.
    """
    ordered = sorted(points)
    if not ordered:
        raise ChurnCurveInvalid("A churn curve needs at least one rate with the share of customers lost at it.")
    for rate, churn in ordered:
        if not 0 <= rate <= MOST_RATE or not 0 <= churn <= 1:
            raise ChurnCurveInvalid(f"At rate {rate} the share lost is {churn}; both must lie from 0 to 1.")
    rates = tuple(rate for rate, _ in ordered)
    twice = [rate for rate, after in pairwise(rates) if rate == after]
    if twice:
        raise ChurnCurveInvalid(f"Rate {twice[0]} is named twice in one curve; give each rate one share.")
    return ChurnCurve(rates, isotonic([churn for _, churn in ordered]))


def isotonic(values: Sequence[float]) -> tuple[float, ...]:
    """Return the never falling values closest to these in least squares (pool adjacent violators).

    >>> isotonic([0.1, 0.3, 0.2, 0.4])
    (0.1, 0.25, 0.25, 0.4)
    """
    blocks: list[tuple[float, int]] = []  # sum and count of what was pooled
    for value in values:
        total, count = value, 1
        while blocks and blocks[-1][0] * count >= total * blocks[-1][1]:
            before = blocks.pop()
            total, count = total + before[0], count + before[1]
        blocks.append((total, count))
    return tuple(total / count for total, count in blocks for _ in range(count))


def fitted(curves: Sequence[ObservedCurve]) -> dict[str, ChurnCurve]:
    """Return the monotone curve of each grade; raise ChurnCurveInvalid where a grade stands in two curves."""
    by_grade: dict[str, ChurnCurve] = {}
    for observed in curves:
        curve = observed.fitted()
        for grade in observed.grades:
            if grade in by_grade:
                raise ChurnCurveInvalid(f"Grade {grade} stands in two curves; give it one.", grade=grade)
            by_grade[grade] = curve
    return by_grade


def read_curves(document: Mapping[str, Any]) -> tuple[ObservedCurve, ...]:
    """Return a bank's curves from their JSON form, which has passed the api's schema."""
    return tuple(
        ObservedCurve(tuple(curve["grades"]), tuple(ChurnPoint(**point) for point in curve["points"]))
        for curve in document["curves"]
    )
