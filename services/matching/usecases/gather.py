"""Gather the facts of enterprises: their features, and the scores made from the very same features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from services.matching.clients import Wanted
from services.matching.context import Context
from services.matching.domain.counting import Counts
from services.matching.domain.errors import EnterpriseNotFound
from services.matching.domain.facts import Facts


def gather(
    context: Context,
    enterprises: Sequence[str] | None,
    as_of: date | None,
    known_at: datetime | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    counts: Counts | None = Counts.CONFIRMED,
) -> Facts:
    """Return the facts of the enterprises that may be read, one row each; of all of them for None.

    Each file is read once: an enterprise finds one match in its record (ADR 16).
    """
    wanted = Wanted(enterprises, as_of, known_at)
    facts = context.scoring.score_set(wanted, headers, counts)
    if facts is None:
        facts = context.profile.feature_set(wanted, headers)
    if not len(facts):
        raise EnterpriseNotFound(
            "There is no file of such an enterprise to read; import its invoices, or ask it for its consent.",
            enterprises=list(enterprises or [])[:5],
        )
    return facts


def gather_counted(
    context: Context,
    enterprises: Sequence[str] | None,
    as_of: date | None,
    known_at: datetime | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    counts: Counts | None,
) -> Facts:
    """Return the same where no product says what counts: `counts` says it, or for None the caller's own policy."""
    facts = gather(context, enterprises, as_of, known_at, headers, counts=counts)
    return facts.under(facts.counts)
