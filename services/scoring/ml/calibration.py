"""From a margin to a probability of default that can be believed, and how far.

Log-odds = intercept + slope * margin, fitted on margins that each firm received from models which never saw it. Two
parameters are what a few dozen defaults can carry (isotonic regression needs about a thousand, Niculescu-Mizil &
Caruana 2005; figures of the rivals: docs/adr/0009), and an affine map keeps reasons exactly additive in log-odds and
therefore in points. Trees that stop by held-out log-loss are nearly calibrated as they are, so the slope is drawn to
one, which also stops a separable sample from running away.

The interval has two sources: the map's own uncertainty, and the margin's between trainings on other firms. Of the
latter, thin files have more, so it is learned for each depth, and never less for a thinner one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from services.scoring.domain.scale import sigmoid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

# Stops a slope at the edge of what is believable, and keeps the map increasing.
_SLOPE_BOUNDS = (0.05, 5.0)
# A slope is taken to be 1 give or take 0.45 before any data: as if five observations of unit weight said so.
_SLOPE_PRIOR = 5.0
INTERVAL_LEVEL = 0.90
_NORMAL_95 = 1.6448536269514722
# Trees never reach the true log-odds of very good and very bad firms, which no resampling shows. With this factor, and
# the longer side of `interval`, 90 % intervals of the catalogue's learner hold the true PD of 85 to 95 % of new firms
# in a mild and a steep economy, and of 82 to 98 % at every depth (held by tests/scoring/ml/test_calibration.py).
_UNSEEN = 1.1
# Data depth, the richest first.
DEPTHS = "ABCDE"
# A depth's own variance counts like so many firms of the whole book: five firms alone would be a loose estimate.
_POOLED_FIRMS = 5.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """log-odds = intercept + slope * margin, with the uncertainty of both and of the margin itself.

    `margin_variance` is that of a firm of unknown depth; `depth_variance` that of each depth, if training knew any.
    """

    intercept: float
    slope: float
    covariance: tuple[float, float, float]  # of intercept, of both, of slope
    margin_variance: float
    depth_variance: dict[str, float] = field(default_factory=dict)

    def log_odds(self, margins: Numbers) -> Numbers:
        """Return the calibrated log-odds of default, before the floor."""
        return self.intercept + self.slope * margins

    def shifted(self, log_odds: float) -> Calibration:
        """Return the map with its intercept moved by so much, declared and not learned: no less sure than before."""
        return replace(self, intercept=self.intercept + log_odds)

    def interval(self, margins: Numbers, depths: Sequence[str | None] | None = None) -> tuple[Numbers, Numbers]:
        """Return a 90 % interval of the PD: the map's uncertainty (delta method) plus the margin's own.

        It widens away from the bulk of the training firms and with every step down in depth, and stays within 0 and 1.
        It reaches further on the side of certainty: nought defaults of twenty firms cannot tell 2 % from 0.2 %.
        """
        a, ab, b = self.covariance
        variance = a + 2 * ab * margins + b * margins**2 + self.slope**2 * self._margin_variances(margins, depths)
        spread = np.sqrt(_UNSEEN * np.maximum(variance, 0.0))
        near, far = _NORMAL_95 * spread, _NORMAL_95 * spread * (1 + spread)
        centre = self.log_odds(margins)
        low = centre - np.where(centre < 0, far, near)
        high = centre + np.where(centre < 0, near, far)
        return sigmoid(low), sigmoid(high)

    def _margin_variances(self, margins: Numbers, depths: Sequence[str | None] | None) -> Numbers:
        if depths is None or not self.depth_variance:
            return np.full(len(margins), self.margin_variance)
        return np.array([self.depth_variance.get(depth or "", self.margin_variance) for depth in depths])

    def as_json(self) -> dict[str, Any]:
        """Return the calibration as plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Calibration:
        """Return the inverse of `as_json`."""
        return cls(**{**value, "covariance": tuple(value["covariance"])})


def calibrate(
    margins: Numbers, defaulted: NDArray[np.bool_], depths: Sequence[str | None] | None = None, *, folds: int = 5
) -> Calibration:
    """Fit the map on out-of-fold margins (repeats, firms), and learn how sure a margin is.

    A firm's mean margin over the repeats is the best guess at what a model of all firms would give it. Models of two
    repeats differ by the firms that each leaves out, one in `folds`: the jackknife of such subsets (Wu 1986) scales
    the variance between them by (n - d) / d = folds - 1.
    """
    x, y = margins.mean(axis=0), defaulted.astype(np.float64)
    theta, hessian = _newton(x, y)
    clipped = float(np.clip(theta[1], *_SLOPE_BOUNDS))
    if clipped != theta[1]:
        theta = np.array([_intercept(x * clipped, y), clipped])
        hessian = _hessian(theta, x)
    covariance = np.linalg.inv(hessian)
    between = margins.var(axis=0, ddof=1) * (folds - 1) if len(margins) > 1 else np.zeros(len(x))
    return Calibration(
        intercept=float(theta[0]),
        slope=float(theta[1]),
        covariance=(float(covariance[0, 0]), float(covariance[0, 1]), float(covariance[1, 1])),
        margin_variance=float(between.mean()),
        depth_variance={} if depths is None else _by_depth(between, depths),
    )


def _by_depth(variances: Numbers, depths: Sequence[str | None]) -> dict[str, float]:
    """Return the mean variance of each depth, drawn to that of the book where firms are few, rising as depth falls.

    A depth that training never saw is as unsure as the next richer one, the richest as the next thinner.
    """
    known = np.array([depth or "" for depth in depths])
    counts = np.array([(known == depth).sum() for depth in DEPTHS], dtype=np.float64)
    if not counts.any():
        return {}
    sums = np.array([variances[known == depth].sum() for depth in DEPTHS])
    means = (sums + _POOLED_FIRMS * variances.mean()) / (counts + _POOLED_FIRMS)
    return dict(zip(DEPTHS, _rising(means, counts).tolist(), strict=True))


def _rising(values: Numbers, weights: Numbers) -> Numbers:
    """Return the closest non-decreasing sequence (pool adjacent violators); what has no weight is its neighbour's."""
    seen = np.flatnonzero(weights)
    pools: list[list[float]] = []  # value, weight, members
    for place in seen:
        pools.append([values[place], weights[place], 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            value, weight, members = pools.pop()
            before = pools[-1]
            total = before[1] + weight
            pools[-1] = [(before[0] * before[1] + value * weight) / total, total, before[2] + members]
    level = np.repeat([pool[0] for pool in pools], [int(pool[2]) for pool in pools])
    nearest = np.maximum(np.searchsorted(seen, np.arange(len(values)), side="right") - 1, 0)
    rising: Numbers = level[nearest]
    return rising


def _hessian(theta: Numbers, x: Numbers) -> Numbers:
    p = sigmoid(theta[0] + theta[1] * x)
    w = p * (1 - p)
    data = np.array([[w.sum(), (w * x).sum()], [(w * x).sum(), (w * x * x).sum()]])
    return data + np.diag([1e-6, _SLOPE_PRIOR])


def _loss(theta: Numbers, x: Numbers, y: Numbers) -> float:
    z = theta[0] + theta[1] * x
    return float((np.logaddexp(0.0, z) - y * z).sum() + _SLOPE_PRIOR * (theta[1] - 1) ** 2 / 2)


def _newton(x: Numbers, y: Numbers) -> tuple[Numbers, Numbers]:
    """Minimise a convex loss by damped Newton; a dozen steps reach machine precision."""
    theta = np.array([0.0, 1.0])
    for _ in range(50):
        residual = sigmoid(theta[0] + theta[1] * x) - y
        gradient = np.array([residual.sum(), (residual * x).sum() + _SLOPE_PRIOR * (theta[1] - 1)])
        step = np.linalg.solve(_hessian(theta, x), gradient)
        size = 1.0
        while size > 1e-6 and _loss(theta - size * step, x, y) > _loss(theta, x, y):
            size /= 2
        theta = theta - size * step
        if np.abs(step).max() < 1e-10:
            break
    return theta, _hessian(theta, x)


def _intercept(offset: Numbers, y: Numbers) -> float:
    """Return the intercept that makes the mean prediction equal the mean target, for a slope held fixed."""
    low, high = -50.0, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if sigmoid(offset + middle).mean() < y.mean() else (low, middle)
    return (low + high) / 2
