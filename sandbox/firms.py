"""Who lives in the economy: industry, region, age, size, and how well each firm is led (which nobody can see)."""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, log, sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sandbox.reference import INDUSTRIES, REGIONS

SPREAD: Final = 1.1  # standard deviation of log sales among firms as a bank's small customers are
# With the large firms of a national register: from LARGE standard deviations above the mean on (a quarter of all firms)
# sales follow a power law whose cumulative distribution has the exponent TAIL. There both distributions are as steep.
TAIL: Final = 1.1
LARGE: Final = 0.6
BUSIER: Final = 0.15  # how much faster invoices grow with sales among these than among all
WIDER: Final = 0.45  # how much faster than their invoices their partners grow in number


@dataclass(frozen=True, slots=True)
class Firms:
    """The firms as arrays of one length.

    `industry` and `region` are positions in the reference lists, `born` the month of founding counted from the
    book's first month (negative: before it), `quality` the unseen skill (about standard normal), `sales` yuan a
    month, `margin` the share of sales not spent on purchases, `growth` the monthly drift of log sales, `pace` the
    sales invoices a month, `care` how orderly its books are, `churn` partners lost a month per place, `reach` how
    many partners it could serve (in sales invoices a month of a usual firm).
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
    reach: NDArray[np.float64]

    def __len__(self) -> int:
        """Return how many firms there are."""
        return len(self.industry)


def draw_firms(rng: np.random.Generator, count: int, months: int, *, large: bool = False) -> Firms:
    """Draw `count` firms, the oldest first, as they stand at the start of a book of `months` months.

    With `large` there are as many very large firms among them as in a whole nation.
    """
    weight = np.array([industry.weight for industry in INDUSTRIES])
    industry = rng.choice(len(INDUSTRIES), count, p=weight / weight.sum())
    # About one firm in ten is founded within the book, so that some files are thin.
    age = np.minimum(rng.exponential(90, count), 360) - 0.3 * months
    born = np.sort(-age.astype(np.int64))
    born = np.minimum(born, max(months - 4, 0))
    quality = rng.normal(size=count)
    usual = np.array([entry.margin for entry in INDUSTRIES])[industry]
    size = rng.normal(size=count)
    beyond = _beyond(size) if large else np.zeros(count)
    sales = np.exp(12.6 + SPREAD * (np.minimum(size, LARGE) if large else size) + beyond + 0.15 * quality)
    region = rng.integers(len(REGIONS), size=count)
    margin = np.clip(usual + 0.04 * quality + rng.normal(0, 0.04, count), 0.02, 0.7)
    growth = 0.002 + 0.004 * quality + rng.normal(0, 0.005, count)
    pace = np.exp(rng.normal(2.2, 0.7, count)) * (sales / 300_000) ** 0.25 * np.exp(BUSIER * beyond)
    care = 0.6 * quality + rng.normal(0, 0.5, count)
    churn = 0.038 * np.exp(-0.2 * quality + rng.normal(0, 0.35, count))
    reach = pace * np.exp(WIDER * beyond)
    return Firms(industry, region, born, quality, sales, margin, growth, pace, care, churn, reach)


def _beyond(size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return log sales beyond those at LARGE: a rank of the normal distribution becomes that rank of the power law."""
    rare = np.array([log(erfc(max(value, LARGE) / sqrt(2))) for value in size.tolist()])
    return np.asarray((log(erfc(LARGE / sqrt(2))) - rare) / TAIL)
