"""Score many enterprises as a table and store nothing: what matching needs, and no query on anybody's file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

import orjson
import polars as pl

from chassis.core.moments import rfc3339
from services.scoring.clients import FeatureTable, Read
from services.scoring.context import Context
from services.scoring.domain.counting import Counts, sentence, unscored
from services.scoring.domain.order import ManyOrder
from services.scoring.domain.overlay import Overlay, RuleSet, cap_of, least_pd, most_points, overlay
from services.scoring.ml.deciding import DecidedMany
from services.scoring.ml.scorer import ScoredMany, Scorer
from services.scoring.store import counting, models, overlays
from services.scoring.usecases.score_many import Scores, score_many

MATCHING = "financing-match"
SCORE = {"score": pl.Int64, "grade": pl.String, "pd": pl.Float64, "pd_low": pl.Float64, "pd_high": pl.Float64}
# What the score with everything is called beside the one that decides.
WITH_ALL = "everything_"
# What a cap does: the grade, its highest points, its least PD.
BOUNDS = {"cap": pl.String, "most": pl.Int64, "least": pl.Float64}


@dataclass(frozen=True, slots=True)
class ScoreSet:
    """Parquet: one row an enterprise, `score` and the rest null where its data is not enough, or nothing counts."""

    body: bytes
    headers: dict[str, str]


def soft_check(
    context: Context, client: str, order: ManyOrder, purpose: str, *, with_features: bool = False
) -> ScoreSet:
    """Return the scores of the named enterprises, or of all that the client may see, by the serving model.

    `with_features` adds what they were made from, with everything and without what is not confirmed, and what is
    disputed: for a match, which so reads each file once.
    """
    moment = order.known_at or datetime.now(UTC)
    with context.database.read() as session:
        scorer = context.shelf[models.serving_version(session)]
        rules = overlays.in_force(session, moment)
        counts = order.counts or counting.usual(session, client, moment, context.settings.counts)
    what = Read.MATCH if purpose == MATCHING else Read.NEW_SCORE
    book = context.profile.feature_set(order, what, blocks=scorer.blocks)
    scores = score_many(scorer, book, counts)
    decided = _ruled(_table(scores), rules, book)
    table = _with_features(decided, book, scorer, _sentences(scores, counts)) if with_features else decided
    body = BytesIO()
    table.write_parquet(body, compression="lz4")
    headers = {
        "Model-Version": scorer.version,
        "Reference": scorer.legend.reference,
        "As-Of": book.as_of.isoformat(),
        "Known-At": rfc3339(book.known_at),
        "Withheld": str(book.withheld),
        "Catalogue": book.catalogue,
        "Counts": counts,
    }
    return ScoreSet(body.getvalue(), headers)


def _table(scores: Scores) -> pl.DataFrame:
    decided, keys = scores.decided, ("depth", "features_sha256")
    known = scores.enough.select("enterprise").with_columns(
        *_said(decided, decided.scored, ""),
        decided.depth,
        decided.sha256,
        *_said(decided, decided.everything, WITH_ALL),
    )
    return pl.concat([known, scores.thin.select("enterprise", *keys)], how="diagonal").sort("enterprise")


def _said(decided: DecidedMany, scored: ScoredMany, prefix: str) -> list[pl.Series]:
    """Return the columns of the scores that decide, null where nothing counts, or of those with everything."""
    columns = [pl.Series(f"{prefix}{name}", getattr(scored, name), dtype=of) for name, of in SCORE.items()]
    if prefix or decided.nothing is None:
        return columns
    nothing = pl.Series(decided.nothing)
    return [column.set(nothing, None) for column in columns]


def _ruled(table: pl.DataFrame, rules: RuleSet | None, book: FeatureTable) -> pl.DataFrame:
    """Return scores under the expert rules, which `overlay` tells (JSON): the points, grade and PD that decide.

    Both scores of a firm are capped; null stays null. Hardly any firm meets a rule.
    """
    told = [
        (name, said)
        for name, records in book.frame.select("enterprise").with_columns(book.said["records"]).iter_rows()
        if records not in {None, "[]"} and (said := overlay(rules, orjson.loads(records))) and said["rules"]
    ]
    lines = [(name, orjson.dumps(said).decode(), *_bounds(said)) for name, said in told]
    bounds = pl.DataFrame(lines, schema={"enterprise": pl.String, "overlay": pl.String, **BOUNDS}, orient="row")
    joined = table.join(bounds, on="enterprise", how="left", maintain_order="left")
    for prefix in ("", WITH_ALL):
        above = (pl.col(f"{prefix}score") > pl.col("most")).fill_null(value=False)
        joined = joined.with_columns(
            pl.when(above).then("most").otherwise(f"{prefix}score").alias(f"{prefix}score"),
            pl.when(above).then("cap").otherwise(f"{prefix}grade").alias(f"{prefix}grade"),
            *(
                pl.when(above)
                .then(pl.max_horizontal("least", f"{prefix}{name}"))
                .otherwise(f"{prefix}{name}")
                .alias(f"{prefix}{name}")
                for name in ("pd", "pd_low", "pd_high")
            ),
        )
    return joined.drop(*BOUNDS)


def _bounds(said: Overlay) -> tuple[str, int, float]:
    cap = cap_of(said)
    assert cap is not None, "a rule that is met caps"
    return cap, most_points(cap), least_pd(cap)


def _with_features(scores: pl.DataFrame, book: FeatureTable, scorer: Scorer, sentences: dict[str, str]) -> pl.DataFrame:
    """Return what the profile service told of each firm, and its scores beside it: hash and depth are of the whole.

    Figures of blocks went into the score: no product asks for them.
    """
    counted = book.frame["enterprise"].replace_strict(sentences, default=None, return_dtype=pl.String).alias("counted")
    marks = {enterprise: orjson.dumps(each).decode() for enterprise, each in book.disputes.items()}
    disputes = book.frame["enterprise"].replace_strict(marks, default=None, return_dtype=pl.String).alias("disputes")
    told = book.frame.drop(scorer.of_blocks).with_columns(disputes, *book.said, counted)
    return told.join(scores.drop("depth", "features_sha256"), on="enterprise", how="left")


def _sentences(scores: Scores, counts: Counts) -> dict[str, str]:
    """Return what is said, as JSON, of each enterprise of which something is set aside, by its name."""
    decided, rows, said = scores.decided, scores.enough.select("enterprise", "evidence"), {}
    for row, beside in decided.beside.items():
        enterprise, told = rows.row(row)
        evidence = None if told is None else orjson.loads(told)
        if decided.nothing is not None and decided.nothing[row]:
            words = unscored(enterprise, evidence)
        else:
            words = sentence(counts, int(decided.scored.score[row]), beside, evidence)
        said[enterprise] = orjson.dumps(words).decode()
    return said
