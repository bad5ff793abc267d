"""How stored values become what a client reads: scores, models, batches, evaluations, outcomes, overrides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy.orm import Session

from chassis.core.moments import rfc3339
from chassis.data import jobs
from chassis.data.jobs import JobState
from services.scoring.context import Shelf
from services.scoring.domain.assessment import Assessment, Legend, Meaning
from services.scoring.domain.contest import Contest, disputed_counts, undisputed_view
from services.scoring.domain.counting import BESIDE, Beside, Counts, shares
from services.scoring.domain.counting import sentence as told
from services.scoring.domain.disclosure import disclosed
from services.scoring.domain.fuller import sentence as supposed
from services.scoring.domain.gate import Standing
from services.scoring.domain.outcome import described
from services.scoring.domain.overlay import Effective, Overlay, binds, effective
from services.scoring.domain.reason_codes import code_of
from services.scoring.domain.reasons import sentence
from services.scoring.store import batches, models
from services.scoring.tables import Batch, Evaluation, Model, Outcome, Override
from services.scoring.usecases.batch import Refusal, Result
from services.scoring.usecases.compare import Explained
from services.scoring.usecases.train import declared_by

# Beside what an enterprise that speaks for itself is told of its score (ADR 28).
OWN_VIEW = {
    "zh": "以下分数与各项影响仅按贵企业自身档案计算：交易对方档案能否印证贵企业自行报送的数据，不向贵企业披露。"
    "查询方据以决定的评分可能依据更多印证而更高。",
    "en": "Score and contributions are by your own file alone: whether partners' files bear out what you state "
    "yourself is not told to you. The score that decides may rest on more, and be higher.",
}


def score(
    assessment: Assessment,
    legend: Legend,
    contest: Contest,
    standing: Standing,
    override: Override | None = None,
    renewed_by: str | None = None,
    repeat_of: str | None = None,
) -> dict[str, Any]:
    """Return the answer that a client reads, the same bytes each time the stored assessment is read.

    An analyst's override, what the enterprise disputes and how the model stands to its gate are beside it and change
    nothing in it. Grade and PD are those that decide, under the expert rules; the model's own stand with the model.
    """
    decides = assessment.effective
    return {
        "id": assessment.id,
        "enterprise": assessment.enterprise,
        "score": assessment.score,
        "grade": decides.grade,
        "pd": decides.pd,
        "pd_interval": assessment.interval,
        "depth": assessment.depth,
        **_explanation(assessment, legend),
        "model": {
            "version": legend.version,
            "reference": legend.reference,
            "gate": "passed" if standing.passed else "failed",
            "exception": standing.exception,
            "definition": legend.definition,
            "horizon_months": legend.horizon_months,
            **_said(assessment),
        },
        **_overlay(assessment),
        "as_of": assessment.as_of,
        "known_at": rfc3339(assessment.known_at),
        "features_sha256": assessment.features_sha256,
        "purpose": assessment.purpose,
        "override": None if override is None else overridden(override, own_view=assessment.own_view),
        "disputes": contest.disputes,
        "undisputed": (undisputed := undisputed_view(assessment, contest)),
        "disputed_counts": disputed_counts(contest, undisputed),
        **_counted(assessment),
        "own_view": OWN_VIEW if assessment.own_view else None,
        "fuller": _fuller(assessment),
        "renewed_by": renewed_by,
        "repeat_of": repeat_of,
        "receipt": f"/v1/scores/{assessment.id}/receipt",
        "batch": assessment.batch,
        "created_at": rfc3339(assessment.created_at),
    }


def _said(assessment: Assessment) -> dict[str, Any]:
    """Return the model's own figures."""
    same = {"score": assessment.score, "grade": assessment.grade, "pd": assessment.pd}
    return {**same, "pd_interval": (assessment.pd_low, assessment.pd_high)}


def _overlay(assessment: Assessment) -> dict[str, Any]:
    """Return which expert rules a firm meets, whether each binds, and the version that was asked; null for none."""
    said = assessment.overlay
    if said is None:
        return {"overlay": [], "overlay_version": None}
    rules = [{**each, "effect": {**each["effect"], "binds": binds(assessment, each)}} for each in said["rules"]]
    return {"overlay": rules, "overlay_version": said["version"]}


def _counted(assessment: Assessment) -> dict[str, Any]:
    """Return what counted, both scores where there are two, what the file's money rests on, and all of it as words."""
    counts, beside, evidence = assessment.counts or Counts.EVERYTHING, assessment.beside, assessment.evidence
    pair: dict[Counts, Assessment | Beside] = {}
    if beside is not None:
        pair = {beside.counts.other: assessment, beside.counts: beside}
    return {
        "counts": counts,
        "with_everything": _other(pair.get(Counts.EVERYTHING), assessment.overlay),
        "with_confirmed": _other(pair.get(Counts.CONFIRMED), assessment.overlay),
        "evidence": None if evidence is None else shares(evidence),
        "counted": None if beside is None else told(counts, assessment.score, beside, evidence),
    }


def _other(one: Assessment | Beside | None, overlay: Overlay | None) -> dict[str, Any] | None:
    """Return one of the two scores as the whole answer is: points of the model, grade and PD under the expert rules."""
    if one is None:
        return None
    same = {"score": one.score, "depth": one.depth, "features_sha256": one.features_sha256}
    if one.score is None:
        return {**same, **dict.fromkeys(("grade", "pd", "pd_interval"))}
    decides = effective(Effective(*(getattr(one, name) for name in BESIDE)), overlay)
    interval = one.interval if isinstance(one, Assessment) else (decides.pd_low, decides.pd_high)
    return {**same, "grade": decides.grade, "pd": decides.pd, "pd_interval": interval}


def _fuller(assessment: Assessment) -> dict[str, Any] | None:
    """Return the score of the file if its months not shown were like those shown; points are the model's, as above."""
    fuller = assessment.fuller
    if fuller is None:
        return None
    decides = effective(fuller, assessment.overlay)
    return {
        "score": fuller.score,
        "grade": decides.grade,
        "pd": decides.pd,
        "difference": fuller.score - assessment.score,
        "shown": dict(fuller.shown),
        "months": fuller.months,
        "registered_on": fuller.registered_on,
        "depth": fuller.depth,
        "features_sha256": fuller.features_sha256,
        "sentence": supposed(fuller, assessment.score),
    }


def batch_line(result: Result, shelf: Shelf, standing: Callable[[str], Standing]) -> bytes:
    """Return the line of one enterprise in a batch's results; `standing` is that of a model by its version."""
    if isinstance(result, Refusal):
        line: dict[str, Any] = {"enterprise": result.enterprise, "problem": result.problem}
    else:
        version = result.assessment.model
        line = score(
            result.assessment,
            shelf[version].legend,
            result.contest,
            standing(version),
            repeat_of=result.repeat_of,
        )
    return orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE)


def against(explained: Explained) -> dict[str, Any]:
    """Return base points, reasons and contributions of a score against another reference enterprise."""
    return {"reference": explained.legend.reference, **_explanation(explained.assessment, explained.legend)}


def model(session: Session, row: Model) -> dict[str, Any]:
    """Return a model and its card; a training that was refused shows as `failed` with its problem."""
    job = jobs.state_of(session, row, row.job)
    failed = row.state == "training" and job.state == "failed"
    return {
        "version": row.version,
        "state": "failed" if failed else row.state,
        "progress": _progress(job),
        "seed": row.seed,
        "as_of": _day(row.as_of),
        "known_at": _moment(row.known_at),
        "artefact_sha256": row.artefact_sha256,
        "card": disclosed(row.card),
        "problem": job.problem,
        "created_at": _moment(row.created_at),
        "trained_at": _moment(row.trained_at),
        "promoted_at": _moment(row.promoted_at),
        "approved_at": _moment(row.approved_at),
        "approved_by": row.approved_by,
        "exception": row.exception,
        "terms": row.terms,
        "told": _told(row),
        "trained_by": row.client,
        "lineage": row.lineage,
    }


def _told(row: Model) -> list[dict[str, str]]:
    """Return what to know of a model's default and labels: what its order leaves open, and once trained all of it."""
    said = (row.card or {}).get("definition") or described(declared_by(row)[0])
    return [dict(each) for each in said["told"]]


def events(session: Session, version: str) -> list[dict[str, Any]]:
    """Return what was decided about a model, the oldest first."""
    return [
        {"event": row.event, "client": row.client, "note": row.note, "at": rfc3339(row.at)}
        for row in models.events_of(session, version)
    ]


def batch(session: Session, row: Batch) -> dict[str, Any]:
    """Return a batch's state and counts."""
    job = jobs.state_of(session, row, row.job)
    scored, refused = batches.counts(session, row.id)
    return {
        "id": row.id,
        "state": job.state,
        "progress": _progress(job),
        "model": row.model,
        "as_of": _day(row.as_of),
        "known_at": _moment(row.known_at),
        "scored": scored,
        "refused": refused,
        "withheld": row.withheld,
        "counts": row.counts,
        "repeat_of": batches.repeat_of(session, row),
        "problem": job.problem,
        "created_at": _moment(row.created_at),
    }


def evaluation(session: Session, row: Evaluation) -> dict[str, Any]:
    """Return an evaluation's state and figures."""
    job = jobs.state_of(session, row, row.job)
    return {
        "id": row.id,
        "state": job.state,
        "progress": _progress(job),
        "result": row.result,
        "problem": job.problem,
        "created_at": _moment(row.created_at),
    }


def outcome(row: Outcome) -> dict[str, Any]:
    """Return a recorded outcome."""
    return {
        "id": row.id,
        "enterprise": row.enterprise,
        "defaulted": row.defaulted,
        "observed_on": row.observed_on.isoformat(),
        "definition": row.definition,
        "window_from": _day(row.window_from),
        "horizon_months": row.horizon_months,
        "known_at": rfc3339(row.known_at),
    }


def overridden(row: Override, *, own_view: bool = False) -> dict[str, Any]:
    """Return the grade that an analyst gave beside the model's, which is left out of an enterprise's own view."""
    names = ("id", "score", "model_grade", "grade", "steps", "reason", "note")
    shown = {**{name: getattr(row, name) for name in names}, "created_at": rfc3339(row.created_at)}
    return {**shown, "model_grade": None, "steps": None} if own_view else shown


def _progress(job: JobState) -> dict[str, int | None]:
    return {"done": job.done, "total": job.total}


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else rfc3339(moment)


def _explanation(assessment: Assessment, legend: Legend) -> dict[str, Any]:
    """Return what depends on the reference enterprise; the rest of a score does not."""
    return {
        "reasons": [
            _reason(legend.features[i], assessment.points[i], assessment.values[i]) for i in assessment.reasons
        ],
        "base_points": assessment.base_points,
        "contributions": _contributions(assessment, legend),
    }


def _contributions(assessment: Assessment, legend: Legend) -> orjson.Fragment:
    """Return all features' lines, written: fifty dicts of which two numbers change cost a third of an answer's time."""
    points, values = (orjson.dumps(list(each))[1:-1].split(b",") for each in (assessment.points, assessment.values))
    lines = [
        head + point + middle + value + tail
        for (head, middle, tail), point, value in zip(_lines(legend), points, values, strict=True)
    ]
    return orjson.Fragment(b"[" + b",".join(lines) + b"]")


@lru_cache(maxsize=64)
def _lines(legend: Legend) -> tuple[tuple[bytes, bytes, bytes], ...]:
    """Return what stands before, between and behind the two numbers of each feature's line: written once a legend."""
    return tuple(_written(meaning) for meaning in legend.features)


def _written(meaning: Meaning) -> tuple[bytes, bytes, bytes]:
    start = orjson.dumps({"feature": meaning.name})[:-1] + b',"points":'
    return start, b',"value":', b"," + orjson.dumps(_frame(meaning, meaning.title))[1:]


def _frame(meaning: Meaning, title: Mapping[str, str]) -> dict[str, Any]:
    return {
        "reference": meaning.reference,
        "unit": meaning.unit,
        "title": title,
        "dimension": meaning.dimension,
    }


def _reason(meaning: Meaning, points: float, value: float | None) -> dict[str, Any]:
    phrase = meaning.worse if points < 0 else meaning.better
    return {
        "feature": meaning.name,
        "code": code_of(meaning.name, points),
        "points": points,
        "value": value,
        **_frame(meaning, phrase),
        "sentence": sentence(phrase, points, value, meaning.reference, meaning.unit),
    }
