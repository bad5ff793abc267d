"""Settling which facts count, before anything is read."""

from __future__ import annotations

from datetime import date

from sqlalchemy import Connection

from chassis.core.errors import Invalid
from services.profile.book import store
from services.profile.book.domain.moment import Asked, Facts, Moment, usual_day


def settle(connection: Connection, state: store.BookState, asked: Asked, today: date) -> Facts:
    """Return which facts count; raise `Invalid` where the future is asked for.

    A past moment is read at the version of the lake that readers saw then, so that a replay gives the same bytes.
    """
    if asked.as_of and asked.as_of > today:
        raise Invalid(
            f"as_of {asked.as_of} lies in the future; ask for today or a day before. "
            "/ as_of 晚于今天，请填写今天或更早的日期。",
            as_of=str(asked.as_of),
        )
    as_of = asked.as_of or usual_day(state.date, today)
    earlier = asked.known_at is not None and asked.known_at < state.known_at
    if not earlier or asked.known_at is None:
        return Facts(Moment(state.lake_version, as_of, departures=state.departures), state.known_at)
    version = store.lake_versions(connection, asked.known_at).get("invoices", 0)
    return Facts(Moment(version, as_of, asked.known_at, state.departures), asked.known_at)
