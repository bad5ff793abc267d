"""The challenger in the shadow: it scores what the champion scores, and only the people who govern models see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl
import structlog

from chassis.core.errors import Refused
from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.comparison import compared
from services.scoring.domain.errors import FeaturesDoNotFit, ModelNotFound, ModelUnreadable
from services.scoring.ml.scorer import Scorer
from services.scoring.store import models, outcomes, scores
from services.scoring.store.batch_file import SHADOW

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shadow:
    """The challenger of this moment, or nobody. What it fails at is logged and never stops the champion's answer."""

    scorer: Scorer | None

    def beside(self, assessment: Assessment, values: Mapping[str, float | None]) -> list[dict[str, Any]]:
        """Return the row that stands beside one score: none without a challenger, or where it lacks a feature."""
        if self.scorer is None or any(name not in values for name in self.scorer.features):
            return []
        try:
            scored = self.scorer.score([values[name] for name in self.scorer.features])
        except Refused as refusal:
            return _failed(self.scorer, refusal, [])
        return [_row(assessment.id, self.scorer.version, scored.score, scored.grade, scored.pd)]

    def beside_many(self, rows: pl.DataFrame) -> pl.DataFrame | None:
        """Return the columns `batch_file.SHADOW` that stand beside the scores of rows; None where `beside` has none."""
        if self.scorer is None or any(name not in rows.columns for name in self.scorer.features):
            return None
        try:
            scored = self.scorer.score_many(rows.select(pl.col(*self.scorer.features).cast(pl.Float64)).to_numpy())
        except Refused as refusal:
            return _failed(self.scorer, refusal, None)
        columns = zip(SHADOW.values(), (scored.score, scored.grade.tolist(), scored.pd), strict=True)
        return pl.DataFrame(dict(columns))


def _failed(scorer: Scorer, refusal: Refused, nothing: T) -> T:
    log.warning("shadow-not-scored", model=scorer.version, error=type(refusal).__name__)
    return nothing


def shadow_of(context: Context, version: str | None) -> Shadow:
    """Return the challenger with this version; nobody where it cannot be loaded."""
    if version is None:
        return Shadow(None)
    try:
        return Shadow(context.shelf[version])
    except (ModelNotFound, ModelUnreadable, FeaturesDoNotFit) as error:
        log.warning("shadow-not-loaded", model=version, error=type(error).__name__)
        return Shadow(None)


def comparison(context: Context, version: str) -> dict[str, Any]:
    """Return how the challenger's scores compare with the champions' on the same firms, and with known outcomes."""
    with context.database.read() as session:
        model = models.model(session, version)
        pairs = scores.shadow_pairs(session, version)
        known = outcomes.by_enterprise(session, model.client, None)
    return {"model": version, "state": model.state, **compared(pairs, known)}


def _row(score: str, model: str, points: int, grade: str, pd: float) -> dict[str, Any]:
    return {"score": score, "model": model, "points": points, "grade": grade, "pd": pd}
