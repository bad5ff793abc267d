"""How a file could go on: what its features would become under each plan, for the way up from a stored score."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import polars as pl

from chassis.core.call import timed
from chassis.core.errors import Invalid
from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.book.usecases.enrol import known
from services.profile.book.usecases.settle import settle
from services.profile.portrait.domain.continuation import Continuation, continuation
from services.profile.portrait.domain.features import VERSION
from services.profile.portrait.domain.pattern import MONTHS, QUANTILE
from services.profile.portrait.usecases.describe import NAMES
from services.profile.portrait.usecases.read_features import describer
from services.profile.rights.usecases.open_file import Reading, open_file, reading_transaction


def continue_file(
    context: Context, reading: Reading, enterprise: str, asked: Asked, *, names: Collection[str], confirmed: bool
) -> dict[str, Any]:
    """Return one enterprise's plans with these features by month: one look at what a score was made from, recorded.

    `confirmed` begins at what somebody beside the enterprise confirms, as a score that this decides does.
    """
    if unknown := sorted(set(names) - set(NAMES)):
        raise Invalid(f"The catalogue {VERSION} has no {', '.join(unknown)}; ask for a new score.", unknown=unknown)
    with reading_transaction(context) as connection:
        with timed("consent"):
            permit = open_file(context, connection, reading, enterprise)
        known(connection, enterprise)
        facts = settle(connection, state_store.book(connection), asked, context.today())
    sides = not reading.caller.owns(enterprise)
    with timed("rows"):
        rows = describer(context).invoices(permit, facts.moment, facts.known_at, sides=sides, confirmed=confirmed)
    with timed("continue"):
        found = continuation(rows, facts.moment.as_of, names)
    return document(enterprise, found, names, _since(rows))


def document(
    enterprise: str, found: Continuation, names: Collection[str], since: Mapping[str, str | None]
) -> dict[str, Any]:
    """Return plans as they go over the wire: the values of these features stand in the order of the points."""
    pace = found.pace
    return {
        "enterprise": enterprise,
        "catalogue": VERSION,
        "since": since,
        "pace": {
            "per_month": pace.rate,
            "basis": pace.basis,
            "comparisons": pace.comparisons,
            "quantile": QUANTILE,
        },
        "plans": [{"step": plan.step.name.lower().replace("_", "-"), "share": plan.share} for plan in found.plans],
        "months": MONTHS,
        "features": list(names),
        "points": found.features.select("plan", "month", pl.col("day").cast(pl.String)).to_dicts(),
        "values": found.features.select(list(names)).rows(),
        "trade": found.months.to_dicts(),
    }


def _since(rows: pl.DataFrame) -> Mapping[str, str | None]:
    """Return the day of the first valid invoice of each side."""
    first = rows.filter(pl.col("status") == "valid").group_by("direction").agg(pl.col("date").min())
    return {"sale": None, "purchase": None} | {side: day.isoformat() for side, day in first.iter_rows()}
