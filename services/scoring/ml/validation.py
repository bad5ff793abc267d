"""How a model does on firms that it never saw, as figures: curves, calibration, stability, segments.

All of it is held out: each firm's PD comes from models that were trained without it. And all of it is of ten firms or
more (`domain.disclosure`): whoever may see a model's page has no right to any one firm's figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from services.scoring.domain import disclosure, metrics, scale

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

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
FEWEST_FIRMS = disclosure.LEAST_FIRMS
# The features whose points are shown over their values, and in how many bins.
_DEPENDENCE = 3
_BINS = 8


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


@dataclass(frozen=True, slots=True)
class Explained:
    """The points of each feature (firms, features) that make the same firms' scores, and the features' names."""

    features: Sequence[str]
    points: Numbers


def figures(held_out: HeldOut, explained: Explained) -> dict[str, Any]:
    """Return everything that the model's page shows and that its pictures are drawn from, as plain values."""
    table = _score_table(held_out)
    strongest = np.argsort(-np.abs(explained.points).mean(axis=0), kind="stable")[:_DEPENDENCE].tolist()
    return {
        "form": disclosure.FORM,
        "held_out_auc": metrics.auc(held_out.defaulted, held_out.pd),
        "score_table": table,
        "roc": disclosure.roc(table),
        "ks": disclosure.ks_curve(table, *widest(held_out.defaulted, held_out.points)),
        "stability": stability(held_out),
        "stability_groups": stability_groups(held_out),
        "effects": [effect(held_out.rows, explained, place) for place in range(len(explained.features))],
        "dependence": [dependence(held_out.rows, explained, place) for place in strongest],
        "segments": {name: segments(held_out, name) for name in SEGMENTS if name in held_out.rows.columns},
        "passing_points": passing_points(held_out),
    }


def _score_table(held_out: HeldOut) -> list[dict[str, Any]]:
    at, place = np.unique(held_out.points, return_inverse=True)
    bad = np.bincount(place, weights=held_out.defaulted, minlength=len(at)).astype(np.float64)
    return disclosure.score_table(at, bad, np.bincount(place, minlength=len(at)) - bad)


def widest(defaulted: Outcomes, points: Numbers) -> tuple[float, float]:
    """Return the score at which the distributions of defaulters and of payers are farthest apart, and how far (KS)."""
    at = np.unique(points)
    bad, good = (np.searchsorted(np.sort(points[group]), at, side="right") for group in (defaulted, ~defaulted))
    apart = np.abs(bad / max(1, int(defaulted.sum())) - good / max(1, int((~defaulted).sum())))
    return float(at[apart.argmax()]), float(apart.max())


def stability(held_out: HeldOut) -> dict[str, Any] | None:
    """Tell how far a firm's score moves when other four fifths of the data train the model; None for one repeat."""
    points = _repeated(held_out)
    if points is None:
        return None
    spread = points.max(axis=0) - points.min(axis=0)
    grades = scale.grades_of(np.rint(points))
    return {
        "repeats": len(points),
        "median_range_points": round(float(np.median(spread))),
        "p90_range_points": round(float(np.percentile(spread, 90))),
        "same_grade": float((grades == grades[0]).all(axis=0).mean()),
    }


def stability_groups(held_out: HeldOut) -> list[dict[str, Any]]:
    """Return the same by groups of about equal size, the lowest scores first: mean score, and mean least and most."""
    points = _repeated(held_out)
    if points is None:
        return []
    order = np.argsort(points.mean(axis=0), kind="stable")
    groups = np.array_split(order, max(1, min(_BINS, len(order) // FEWEST_FIRMS)))
    sides = {"least": points.min(axis=0), "mean": points.mean(axis=0), "most": points.max(axis=0)}
    return [
        {"firms": len(group), **{name: round(float(side[group].mean()), 1) for name, side in sides.items()}}
        for group in groups
    ]


def _repeated(held_out: HeldOut) -> Numbers | None:
    """Return each firm's score in every repeat (repeats, firms)."""
    if len(held_out.repeats) < 2:
        return None
    bounded = np.clip(held_out.repeats, 1e-12, 1 - 1e-12)
    return scale.points_of(np.log(bounded) - np.log1p(-bounded))


def effect(rows: pl.DataFrame, explained: Explained, place: int) -> dict[str, Any]:
    """Return the mean points of the firms with the lowest and with the highest third of a feature's values.

    None where a third has fewer than ten firms, or the feature holds words.
    """
    values = _numbers(rows, explained.features[place])
    known = np.flatnonzero(~np.isnan(values))
    third = len(known) // 3
    order = known[np.argsort(values[known], kind="stable")]
    enough = third >= FEWEST_FIRMS
    points = explained.points[:, place]
    return {
        "feature": explained.features[place],
        "mean_points": float(np.abs(points).mean()),
        "low": round(float(points[order[:third]].mean()), 1) if enough else None,
        "high": round(float(points[order[-third:]].mean()), 1) if enough else None,
    }


def dependence(rows: pl.DataFrame, explained: Explained, place: int) -> dict[str, Any]:
    """Return a feature's typical value and mean points in bins of ten firms or more, unknown values apart."""
    values, points = _numbers(rows, explained.features[place]), explained.points[:, place]
    known = ~np.isnan(values)
    bin_of = np.searchsorted(disclosure.lines(values[known], _BINS), values[known], side="right")
    groups = [np.flatnonzero(known)[bin_of == number] for number in np.unique(bin_of)]
    unknown = np.flatnonzero(~known)
    return {
        "feature": explained.features[place],
        "bins": [
            {"value": disclosure.typical(values[group]), **_points_of(points, group)}
            for group in groups
            if len(group) >= FEWEST_FIRMS
        ],
        "unknown": _points_of(points, unknown) if len(unknown) >= FEWEST_FIRMS else None,
    }


def _points_of(points: Numbers, group: NDArray[np.int64]) -> dict[str, Any]:
    return {"firms": len(group), "points": round(float(points[group].mean()), 1)}


def _numbers(rows: pl.DataFrame, name: str) -> Numbers:
    """Return a column as numbers; a column of words is unknown throughout."""
    column = rows[name]
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        return np.full(len(column), np.nan)
    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy()


def passing_points(held_out: HeldOut) -> float:
    """Return a score that two thirds of the training firms reach, in steps of five."""
    return disclosure.passing_line(float(np.quantile(held_out.points, 1 - PASSING_SHARE)))


def segments(held_out: HeldOut, name: str) -> list[dict[str, Any]]:
    """Return each group's default rate, PD, calibration gap, AUC and adverse impact ratio, the largest groups first.

    The ratio is the share of the group that passes over that of the group with the highest share, at one line for all.
    Groups of fewer than ten firms stand together as `others`, and are not judged.
    """
    groups = held_out.rows[name].cast(pl.String).fill_null("?").to_numpy()
    names, counts = np.unique(groups, return_counts=True)
    passed = held_out.points >= passing_points(held_out)
    shares = {group: float(passed[groups == group].mean()) for group in names.tolist()}
    judged = [shares[group] for group, count in zip(names.tolist(), counts, strict=True) if count >= FEWEST_FIRMS]
    best = max(judged, default=0.0)
    return disclosure.folded([_segment(held_out, groups == group, group, shares[group], best) for group in shares])


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
