"""Scoring anew after a correction: whoever had a score of the file in the last twelve months gets one of the right one.

The profile service knows who read what was corrected and lists them; the worker asks it every few seconds. A score is
given anew under the client's consent, which is asked for again and leaves its record; where it has ended there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from chassis.core.errors import Refused, UpstreamUnavailable
from chassis.core.ids import new_id
from services.scoring.context import Context
from services.scoring.domain.assessment import Assessment
from services.scoring.ml.making import assessments_of
from services.scoring.store import counting, models, overlays, renewals, scores

RENEWING = frozenset({"file-corrected", "record-repaired", "import-withdrawn"})
# A leap year has a day more: nobody's score of the last twelve months is left out.
SCORES_OF = timedelta(days=366)
log = structlog.get_logger()


def renew(context: Context) -> int:
    """Give the scores anew that corrections since the last time ask for, and return how many. May be repeated."""
    headers = context.identity().own_headers()
    with context.database.read() as session:
        after = renewals.renewed_up_to(session)
    notices = context.profile.notices_since(after, headers)
    if after is None:
        with context.database.begin() as session:
            renewals.note_renewed(session, None, notices["last"] or "")
        return 0
    given = 0
    for each in notices["items"]:
        renewed = _renew(context, after, each)
        if renewed is None:
            break
        given, after = given + renewed, each["id"]
    return given


def _renew(context: Context, after: str, correction: Mapping[str, Any]) -> bool | None:
    """Give one client's score of one firm anew, and note that corrections are done with from `after` to this one.

    None where another worker has gone on from there meanwhile: the corrections that follow are in its hands.
    """
    since = datetime.now(UTC) - SCORES_OF
    with context.database.read() as session:
        before = renewals.last_score_since(session, correction["enterprise"], correction["client"], since)
    rests_on_it = correction["event"] in RENEWING
    made = None if before is None or not rests_on_it else _scored(context, before)
    with context.database.begin() as session:
        if not renewals.note_renewed(session, after, correction["id"]):
            return None
        if before is None or made is None:
            return False
        scores.add_scores(session, [made])
        renewals.add_renewal(session, made.id, before.id, correction["act"], made.created_at)
    return True


def _scored(context: Context, before: Assessment) -> Assessment | None:
    """Score the firm of an earlier score by the model that serves now; None where that is refused."""
    try:
        return _again(context, before)
    except UpstreamUnavailable:
        raise
    except Refused as refusal:
        log.info("not renewed", score=before.id, error=type(refusal).__name__)
        return None


def _again(context: Context, before: Assessment) -> Assessment:
    with context.database.read() as session:
        scorer = context.shelf[models.serving_version(session)]
        now = datetime.now(UTC)
        rules = overlays.in_force(session, now)
        usual = counting.usual(session, before.client, now, context.settings.counts)
    headers = context.acting_for(before.client, before.purpose)
    reads = [(before.enterprise, new_id("req"))]
    ((answer,), _) = context.profile.features_each(reads, None, None, headers=headers, blocks=scorer.blocks)
    if isinstance(answer, Refused):
        raise answer
    # A score of before there was a policy is renewed by the one of today.
    asker = (before.client, before.purpose, before.counts or usual)
    (made,) = assessments_of(scorer, [answer], [asker], datetime.now(UTC), rules)
    return made
