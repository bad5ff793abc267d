"""Explain one stored score against other reference enterprises of its model: the score stays, its reasons change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment, check_exact, said_by, shown

# What depends on the reference enterprise; the rest of a score does not.
MOVES = ("base_points", "reasons", "contributions")


def against(context: Context, assessment: Assessment, references: Sequence[str]) -> list[dict[str, Any]]:
    """Return base points, reasons and contributions against each of the references, by id, exactness checked.

    Raises `NotFound`, which names those that the model has. Nothing is stored: model and values give it again.
    """
    return [_against(context, assessment, reference) for reference in references]


def _against(context: Context, assessment: Assessment, reference: str) -> dict[str, Any]:
    scorer = context.shelf[assessment.model].against(reference)
    scored = scorer.score(assessment.values, depth=assessment.depth)
    check_exact(scored.base_points, scored.points, scored.score_exact)
    said = shown(replace(assessment, **said_by(scored)), scorer.legend)
    return {"reference": reference, **{name: said[name] for name in MOVES}}
