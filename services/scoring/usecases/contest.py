"""Scoring a firm's features without the records that it disputes, by the model that gave the score."""

from __future__ import annotations

from datetime import datetime

from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment, Features
from services.scoring.domain.contest import Contest, other_view
from services.scoring.domain.leave import Leave
from services.scoring.ml.scorer import Scorer


def contest(scorer: Scorer, features: Features, stood: int) -> Contest:
    """Return what is disputed in these features, the score without it, and its difference from the stored one."""
    without = features.undisputed
    if without is None:
        return Contest(features)
    values = [without["values"].get(name) for name in scorer.features]
    scored = None if all(value is None for value in values) else scorer.score(values, depth=without["depth"])
    return Contest(features, other_view(scored, stood, without["depth"], without["features_sha256"]))


def contest_now(context: Context, assessment: Assessment, leave: Leave) -> Contest:
    """Return what is disputed now in the file that a stored score was made from, and the score without it.

    The other view needs the features of the score's day anew: that look is recorded, and counts. Where more is known
    since, they are asked for as known then: a difference must come from the dispute alone. A consent that has no read
    left still shows the marks.
    """
    if not leave.disputes:
        return Contest(leave)
    features = _features_of(context, assessment, None)
    if features is None:
        return Contest(leave)
    if features.undisputed is not None and features.sha256 != assessment.features_sha256:
        features = _features_of(context, assessment, assessment.known_at) or features
    return contest(context.shelf[assessment.model], features, assessment.score)


def _features_of(context: Context, assessment: Assessment, known_at: datetime | None) -> Features | None:
    same = (assessment.enterprise, assessment.purpose, assessment.as_of)
    return context.profile.features_then(*same, known_at)
