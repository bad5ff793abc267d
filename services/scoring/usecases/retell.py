"""A score as the enterprise itself is told it: by its own file, without what partners' files confirm (ADR 28).

Whoever makes up a sale, or has a true one, would learn from the figures of its score whether the other's file is in the
book. So what an enterprise that speaks for itself reads is a function of its own file, to the byte.
"""

from __future__ import annotations

from dataclasses import replace

from chassis.core.identity import Caller
from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment, Features, said_by, thin
from services.scoring.domain.counting import Counts
from services.scoring.domain.errors import ConsentEnded, NotEnoughData
from services.scoring.ml.deciding import decide
from services.scoring.ml.scorer import Scorer

ENDED = "The enterprise's consent is no longer in force; ask it for a new one."
SUBJECT = "subject"


def as_told(context: Context, caller: Caller, assessment: Assessment) -> Assessment:
    """Return a score as its reader is told it; only the enterprise itself, and only of its own word, is told another.

    Raises `NotEnoughData` where nothing of its own file of then is left to tell it by.
    """
    if not caller.owns(assessment.enterprise) or assessment.counts is None:
        return assessment
    moment = (assessment.as_of, assessment.known_at)
    blocks = _blocks_of(context.shelf[assessment.model], assessment)
    file = context.profile.features_then(assessment.enterprise, assessment.purpose, *moment, blocks)
    if file is None:
        raise ConsentEnded(ENDED)
    return _retold(context, assessment, file) if _own_word(assessment, file) else assessment


def _blocks_of(scorer: Scorer, assessment: Assessment) -> tuple[str, ...]:
    """Return the blocks of figures that a score was made of: of one that no consent opened then the firm is told none.

    Its own file is always open to the firm itself, and would tell another score than the one that was made.
    """
    values = zip(scorer.features, assessment.values, strict=True)
    known = any(value is not None for name, value in values if name in scorer.of_blocks)
    return scorer.blocks if known else ()


def _own_word(assessment: Assessment, file: Features) -> bool:
    """Tell whether something of a score is the enterprise's own word, by nothing that partners' files could change.

    The file tells it; where it says something else of that moment than it did, so does what was stored.
    """
    if file.confirmed is not None:
        return True
    said = assessment.beside is not None or SUBJECT in (assessment.evidence or {}).get("by_channel", ())
    return said and file.sha256 != assessment.file_sha256


def _retold(context: Context, assessment: Assessment, file: Features) -> Assessment:
    """Score the file as the enterprise reads it, by the model of the score, under the policy of its order.

    Where nothing of its own file is confirmed it is told the score with everything.
    """
    scorer, read = context.shelf[assessment.model], file.as_read()
    policies = [assessment.counts or Counts.EVERYTHING, Counts.EVERYTHING]
    decided = next(filter(None, decide(scorer, [read, read], policies)), None)
    if decided is None:
        raise NotEnoughData(thin(assessment.enterprise, assessment.as_of))
    return replace(
        assessment,
        **said_by(decided.scored),
        depth=decided.reading.depth,
        features_sha256=decided.reading.features_sha256,
        values=decided.reading.values,
        beside=decided.beside,
        fuller=decided.fuller,
        evidence=None,
        own_view=True,
    )
