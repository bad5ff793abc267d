"""The challenger in the shadow: it scores what the champion scores, and only the people who govern models see it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl
import structlog

from chassis.core.errors import Refused
from chassis.core.identity import Caller
from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment, Features
from services.scoring.domain.comparison import compared
from services.scoring.domain.counting import Counts
from services.scoring.domain.errors import FeaturesDoNotFit, ModelNotFound, ModelUnreadable
from services.scoring.ml.deciding import decide, decide_many
from services.scoring.ml.scorer import Scored, Scorer
from services.scoring.store import models, outcomes, scores
from services.scoring.store.batch_file import SHADOW
from services.scoring.usecases.standing import check_governs

T = TypeVar("T")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Shadow:
    """The challenger of this moment, or nobody. What it fails at is logged and never stops the champion's answer."""

    scorer: Scorer | None

    def beside(self, assessment: Assessment, file: Features) -> list[dict[str, Any]]:
        """Return the row that stands beside one score: none without a challenger, or where it lacks a feature.

        What counts for the champion counts for the challenger.
        """
        if self.scorer is None or any(name not in file.values for name in self.scorer.features):
            return []
        try:
            (decided,) = decide(self.scorer, [file.as_read()], [assessment.counts or Counts.EVERYTHING])
        except Refused as refusal:
            return _failed(self.scorer, refusal, [])
        scored = None if decided is None else decided.scored
        return [] if scored is None else [_row(assessment.id, self.scorer.version, scored)]

    def beside_many(self, rows: pl.DataFrame, confirmed: pl.DataFrame, counts: Counts) -> pl.DataFrame | None:
        """Return the columns `batch_file.SHADOW` that stand beside the scores of rows; None where `beside` has none.

        They are null in rows of which nothing counts for the challenger.
        """
        if self.scorer is None or any(name not in rows.columns for name in self.scorer.features):
            return None
        try:
            decided = decide_many(self.scorer, rows, confirmed, counts)
        except Refused as refusal:
            return _failed(self.scorer, refusal, None)
        scored = decided.scored
        columns = zip(SHADOW.values(), (scored.score, scored.grade.tolist(), scored.pd), strict=True)
        beside = pl.DataFrame(dict(columns))
        if decided.nothing is None:
            return beside
        return beside.select(pl.when(pl.Series(~decided.nothing)).then(pl.all()))


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


def comparison(context: Context, caller: Caller, version: str) -> dict[str, Any]:
    """Return how the challenger's scores compare with the champions' on the same firms, and with known outcomes.

    It is on the scores of all clients and on the outcomes that the model's trainer reported: for who decides about it.
    """
    with context.database.read() as session:
        model = models.model(session, version)
        check_governs(caller, model)
        pairs = scores.shadow_pairs(session, version)
        known = outcomes.by_enterprise(session, model.client, None)
    return {"model": version, "state": model.state, **compared(pairs, known)}


def _row(score: str, model: str, said: Scored) -> dict[str, Any]:
    return {"score": score, "model": model, "points": said.score, "grade": said.grade, "pd": said.pd}
