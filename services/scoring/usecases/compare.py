"""Explain one stored score against other reference enterprises of its model: the score stays, its reasons change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment, Legend, check_exact, said_by


@dataclass(frozen=True, slots=True)
class Explained:
    """A score with the reasons that one reference enterprise gives it, and the legend that has this reference."""

    assessment: Assessment
    legend: Legend


def against(context: Context, assessment: Assessment, references: Sequence[str]) -> list[Explained]:
    """Return the score explained against each of the references, by id, exactness checked.

    Raises `NotFound`, which names those that the model has. Nothing is stored: model and values give it again.
    """
    return [_against(context, assessment, reference) for reference in references]


def _against(context: Context, assessment: Assessment, reference: str) -> Explained:
    scorer = context.shelf[assessment.model].against(reference)
    scored = scorer.score(assessment.values, depth=assessment.depth)
    check_exact(scored.base_points, scored.points, scored.score_exact)
    return Explained(replace(assessment, **said_by(scored)), scorer.legend)
