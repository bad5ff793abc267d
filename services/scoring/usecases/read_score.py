"""Read stored scores: the enterprise that one describes, and the bank that ordered it while the consent lasts, may."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date

from chassis.core.errors import Forbidden
from chassis.core.identity import Caller
from services.scoring.clients import Read
from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment
from services.scoring.domain.contest import Contest
from services.scoring.domain.errors import ConsentEnded, NotEnoughData, ScoreNotFound
from services.scoring.domain.leave import Leave
from services.scoring.store import scores
from services.scoring.usecases.contest import contest_now
from services.scoring.usecases.retell import ENDED, as_told

# What a list without a score, or of the reader's own file, is looked through for.
USUAL_PURPOSE = "credit-assessment"


def read_score(context: Context, caller: Caller, score_id: str) -> Assessment:
    """Return a stored score as its reader is told it; to anybody else it does not exist.

    A bank's read of it leaves a record.
    """
    assessment = stored_score(context, caller, score_id)
    if not caller.owns(assessment.enterprise):
        ask_leave(context, assessment)
    return as_told(context, caller, assessment)


def read_contested(context: Context, caller: Caller, score_id: str) -> tuple[Assessment, Contest]:
    """Return a stored score with what the enterprise disputes now; whoever may read the one may read the other."""
    assessment = stored_score(context, caller, score_id)
    leave = ask_leave(context, assessment)
    told = without_money(caller, as_told(context, caller, assessment))
    return told, contest_now(context, told, leave)


def told_of(
    context: Context, caller: Caller, listed: Sequence[Assessment], seen: Collection[str]
) -> Mapping[str, Assessment]:
    """Return those scores of a list that may be seen, as their reader is told them, by their ids.

    Of which nothing is left to tell the enterprise by is left out.
    """
    told: dict[str, Assessment] = {}
    for each in listed:
        if each.id in seen:
            with suppress(NotEnoughData):
                told[each.id] = without_money(caller, as_told(context, caller, each))
    return told


def without_money(caller: Caller, assessment: Assessment) -> Assessment:
    """Return a score to the enterprise itself without what its money rests on, which its own features tell it."""
    return replace(assessment, evidence=None) if caller.owns(assessment.enterprise) else assessment


def whose_scores(caller: Caller, enterprise: str) -> str | None:
    """Return the client whose orders `caller` may list, None for all: an enterprise sees every score of it."""
    if caller.role == "enterprise" and not caller.owns(enterprise):
        raise Forbidden("An enterprise reads its own file only.")
    return None if caller.owns(enterprise) else caller.client


def contests_of(
    context: Context, caller: Caller, enterprise: str, listed: Sequence[Assessment], *, last: bool
) -> Mapping[str, Contest]:
    """Return what is disputed of those of an enterprise's scores that the caller may still see, by the scores' ids.

    Of a page none of which may be seen nothing is returned; raises `ConsentEnded` where it is the `last`.

    A list of one's own results opens no file: it leaves no record, and ends with the consent all the same (ADR 16).
    Leave is asked for as for each score alone, for the purpose and the day that it was made for, once a purpose.
    """
    if caller.owns(enterprise) or not listed:
        leave = context.profile.reread([enterprise], Read.OWN_SCORES, USUAL_PURPOSE).get(enterprise)
        if leave is None:
            raise ConsentEnded(ENDED)
        return {each.id: Contest(leave) for each in listed}
    leaves = _leaves_by_day(context, enterprise, listed)
    if last and not any(leaves.values()):
        raise ConsentEnded(ENDED)
    return {each.id: Contest(leave) for each in listed if (leave := leaves[each.purpose].get(each.as_of)) is not None}


def _leaves_by_day(
    context: Context, enterprise: str, listed: Sequence[Assessment]
) -> Mapping[str, Mapping[date, Leave]]:
    days: dict[str, set[date]] = {}
    for each in listed:
        days.setdefault(each.purpose, set()).add(each.as_of)
    ask = context.profile.reread_days
    return {purpose: ask(enterprise, Read.OWN_SCORES, purpose, some) for purpose, some in days.items()}


def ask_leave(context: Context, assessment: Assessment) -> Leave:
    """Return leave to show a stored score, asked for with the purpose that it was made for.

    The read leaves a record with the enterprise and uses up none of those that a consent limits (ADR 16). Raises
    `ConsentEnded` where the caller of this request holds no live consent: revoking binds derived data too.
    """
    name = assessment.enterprise
    leave = context.profile.reread([name], Read.STORED_SCORE, assessment.purpose, assessment.as_of).get(name)
    if leave is None:
        raise ConsentEnded(ENDED)
    return leave


def stored_score(context: Context, caller: Caller, score_id: str) -> Assessment:
    """Return a stored score of the caller, or of its own file, before any leave to show it; raise `ScoreNotFound`."""
    with context.database.read() as session:
        assessment = scores.score(session, score_id)
    if not caller.owns(assessment.enterprise) and caller.client != assessment.client:
        raise ScoreNotFound(f"There is no score {score_id}, or it is not yours to read.")
    return assessment
