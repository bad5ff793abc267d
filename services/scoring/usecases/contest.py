"""Scoring a firm's features without the records that it disputes, by the model that gave the score."""

from __future__ import annotations

from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment, Features
from services.scoring.domain.contest import Contest, other_view
from services.scoring.domain.counting import Counts
from services.scoring.domain.leave import Leave
from services.scoring.ml.deciding import decide
from services.scoring.ml.scorer import Scorer


def contest(scorer: Scorer, features: Features, stood: int, counts: Counts) -> Contest:
    """Return what is disputed in these features, the score without it, and its difference from the stored one.

    Both scores are decided by the same policy: what is not confirmed may raise neither.
    """
    without = features.undisputed
    if without is None:
        return Contest(features)
    (decided,) = decide(scorer, [without], [counts])
    if decided is None:
        return Contest(features, other_view(None, stood, without["depth"], without["features_sha256"]))
    reading = decided.reading
    return Contest(features, other_view(decided.scored, stood, reading.depth, reading.features_sha256))


def contest_now(context: Context, assessment: Assessment, leave: Leave) -> Contest:
    """Return what is disputed now in the file that a stored score was made from, and the score without it.

    The other view needs the features of the score's day anew, as known then. That is one look, recorded and counted.
    The marks alone are shown where a consent has no read left, and where the file says something else of that moment
    than it did (records were taken out of it since): a difference must come from the dispute alone.
    """
    if not leave.disputes:
        return Contest(leave)
    moment = (assessment.as_of, assessment.known_at)
    scorer = context.shelf[assessment.model]
    features = context.profile.features_then(assessment.enterprise, assessment.purpose, *moment, scorer.blocks)
    counts = assessment.counts or Counts.EVERYTHING
    if features is None or not _same_file(features, assessment, counts):
        return Contest(leave)
    return contest(scorer, features, assessment.score, counts)


def _same_file(features: Features, assessment: Assessment, counts: Counts) -> bool:
    """Tell whether a file says what a score was made from; the firm itself is not told what partners' files confirm."""
    confirmed = None if features.confirmed is None else features.confirmed["features_sha256"]
    same = features.sha256 == assessment.file_sha256
    return same and (counts is Counts.EVERYTHING or confirmed == assessment.confirmed_sha256)
