"""Score many enterprises as a table and store nothing: what matching needs, and no query on anybody's file."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import polars as pl

from services.scoring.context import Context
from services.scoring.domain.assessment import rfc3339
from services.scoring.domain.order import ManyOrder
from services.scoring.store import models
from services.scoring.usecases.score_many import Scores, score_many


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """Parquet: one row an enterprise, `score` and the rest null where its data is not enough."""

    body: bytes
    headers: dict[str, str]


def soft_check(context: Context, order: ManyOrder) -> ScoreSet:
    """Return the scores of the named enterprises, or of all that the caller may see, by the serving model."""
    with context.database.read() as session:
        scorer = context.shelf[models.serving_version(session)]
    book = context.profile.feature_set(order)
    body = BytesIO()
    _table(score_many(scorer, book)).write_parquet(body, compression="lz4")
    headers = {
        "Model-Version": scorer.version,
        "Reference": scorer.legend.reference,
        "As-Of": book.as_of.isoformat(),
        "Known-At": rfc3339(book.known_at),
        "Withheld": str(book.withheld),
    }
    return ScoreSet(body.getvalue(), headers)


def _table(scores: Scores) -> pl.DataFrame:
    keys = ("depth", "features_sha256")
    scored = scores.scored
    known = scores.enough.select(
        "enterprise",
        pl.Series("score", scored.score, pl.Int64),
        pl.Series("grade", scored.grade, pl.String),
        pl.Series("pd", scored.pd, pl.Float64),
        pl.Series("pd_low", scored.pd_low, pl.Float64),
        pl.Series("pd_high", scored.pd_high, pl.Float64),
        *keys,
    )
    return pl.concat([known, scores.thin.select("enterprise", *keys)], how="diagonal").sort("enterprise")
