"""When business is done: working days, month ends, the Spring Festival, and each industry's own season."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sandbox.reference import INDUSTRIES

SPRING_FESTIVAL: Final = tuple(
    np.datetime64(day)
    for day in (
        *("2015-02-19", "2016-02-08", "2017-01-28", "2018-02-16", "2019-02-05", "2020-01-25", "2021-02-12"),
        *("2022-02-01", "2023-01-22", "2024-02-10", "2025-01-29", "2026-02-17", "2027-02-06", "2028-01-26"),
        *("2029-02-13", "2030-02-03"),
    )
)
MONDAY_TO_SUNDAY: Final = np.array([1.0, 1.0, 1.0, 1.0, 1.05, 0.35, 0.15])


@dataclass(frozen=True, slots=True)
class Calendar:
    """The days of the book and how much business falls on each.

    `days` are dates, `upto` the running sum of their weights, `edges` the position in `days` where each month
    begins (months + 1 values).
    """

    days: NDArray[np.datetime64]
    upto: NDArray[np.float64]
    edges: NDArray[np.int64]

    @property
    def months(self) -> int:
        """Months of the book."""
        return len(self.edges) - 1

    def month_weight(self) -> NDArray[np.float64]:
        """Return business of each month relative to the mean month, shape (months,)."""
        bounds = np.concatenate(([0.0], self.upto))[self.edges]
        weight = np.diff(bounds)
        return np.asarray(weight / weight.mean())

    def draw(self, rng: np.random.Generator, month: NDArray[np.int64]) -> NDArray[np.int64]:
        """Draw a position in `days` for each entry of `month`, busy days more often than quiet ones."""
        bounds = np.concatenate(([0.0], self.upto))[self.edges]
        point = bounds[month] + rng.random(len(month)) * (bounds[month + 1] - bounds[month])
        return np.asarray(np.minimum(np.searchsorted(self.upto, point, side="right"), self.edges[month + 1] - 1))


def calendar(start: date, months: int) -> Calendar:
    """Return the calendar of `months` whole months from the month of `start` on."""
    first = np.datetime64(start, "M")
    starts = (first + np.arange(months + 1)).astype("datetime64[D]")
    days = np.arange(starts[0], starts[-1])
    edges = (starts - starts[0]).astype(np.int64)
    return Calendar(days, np.cumsum(_weights(days)), edges)


def season(start: date, months: int) -> NDArray[np.float64]:
    """Return each industry's own season, shape (industries, months), mean about 1."""
    month = (start.month - 1 + np.arange(months)) % 12 + 1
    swing = np.array([industry.swing for industry in INDUSTRIES])[:, None]
    peak = np.array([industry.peak for industry in INDUSTRIES])[:, None]
    return np.asarray(1 + swing * np.cos(2 * np.pi * (month - peak) / 12))


def _weights(days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Return business on each day relative to an ordinary working day."""
    weekday = (days.astype(np.int64) + 3) % 7  # 1970-01-01 was a Thursday
    weight = MONDAY_TO_SUNDAY[weekday]
    month_end = (days + 5).astype("datetime64[M]") != days.astype("datetime64[M]")
    weight = np.where(month_end, weight * 1.4, weight)
    for festival in SPRING_FESTIVAL:
        distance = (days - festival).astype(np.int64)
        weight = np.where((distance >= -4) & (distance <= 10), weight * 0.08, weight)
    month, day = days.astype("datetime64[M]"), (days - days.astype("datetime64[M]")).astype(np.int64) + 1
    golden_week = (month.astype(np.int64) % 12 == 9) & (day <= 7)
    return np.where(golden_week, weight * 0.1, weight)
