"""Who lives in the economy: industry, region, age, size, and how well each firm is led (which nobody can see)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.reference import INDUSTRIES, REGIONS


@dataclass(frozen=True, slots=True)
class Firms:
    """The firms as arrays of one length.

    `industry` and `region` are positions in the reference lists, `born` the month of founding counted from the
    book's first month (negative: before it), `quality` the unseen skill (about standard normal), `sales` yuan a
    month, `margin` the share of sales not spent on purchases, `growth` the monthly drift of log sales, `pace` the
    sales invoices a month, `care` how orderly its books are, `churn` partners lost a month per place.
    """

    industry: NDArray[np.int64]
    region: NDArray[np.int64]
    born: NDArray[np.int64]
    quality: NDArray[np.float64]
    sales: NDArray[np.float64]
    margin: NDArray[np.float64]
    growth: NDArray[np.float64]
    pace: NDArray[np.float64]
    care: NDArray[np.float64]
    churn: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many firms there are."""
        return len(self.industry)


def draw_firms(rng: np.random.Generator, count: int, months: int) -> Firms:
    """Draw `count` firms, the oldest first, as they stand at the start of a book of `months` months."""
    weight = np.array([industry.weight for industry in INDUSTRIES])
    industry = rng.choice(len(INDUSTRIES), count, p=weight / weight.sum())
    # About one firm in ten is founded within the book, so that some files are thin.
    age = np.minimum(rng.exponential(90, count), 360) - 0.3 * months
    born = np.sort(-age.astype(np.int64))
    born = np.minimum(born, max(months - 4, 0))
    quality = rng.normal(size=count)
    usual = np.array([entry.margin for entry in INDUSTRIES])[industry]
    sales = np.exp(rng.normal(12.6, 1.1, count) + 0.15 * quality)
    return Firms(
        industry=industry,
        region=rng.integers(len(REGIONS), size=count),
        born=born,
        quality=quality,
        sales=sales,
        margin=np.clip(usual + 0.04 * quality + rng.normal(0, 0.04, count), 0.02, 0.7),
        growth=0.002 + 0.004 * quality + rng.normal(0, 0.005, count),
        pace=np.exp(rng.normal(2.2, 0.7, count)) * (sales / 300_000) ** 0.25,
        care=0.6 * quality + rng.normal(0, 0.5, count),
        churn=0.035 * np.exp(-0.2 * quality + rng.normal(0, 0.35, count)),
    )
