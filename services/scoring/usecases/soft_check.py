"""Score many enterprises as a table and store nothing: what matching needs, and no query on anybody's file."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import orjson
import polars as pl

from chassis.core.moments import rfc3339
from services.scoring.clients import FeatureTable, Read
from services.scoring.context import Context
from services.scoring.domain.order import ManyOrder
from services.scoring.store import models
from services.scoring.usecases.score_many import Scores, score_many

MATCHING = "financing-match"


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """Parquet: one row an enterprise, `score` and the rest null where its data is not enough."""

    body: bytes
    headers: dict[str, str]


def soft_check(context: Context, order: ManyOrder, purpose: str, *, with_features: bool = False) -> ScoreSet:
    """Return the scores of the named enterprises, or of all that the caller may see, by the serving model.

    `with_features` adds what they were made from, and what is disputed: for a match, which so reads each file once.
    """
    with context.database.read() as session:
        scorer = context.shelf[models.serving_version(session)]
    book = context.profile.feature_set(order, Read.MATCH if purpose == MATCHING else Read.NEW_SCORE)
    table = _table(score_many(scorer, book))
    if with_features:
        table = _with_features(table, book)
    body = BytesIO()
    table.write_parquet(body, compression="lz4")
    headers = {
        "Model-Version": scorer.version,
        "Reference": scorer.legend.reference,
        "As-Of": book.as_of.isoformat(),
        "Known-At": rfc3339(book.known_at),
        "Withheld": str(book.withheld),
        "Catalogue": book.catalogue,
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


def _with_features(scores: pl.DataFrame, book: FeatureTable) -> pl.DataFrame:
    marks = {enterprise: orjson.dumps(each).decode() for enterprise, each in book.disputes.items()}
    disputes = book.frame["enterprise"].replace_strict(marks, default=None, return_dtype=pl.String).alias("disputes")
    same = [name for name in scores.columns if name != "enterprise" and name in book.frame.columns]
    return book.frame.with_columns(disputes).join(scores.drop(same), on="enterprise", how="left")
