"""Read stored scores: the enterprise that one describes, and the bank that ordered it while the consent lasts, may."""

from __future__ import annotations

from chassis.errors import Forbidden
from chassis.identity import Caller
from services.scoring import store
from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.errors import ConsentEnded, ScoreNotFound

# What a list of scores is looked through for.
ASSESSMENT = "credit-assessment"
ENDED = "The enterprise's consent is no longer in force; ask it for a new one."


def read_score(context: Context, caller: Caller, score_id: str) -> Assessment:
    """Return a stored score; to anybody else it does not exist. A bank's read of it leaves a record."""
    with context.database.read() as session:
        assessment = store.score(session, score_id)
    if caller.owns(assessment.enterprise):
        return assessment
    if caller.client != assessment.client:
        raise ScoreNotFound(f"There is no score {score_id}, or it is not yours to read.")
    require_consent(context, assessment, record=True)
    return assessment


def whose_scores(context: Context, caller: Caller, enterprise: str) -> str | None:
    """Return the client whose orders `caller` may see: None for all, since an enterprise sees its whole file."""
    if caller.owns(enterprise):
        return None
    if caller.role == "enterprise":
        raise Forbidden("An enterprise reads its own file only.")
    if not context.profile.read_again(enterprise, ASSESSMENT):
        raise ConsentEnded(ENDED)
    return caller.client


def require_consent(context: Context, assessment: Assessment, *, record: bool) -> None:
    """Raise `ConsentEnded` where the caller of this request holds no live consent: revoking binds derived data too.

    A read for the purpose that the score was made for leaves a record with the enterprise; an answer that is only
    given once more, to a repeated request, does not.
    """
    profile, firm, purpose = context.profile, assessment.enterprise, assessment.purpose
    may = profile.read_again(firm, purpose, assessment.as_of) if record else profile.consents(firm, purpose)
    if not may:
        raise ConsentEnded(ENDED)
