"""Scoring a firm's features without the records that it disputes, by the model that gave the score."""

from __future__ import annotations

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

    The other view needs the features of the score's day anew, as known then. That is one look, recorded and counted.
    The marks alone are shown where a consent has no read left, and where the file says something else of that moment
    than it did (records were taken out of it since): a difference must come from the dispute alone.
    """
    if not leave.disputes:
        return Contest(leave)
    moment = (assessment.as_of, assessment.known_at)
    features = context.profile.features_then(assessment.enterprise, assessment.purpose, *moment)
    if features is None or features.sha256 != assessment.features_sha256:
        return Contest(leave)
    return contest(context.shelf[assessment.model], features, assessment.score)
