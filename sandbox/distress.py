"""How trouble starts, lasts, and travels from customers to their suppliers; and who defaults because of it.

Every firm takes a loan at the end of the book; the outcome says whether it was in default within the twelve
months after it. So no invoice shows what happened after the default, and no label is trivial.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sandbox.firms import Firms
from sandbox.network import Network

WARM_UP = 24  # months before the book, so that stress has forgotten its start
WINDOW = 12  # months after the book in which a loan may default
MEMORY = 0.92  # what remains of stress a month later
SPREAD = 0.25  # how much of the customers' stress, weighted by their share of sales, arrives each month
LOSS = 2.5  # stress of losing all receivables to a defaulted customer
SLOPE = 3.6  # how fast the log odds of default rise with stress


@dataclass(frozen=True, slots=True)
class Course:
    """Stress of each firm in each month of the book, shape (firms, months), and each firm's fate.

    `default_month` counts from the book's end (0 = the first month after it); -1 means that the loan was repaid.
    """

    stress: NDArray[np.float64]
    default_month: NDArray[np.int64]


def run_course(rng: np.random.Generator, firms: Firms, network: Network, months: int, rate: float) -> Course:
    """Simulate stress through the book and the window after it, with the share `rate` of loans in default."""
    shocks = _shocks(rng, len(firms), WARM_UP + months + WINDOW)
    luck = rng.random((len(firms), WINDOW))
    drift = -0.05 * firms.quality
    stress = np.empty((len(firms), months))
    now = np.zeros(len(firms))
    for step in range(WARM_UP + months):
        exposure = network.exposure(firms, step - WARM_UP)
        now = _next(now, drift + shocks[:, step], network, exposure)
        if step >= WARM_UP:
            stress[:, step - WARM_UP] = now
    after = drift[:, None] + shocks[:, WARM_UP + months :]
    exposures = np.array([network.exposure(firms, months + month) for month in range(WINDOW)])
    return Course(stress, _defaults(now, after, luck, network, exposures, rate))


def _shocks(rng: np.random.Generator, count: int, months: int) -> NDArray[np.float64]:
    """Draw small shocks every month and, for one firm in a hundred, a blow."""
    blow = np.where(rng.random((count, months)) < 0.012, rng.exponential(1.2, (count, months)), 0.0)
    return np.asarray(rng.normal(0, 0.17, (count, months)) + blow - 0.012 * 1.2)


def _next(
    now: NDArray[np.float64], shock: NDArray[np.float64], network: Network, exposure: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Stress a month later: memory, what customers pass on, and what happens to the firm itself."""
    passed = exposure * np.maximum(now[network.buyer], 0)
    arriving = np.bincount(network.seller, passed, minlength=len(now))
    return np.asarray(MEMORY * now + SPREAD * arriving + shock)


def _defaults(
    now: NDArray[np.float64],
    after: NDArray[np.float64],
    luck: NDArray[np.float64],
    network: Network,
    exposures: NDArray[np.float64],
    rate: float,
) -> NDArray[np.int64]:
    """Return default months with the same luck for every intercept tried, so that bisection meets the wanted rate."""
    wanted = max(1, round(rate * len(now)))
    low, high = -30.0, 10.0
    best = np.full(len(now), -1)
    for _ in range(30):
        middle = (low + high) / 2
        best = _window(now, after, luck, network, exposures, middle)
        defaults = int((best >= 0).sum())
        if defaults == wanted:
            break
        low, high = (middle, high) if defaults < wanted else (low, middle)
    return best


def _window(
    now: NDArray[np.float64],
    after: NDArray[np.float64],
    luck: NDArray[np.float64],
    network: Network,
    exposures: NDArray[np.float64],
    intercept: float,
) -> NDArray[np.int64]:
    """Return who defaults when, month by month: a default weighs on the firm's suppliers in the next month."""
    fate = np.full(len(now), -1)
    for month in range(WINDOW):
        hazard = 1 / (1 + np.exp(-(intercept + SLOPE * now)))
        falls = (fate < 0) & (luck[:, month] < hazard)
        fate[falls] = month
        exposure = exposures[month]
        lost = np.bincount(network.seller, exposure * falls[network.buyer], minlength=len(now))
        now = _next(now, after[:, month], network, exposure) + LOSS * lost
    return fate
