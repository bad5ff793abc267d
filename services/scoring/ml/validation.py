"""How a model does on firms that it never saw, as figures: curves, calibration, stability, segments.

All of it is held out: each firm's PD comes from models that were trained without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from services.scoring.domain import metrics, scale

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Outcomes = NDArray[np.bool_]

# What a firm is sorted by, and what each is called.
SEGMENTS: Mapping[str, Mapping[str, str]] = {
    "size_class": {"zh": "规模", "en": "Size"},
    "region": {"zh": "地区", "en": "Region"},
    "industry": {"zh": "行业", "en": "Industry"},
    "depth": {"zh": "数据深度", "en": "Data depth"},
}
# A bank that takes two thirds of applicants; the ratio of rates at this line is what the four-fifths rule looks at
# (29 CFR 1607.4 D, there for employment; in lending a usual first screen).
PASSING_SHARE = 2 / 3
FOUR_FIFTHS = 0.8
# Fewer firms have no rate to speak of: they are shown and never judged.
FEWEST_FIRMS = 10
MOST_SEGMENTS = 12
_POINTS = 101


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Firms with their outcomes, their held-out PD, and that PD in each repeat of the cross-validation."""

    rows: pl.DataFrame
    defaulted: Outcomes
    pd: Numbers
    repeats: Numbers  # (repeats, firms)

    @property
    def points(self) -> Numbers:
        """Held-out scores as they would be shown."""
        bounded = np.clip(self.pd, 1e-12, 1 - 1e-12)
        return np.rint(scale.points_of(np.log(bounded) - np.log1p(-bounded)))


def figures(held_out: HeldOut) -> dict[str, Any]:
    """Return everything that the model's page shows, as plain values."""
    return {
        "held_out_auc": metrics.auc(held_out.defaulted, held_out.pd),
        "roc": roc(held_out.defaulted, held_out.pd),
        "ks": ks_curve(held_out.defaulted, held_out.points),
        "stability": stability(held_out),
        "segments": {name: segments(held_out, name) for name in SEGMENTS if name in held_out.rows.columns},
        "passing_points": passing_points(held_out),
    }


def roc(defaulted: Outcomes, risk: Numbers) -> dict[str, list[float]]:
    """Share of defaulters and of payers found when the riskiest are refused, from nobody to everybody."""
    order = np.argsort(-risk, kind="stable")
    hits = defaulted[order]
    last_of_tie = np.append(np.diff(risk[order]) != 0, True)
    found = np.append(0.0, (np.cumsum(hits) / max(1, hits.sum()))[last_of_tie])
    wrong = np.append(0.0, (np.cumsum(~hits) / max(1, (~hits).sum()))[last_of_tie])
    kept = np.unique(np.linspace(0, len(found) - 1, _POINTS).round().astype(np.int64))
    return {"false_positive": wrong[kept].tolist(), "true_positive": found[kept].tolist()}


def ks_curve(defaulted: Outcomes, points: Numbers) -> dict[str, Any]:
    """Return the distribution of the scores of defaulters and of payers, and where they are farthest apart."""
    at = np.unique(points)
    bad, good = (np.searchsorted(np.sort(points[group]), at, side="right") for group in (defaulted, ~defaulted))
    bad_share, good_share = bad / max(1, int(defaulted.sum())), good / max(1, int((~defaulted).sum()))
    widest = int(np.abs(bad_share - good_share).argmax())
    kept = np.unique(np.append(np.linspace(0, len(at) - 1, _POINTS).round().astype(np.int64), widest))
    return {
        "points": at[kept].tolist(),
        "defaulted": bad_share[kept].tolist(),
        "paid": good_share[kept].tolist(),
        "at": float(at[widest]),
        "distance": float(abs(bad_share[widest] - good_share[widest])),
    }


def stability(held_out: HeldOut) -> dict[str, Any] | None:
    """Tell how far a firm's score moves when other four fifths of the data train the model; None for one repeat."""
    if len(held_out.repeats) < 2:
        return None
    bounded = np.clip(held_out.repeats, 1e-12, 1 - 1e-12)
    points = scale.points_of(np.log(bounded) - np.log1p(-bounded))
    spread = points.max(axis=0) - points.min(axis=0)
    grades = scale.grades_of(np.rint(points))
    return {
        "repeats": len(points),
        "median_range_points": float(np.median(spread)),
        "p90_range_points": float(np.percentile(spread, 90)),
        "same_grade": float((grades == grades[0]).all(axis=0).mean()),
    }


def passing_points(held_out: HeldOut) -> float:
    """Return the score that two thirds of the training firms reach."""
    return float(np.quantile(held_out.points, 1 - PASSING_SHARE, method="lower"))


def segments(held_out: HeldOut, name: str) -> list[dict[str, Any]]:
    """Return each group's default rate, PD, calibration gap, AUC and adverse impact ratio, the largest groups first.

    The ratio is the share of the group that passes over that of the group with the highest share, at one line for all;
    groups of fewer than ten firms set no line and get no ratio.
    """
    groups = held_out.rows[name].cast(pl.String).fill_null("?").to_numpy()
    names, counts = np.unique(groups, return_counts=True)
    passed = held_out.points >= passing_points(held_out)
    shares = {group: float(passed[groups == group].mean()) for group in names}
    judged = [shares[group] for group, count in zip(names, counts, strict=True) if count >= FEWEST_FIRMS]
    best = max(judged, default=0.0)
    ordered = sorted(zip(counts.tolist(), names.tolist(), strict=True), key=lambda each: (-each[0], each[1]))
    return [_segment(held_out, groups == group, group, shares[group], best) for _, group in ordered[:MOST_SEGMENTS]]


def _segment(held_out: HeldOut, inside: NDArray[np.bool_], group: str, share: float, best: float) -> dict[str, Any]:
    defaulted, pd = held_out.defaulted[inside], held_out.pd[inside]
    firms = len(pd)
    auc = metrics.auc(defaulted, pd) if firms >= FEWEST_FIRMS else float("nan")
    ratio = share / best if firms >= FEWEST_FIRMS and best > 0 else None
    rate, mean = float(defaulted.mean()), float(pd.mean())
    # Two standard errors of a rate whose true value is the PD: a gap inside is what chance alone gives.
    chance = 2 * float(np.sqrt((pd * (1 - pd)).sum())) / firms
    return {
        "group": group,
        "firms": firms,
        "defaults": int(defaulted.sum()),
        "default_rate": rate,
        "mean_pd": mean,
        "gap": mean - rate,
        "gap_by_chance": chance,
        "auc": None if np.isnan(auc) else auc,
        "passing": share,
        "air": ratio,
        "below_four_fifths": ratio is not None and ratio < FOUR_FIFTHS,
    }
