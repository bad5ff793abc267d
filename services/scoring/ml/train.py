"""From a table of labelled enterprises to a model that may serve, with its card: some seconds of background work."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import polars as pl
from threadpoolctl import threadpool_limits

from services.scoring.domain import drift, reference_enterprise, scale
from services.scoring.domain.adjustment import Adjustment
from services.scoring.domain.outcome import Terms, described
from services.scoring.ml import artefact as artefacts
from services.scoring.ml import plots, robustness, validation
from services.scoring.ml.blocks import Choice, Weighed
from services.scoring.ml.card import model_card
from services.scoring.ml.evaluate import evaluate
from services.scoring.ml.labels import labelled
from services.scoring.ml.learner import Learned, learn
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.validation import Explained, HeldOut

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from numpy.typing import NDArray

    from services.scoring.domain.rating import Ratings

    Progress = Callable[[int, int], None]

UNADJUSTED = Adjustment()
# Enough for the card's figures; `smecredit evaluate` takes ten repeats.
_CARD_FOLDS = 5
_CARD_REPEATS = 2


@dataclass(frozen=True, slots=True)
class Trained:
    """What training leaves behind: the file, the name of its content, and what is told about it."""

    path: Path
    sha256: str
    card: dict[str, Any]
    legend: dict[str, Any]


def train(  # noqa: PLR0913 -- what a model is made of, all but two by name
    frame: pl.DataFrame,
    catalogue: Mapping[str, Any] | None,
    *,
    version: str,
    seed: int,
    into: Path,
    label: str = "defaulted",
    definition: Mapping[str, Any] | None = None,
    adjustment: Adjustment = UNADJUSTED,
    ratings: Ratings | None = None,
    as_of: date | None = None,
    blocks: Sequence[str] = (),
    progress: Progress | None = None,
) -> Trained:
    """Learn, calibrate, evaluate, explain and write one model version into the folder `into`.

    `catalogue` is the document of `GET /catalogue`; None learns from every usable column of a bank's own table.
    `definition` tells what default means (`domain.outcome.described`); `adjustment` moves the level of the PDs that are
    served, while the card's figures of quality are those of what was learned. `ratings` are a bank's own grades, which
    the card then shows beside the model; those given after `as_of`, the day of the features, are left out. `blocks` of
    the catalogue's are learned from where held-out rows show that they pay, as the card tells either way.
    Same table, catalogue, version and seed give the same bytes. Raises `TrainingDataUnusable` with what is missing.
    """
    own = None if catalogue is None else [entry for entry in catalogue["features"] if entry.get("model", True)]
    rows, defaulted = labelled(usable(frame, own), label)
    found = _weighed(rows, defaulted, catalogue, own, blocks, seed)
    entries = own if found is None else found.entries
    metrics = evaluate(
        rows.with_columns(pl.Series(label, defaulted)),
        label,
        entries,
        folds=_CARD_FOLDS,
        repeats=_CARD_REPEATS,
        seed=seed,
        choose=None if found is None else found.choose,
        ranks=None if ratings is None else ratings.of(rows["enterprise"].to_list(), as_of),
        progress=progress,
    )
    # Threads of BLAS would only spin against each other on matrices of some hundred rows.
    with threadpool_limits(1):
        learned = learn(rows, defaulted, entries, seed=seed)
    level = adjustment.as_json(float(defaulted.mean()))
    served = _shifted(learned, level)
    declared = {"definition": described(Terms()) if definition is None else dict(definition), "adjustment": level}
    meanings = entries or [_plain_entry(name) for name in learned.encoding.sources]
    references = _references(rows, defaulted, served)
    artefact = artefacts.Artefact(
        version=version,
        booster=learned.booster.decode(),
        encoding=learned.encoding.as_json(),
        calibration=served.calibration.as_json(),
        legend={**_legend(version, references[0], meanings), **_kept(found), **declared},
        reference=references[0],
        references=references,
        card={},
        baseline=_baseline(rows, served),
    )
    scorer = Scorer(artefact, artefact.sha256)
    card = model_card(
        rows,
        defaulted,
        learned,
        scorer,
        metrics,
        lineage={
            "table_sha256": table_sha256(rows, defaulted, learned.encoding.sources),
            "catalogue": None if catalogue is None else catalogue.get("version"),
            "seed": seed,
        },
    )
    card |= declared if found is None else {**declared, "blocks": found.card}
    held_out = HeldOut(rows, defaulted, *_held_out_pds(learned))
    card["withholding"] = robustness.withholding(rows, scorer, of_catalogue=catalogue is not None)
    card["sensitivity"] = robustness.sensitivity(rows, scorer)
    card["seeds"] = robustness.seeds(
        rows,
        scorer,
        lambda other: learn(rows, defaulted, entries, seed=other),
        lambda other: _as_learned(artefact, _shifted(other, level)),
        seed,
    )
    explained = Explained(scorer.features, scorer.score_many(rows).points)
    card["validation"] = validation.figures(held_out, explained)
    complete = replace(artefact, card=card, baseline={**artefact.baseline, "points": _points_baseline(explained)})
    path = artefacts.write(complete, into)
    plots.draw(into, card)
    return Trained(path, complete.sha256, card, complete.legend)


def _weighed(
    rows: pl.DataFrame,
    defaulted: NDArray[np.bool_],
    catalogue: Mapping[str, Any] | None,
    own: list[dict[str, Any]] | None,
    blocks: Sequence[str],
    seed: int,
) -> Weighed | None:
    """Return what is learned from where blocks are asked for; None where none is, or no catalogue tells of any."""
    if catalogue is None or own is None or not blocks:
        return None
    offered = {name: catalogue.get("blocks", {}).get(name, []) for name in sorted(set(blocks))}
    return Choice(own, offered, _CARD_FOLDS, _CARD_REPEATS, seed).made(rows, defaulted)


def _kept(found: Weighed | None) -> dict[str, Any]:
    """Return what a legend tells of the blocks that a model reads: it asks for these and no others."""
    return {"blocks": dict(found.kept)} if found is not None and found.kept else {}


def _shifted(learned: Learned, level: Mapping[str, Any]) -> Learned:
    """Return a model with its PDs moved by what was declared (`Adjustment.as_json`)."""
    return replace(learned, calibration=learned.calibration.shifted(level["total_log_odds"]))


def _as_learned(artefact: artefacts.Artefact, learned: Learned) -> Scorer:
    """Return a scorer with other trees, its reasons against the same reference enterprise."""
    other = replace(
        artefact,
        booster=learned.booster.decode(),
        encoding=learned.encoding.as_json(),
        calibration=learned.calibration.as_json(),
    )
    return Scorer(other, other.sha256)


def _held_out_pds(learned: Learned) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return each firm's held-out PD, and that of every repeat (repeats, firms)."""
    log_odds = learned.calibration.log_odds
    return scale.sigmoid(log_odds(learned.held_out_margins.mean(axis=0))), scale.sigmoid(
        log_odds(learned.held_out_margins)
    )


def _baseline(rows: pl.DataFrame, learned: Learned) -> dict[str, Any]:
    """Return the training firms' distribution for the drift report; their scores are held out, as a stranger's are."""
    points = scale.points_of(learned.calibration.log_odds(learned.held_out_margins.mean(axis=0)))
    numbers = [column.source for column in learned.encoding.columns if column.kind == "number"]
    values = {name: rows[name].cast(pl.Float64, strict=False).fill_null(float("nan")) for name in numbers}
    return {
        "features": {name: drift.baseline(column.to_numpy()) for name, column in values.items()},
        "score": drift.baseline(np.rint(points)),
    }


def _points_baseline(explained: Explained) -> dict[str, Any]:
    """Return how the points of each feature that moves a score are distributed among the training firms."""
    columns = dict(zip(explained.features, explained.points.T, strict=True))
    moving = {name: column for name, column in columns.items() if np.ptp(column) > 0}
    return {name: {**drift.baseline(column), "mean": float(column.mean())} for name, column in moving.items()}


def usable(frame: pl.DataFrame, entries: Sequence[Mapping[str, Any]] | None) -> pl.DataFrame:
    """Leave out firms of which the catalogue knows nothing: the suite never scores them, so they teach nothing."""
    names = [entry["name"] for entry in entries or () if entry["name"] in frame.columns]
    return frame.filter(pl.any_horizontal(pl.col(names).is_not_null())) if names else frame


def table_sha256(frame: pl.DataFrame, defaulted: NDArray[np.bool_], names: Sequence[str]) -> str:
    """Return the name of a training table's content: its columns in the learner's order, then the outcomes."""
    digest = hashlib.sha256(orjson.dumps(list(names)))
    for name in names:
        digest.update(orjson.dumps(frame[name].to_list(), default=str))
    digest.update(np.packbits(defaulted).tobytes())
    return digest.hexdigest()


def _references(rows: pl.DataFrame, defaulted: NDArray[np.bool_], learned: Learned) -> list[dict[str, Any]]:
    """Return a book's reference enterprises by industry, the whole book's first; a bank's own table has no others."""
    points = scale.points_of(learned.calibration.log_odds(learned.held_out_margins.mean(axis=0)))
    known = "industry" in rows.columns and "industry" not in learned.encoding.sources
    industries = rows["industry"].cast(pl.String).to_list() if known else [None] * len(rows)
    return [_written(group, rows, learned) for group in reference_enterprise.groups(defaulted, points, industries)]


def _written(group: reference_enterprise.Group, rows: pl.DataFrame, learned: Learned) -> dict[str, Any]:
    values = reference_enterprise.typical(rows[group.firms], learned.encoding.sources, rows)
    named = hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()[:8]
    return {
        "id": f"{group.grade}-median-{group.industry or 'all'}-{named}".lower(),
        "title": group.title,
        "industry": group.industry,
        "grade": group.grade,
        "firms": len(group.firms),
        "values": values,
    }


def _legend(version: str, typical: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "version": version,
        "reference": typical["id"],
        "features": [
            {
                "name": entry["name"],
                "title": entry["title"],
                "unit": entry["unit"],
                "dimension": entry["dimension"],
                "reference": typical["values"][entry["name"]],
                "worse": entry["reason"]["worse"],
                "better": entry["reason"]["better"],
            }
            for entry in entries
        ],
    }


def _plain_entry(name: str) -> dict[str, Any]:
    """Return the words for a column that no catalogue describes: its own name."""
    words = {"zh": name, "en": name}
    return {"name": name, "title": words, "unit": "", "dimension": "", "reason": {"worse": words, "better": words}}
