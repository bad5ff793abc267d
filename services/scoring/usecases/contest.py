"""Scoring a firm's features without the records that it disputes, by the model that gave the score."""

from __future__ import annotations

from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment, Features
from services.scoring.domain.contest import NO_CONTEST, Contest, other_view
from services.scoring.ml.scorer import Scorer


def contest(scorer: Scorer, features: Features, stood: int) -> Contest:
    """Return what is disputed in these features, and the score without it beside one of so many points."""
    if not features.disputes:
        return NO_CONTEST
    without = features.undisputed
    if without is None:
        return Contest(features.disputes)
    values = [without["values"].get(name) for name in scorer.features]
    said = None if all(value is None for value in values) else scorer.score(values, depth=without["depth"])
    return Contest(features.disputes, other_view(said, stood, without["depth"], without["features_sha256"]))


def contest_now(context: Context, assessment: Assessment, features: Features) -> Contest:
    """Return what is disputed now in the file that a stored score was made from.

    `features` are those of its day as known now. Where more is known since, they are asked for once more as known then:
    a difference must come from the dispute alone.
    """
    if features.undisputed is not None and features.sha256 != assessment.features_sha256:
        then = context.profile.read_again(
            assessment.enterprise, assessment.purpose, assessment.as_of, assessment.known_at
        )
        features = then or features
    return contest(context.shelf[assessment.model], features, assessment.score)
