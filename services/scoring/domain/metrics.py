"""How good a model is: ranking, separation, accuracy of probabilities, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Outcomes = NDArray[np.bool_]
    Numbers = NDArray[np.float64]


def auc(defaulted: Outcomes, risk: Numbers) -> float:
    """Return the chance that a defaulter has the higher risk of a random pair, ties counting half (Mann-Whitney)."""
    bad = int(defaulted.sum())
    good = len(defaulted) - bad
    if not bad or not good:
        return float("nan")
    place = ranks(risk)
    return float((place[defaulted].sum() - bad * (bad + 1) / 2) / (bad * good))


def ks(defaulted: Outcomes, risk: Numbers) -> float:
    """Return the largest distance between the two classes' distribution functions (Kolmogorov-Smirnov)."""
    order = np.argsort(risk, kind="stable")
    hits = defaulted[order]
    gap = np.cumsum(hits) / max(hits.sum(), 1) - np.cumsum(~hits) / max((~hits).sum(), 1)
    last_of_tie = np.append(np.diff(risk[order]) > 0, True)
    return float(np.abs(gap[last_of_tie]).max())


def brier(defaulted: Outcomes, pd: Numbers) -> float:
    """Return the mean squared distance of PD and outcome."""
    return float(np.mean((pd - defaulted) ** 2))


def ece(defaulted: Outcomes, pd: Numbers, bins: int = 10) -> float:
    """Return |mean PD - default rate| over equal-width bins, weighted by size (calibration error, Guo et al. 2017)."""
    bin_of = np.minimum((pd * bins).astype(np.int64), bins - 1)
    gap = np.bincount(bin_of, weights=pd - defaulted, minlength=bins)
    return float(np.abs(gap).sum() / len(pd))


def log_loss(defaulted: Outcomes, pd: Numbers) -> float:
    """Return the mean of -log of the probability that a PD gave what happened; PDs are above 0, a 1 is cut to 1-1e-9.

    In nats. What betting by the PDs would cost: unlike Brier it minds whether a PD near 0 is 0.1 or 1 %.
    """
    sure = np.minimum(pd, 1 - 1e-9)
    return float(-np.where(defaulted, np.log(sure), np.log1p(-sure)).mean())


def corrected_interval(values: Numbers, test_share: float) -> tuple[float, float]:
    """Return the 95 % interval of the mean over repeated folds of a figure between 0 and 1, cut to that."""
    if len(values) < 2:
        return 0.0, 1.0
    low, high = corrected_bounds(values, test_share)
    return max(0.0, low), min(1.0, high)


def corrected_bounds(values: Numbers, test_share: float) -> tuple[float, float]:
    """Return the 95 % interval of a mean over two or more repeated folds (Nadeau & Bengio 2003, corrected resampled t).

    Folds share training rows, so the plain standard error is far too small: the variance is multiplied by
    1/J + test/training instead of 1/J.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 -- a quarter of a second that only a model's evaluation needs

    count = len(values)
    variance = values.var(ddof=1) * (1 / count + test_share / (1 - test_share))
    half = float(stdtrit(count - 1, 0.975)) * float(np.sqrt(variance))
    mean = float(values.mean())
    return mean - half, mean + half


def bootstrap_interval(
    measure: Callable[[Outcomes, Numbers], float], defaulted: Outcomes, risk: Numbers, seed: int = 0
) -> tuple[float, float]:
    """Return the 95 % percentile interval over 1,000 resamples of firms, each class resampled by itself."""
    random = np.random.default_rng(seed)
    bad, good = np.flatnonzero(defaulted), np.flatnonzero(~defaulted)
    figures = []
    for _ in range(1_000):
        drawn = np.concatenate([random.choice(bad, len(bad)), random.choice(good, len(good))])
        figures.append(measure(defaulted[drawn], risk[drawn]))
    low, high = np.percentile(figures, [2.5, 97.5])
    return float(low), float(high)


def ranks(values: Numbers) -> Numbers:
    """Return the ranks from 1, ties sharing their mean."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    shared: Numbers = (last - (counts - 1) / 2)[place]
    return shared
