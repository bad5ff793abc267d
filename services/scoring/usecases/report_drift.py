"""Report how a model fares: whether it still meets the firms it was made for, and whether its PDs came true."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np

from chassis.core.identity import Caller
from chassis.core.moments import day_of, start_of, today
from services.scoring.context import Context
from services.scoring.domain import backtest, drift
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.backtest import Followed
from services.scoring.domain.disclosure import LEAST_FIRMS
from services.scoring.domain.followup import USUAL_HORIZON, follow_up
from services.scoring.domain.outcome import Terms
from services.scoring.ml.scorer import Scorer
from services.scoring.store import models, outcomes, overrides, scores
from services.scoring.tables import Outcome

# What is looked at in one report: the newest so many scores of the period.
MOST_SCORES = 200_000
USUAL_DAYS = 365
SCORE_TITLE = {"zh": "评分", "en": "The score"}


@dataclass(frozen=True, slots=True)
class Period:
    """From and to which day a report looks, both included, and at which model: the serving one by default."""

    model: str | None = None
    since: date | None = None
    until: date | None = None

    def days(self) -> tuple[date, date]:
        """Return its first and its last day."""
        until = self.until or today()
        return self.since or until - timedelta(days=USUAL_DAYS), until


def report_drift(context: Context, caller: Caller, period: Period) -> dict[str, Any]:
    """Return the report on the scores that the caller ordered; an operator's is on all clients' scores.

    It holds sums only, nothing of one enterprise, so it is no read of anybody's file. Outcomes are the caller's own.
    """
    first, last = period.days()
    since, until = start_of(first), start_of(last + timedelta(days=1))
    client = None if caller.role == "operator" else caller.client
    with context.database.read() as session:
        version = models.model(session, period.model or models.serving_version(session)).version
        assessments = scores.scores_of_model(session, version, client, since, until, MOST_SCORES)
        seen = outcomes.observations(session, caller.client)
        known = outcomes.seen_by(session, caller.client)
        taught = models.trained_on(session, version)
        counts = overrides.override_counts(session, caller.client, since, until, version)
    scorer = context.shelf[version]
    months = [_month(scorer, month, rows) for month, rows in _by_month(assessments).items()]
    terms = Terms(scorer.legend.definition, scorer.legend.horizon_months)
    compared = follow_up(assessments, known, terms, None if taught is None else partial(models.among, taught))
    grades = backtest.by_grade(compared.followed)
    overall = backtest.hosmer_lemeshow(
        np.array([each.pd for each in compared.followed]),
        np.array([each.defaulted for each in compared.followed], dtype=np.bool_),
    )
    horizon = compared.terms.horizon_months or USUAL_HORIZON
    return {
        "model": version,
        "since": first,
        "until": last,
        "scores": len(assessments),
        "complete": len(assessments) < MOST_SCORES,
        "months": months,
        "back_test": {**compared.as_json(), "grades": grades, "hosmer_lemeshow": overall},
        "vintages": backtest.vintages(_followed(assessments, seen), today(), horizon),
        "migrations": backtest.migrations(_first_and_last(assessments)),
        "overrides": {
            **counts,
            "rate": counts["overridden"] / counts["scores"] if counts["scores"] else None,
        },
        "alerts": [alert for month in months for alert in month.pop("alerts")] + backtest.alerts(grades, overall),
        "limits": {"false_share": drift.FALSE_SHARE, "material": drift.MATERIAL, "large": drift.LARGE},
    }


def _by_month(scores: Sequence[Assessment]) -> dict[str, list[Assessment]]:
    """Return the scores of each calendar month of China, each enterprise once, with its last."""
    months: dict[str, dict[str, Assessment]] = defaultdict(dict)
    for score in scores:
        months[f"{day_of(score.created_at):%Y-%m}"][score.enterprise] = score
    return {month: list(firms.values()) for month, firms in sorted(months.items())}


def _month(scorer: Scorer, month: str, scores: Sequence[Assessment]) -> dict[str, Any]:
    """Return what a month's scores, values and points are against the training firms', all judged together.

    Models of before there was a baseline of points have none to compare. Of fewer than ten firms nothing is told: what
    a feature moves the mean of one firm by is that firm's own figure.
    """
    if len(scores) < LEAST_FIRMS:
        return {"month": month, "firms": len(scores), "subjects": [], "alerts": []}
    place = {name: position for position, name in enumerate(scorer.features)}
    seen = {
        "score": {"score": np.array([score.score for score in scores], dtype=np.float64)},
        "values": _columns(place, [score.values for score in scores]),
        "points": _columns(place, [score.points for score in scores]),
    }
    bases = {
        "score": {"score": scorer.baseline["score"]} if "score" in scorer.baseline else {},
        "values": scorer.baseline.get("features", {}),
        "points": scorer.baseline.get("points", {}),
    }
    alone = {
        (of, name): drift.stability(base, seen[of][name])
        for of, columns in bases.items()
        for name, base in columns.items()
        if name in seen[of]
    }
    found = drift.corrected(alone)
    titles: dict[str, Mapping[str, str]] = {each.name: each.title for each in scorer.legend.features}
    titles["score"] = SCORE_TITLE
    subjects = [
        {
            "of": of,
            "subject": name,
            "title": titles[name],
            "moved": _moved(bases[of][name], seen[of][name]),
            **each.as_json(),
        }
        for (of, name), each in found.items()
    ]
    return {"month": month, "firms": len(scores), "subjects": subjects, "alerts": drift.alerts(month, found, titles)}


def _columns(place: Mapping[str, int], rows: Sequence[Sequence[float | None]]) -> dict[str, Any]:
    table = np.array(rows, dtype=np.float64)
    return {name: table[:, position] for name, position in place.items()}


def _moved(base: Mapping[str, Any], column: Any) -> float | None:
    """Return by how many points a feature moves the mean score against the training firms; None for other subjects."""
    return float(np.mean(column)) - base["mean"] if "mean" in base and len(column) else None


def _followed(scores: Sequence[Assessment], seen: Sequence[Outcome]) -> list[Followed]:
    """Return each enterprise's first score of the period with what was last seen of it after the score was made."""
    last = {outcome.enterprise: outcome for outcome in seen}
    first: dict[str, Assessment] = {}
    for score in scores:
        first.setdefault(score.enterprise, score)
    return [
        Followed(score.grade, score.pd, score.as_of, last[name].defaulted, last[name].observed_on)
        for name, score in first.items()
        if name in last and last[name].observed_on >= score.as_of
    ]


def _first_and_last(scores: Sequence[Assessment]) -> list[tuple[str, str]]:
    """Return the first and last grade of each enterprise that was scored as of more than one day."""
    grades: dict[str, dict[date, str]] = defaultdict(dict)
    for score in scores:
        grades[score.enterprise][score.as_of] = score.grade
    return [(days[min(days)], days[max(days)]) for days in grades.values() if len(days) > 1]
