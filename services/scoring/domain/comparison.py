"""Champion and challenger on the same firms: where they agree, where they part, and who was right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from services.scoring.domain import metrics
from services.scoring.domain.scale import MASTER_SCALE

_ORDER = {grade.name: position for position, grade in enumerate(MASTER_SCALE)}
# Fewer known outcomes of one kind rank nothing.
FEWEST_OF_A_KIND = 5
# Of fewer scores a mean or a quantile would tell of single firms.
FEWEST_SCORES = 10


def compared(pairs: Sequence[Mapping[str, Any]], outcomes: Mapping[str, bool]) -> dict[str, Any]:
    """Compare `pairs` (score, grade, pd; points, shadow_grade, shadow_pd; enterprise) and hold both to `outcomes`.

    Fewer than ten pairs are counted and not compared.
    `notches` counts by how many grades the challenger stands above (negative) or below (positive) the champion.
    """
    if len(pairs) < FEWEST_SCORES:
        nothing: dict[str, Any] = {"points": None, "notches": {}, "same_grade": None, "outcomes": None}
        return {"scores": len(pairs), "champions": sorted({pair["model"] for pair in pairs}), **nothing}
    gap = np.array([pair["points"] - pair["score"] for pair in pairs], dtype=np.float64)
    notches = Counter(_ORDER[pair["shadow_grade"]] - _ORDER[pair["grade"]] for pair in pairs)
    return {
        "scores": len(pairs),
        "champions": sorted({pair["model"] for pair in pairs}),
        "points": {
            "mean": float(gap.mean()),
            "p5": float(np.percentile(gap, 5)),
            "median": float(np.median(gap)),
            "p95": float(np.percentile(gap, 95)),
            "largest": float(np.abs(gap).max()),
        },
        "notches": {str(step): notches[step] for step in sorted(notches)},
        "same_grade": notches[0] / len(pairs),
        "outcomes": _held_to(pairs, outcomes),
    }


def _held_to(pairs: Sequence[Mapping[str, Any]], outcomes: Mapping[str, bool]) -> dict[str, Any] | None:
    latest = {pair["enterprise"]: pair for pair in pairs if pair["enterprise"] in outcomes}
    defaulted = np.array([outcomes[name] for name in latest], dtype=np.bool_)
    bad = int(defaulted.sum())
    if min(bad, len(defaulted) - bad) < FEWEST_OF_A_KIND:
        return None
    figures: dict[str, Any] = {"firms": len(defaulted), "defaults": bad}
    for name, column in (("champion", "pd"), ("challenger", "shadow_pd")):
        pd = np.array([pair[column] for pair in latest.values()], dtype=np.float64)
        figures[name] = {"auc": metrics.auc(defaulted, pd), "brier": metrics.brier(defaulted, pd)}
    return figures
