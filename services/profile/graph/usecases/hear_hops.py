"""Hearing who sold what to whom within the book: the hops that rings are looked for among."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from services.profile.book import store
from services.profile.book.context import Context
from services.profile.book.domain.departure import remaining
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import gone_at, scan
from services.profile.graph.domain.rings import Limits, hops_between

c = pl.col


def heard_hops(context: Context, moment: Moment, limits: Limits) -> pl.DataFrame:
    """Return the hops (EDGES) of rings that closed lately, as known at a moment, between enterprises with a file.

    Of no firm what it alone says of itself: whoever makes up a circle would draw others into it (ADR 28).
    """
    since = moment.as_of - timedelta(days=limits.recent_days + limits.days)
    with context.database.read() as session:
        own = store.own_imports(session)
    rows, firms = pl.collect_all(_scanned(context, moment, since, limits.least_fen))
    with context.database.read() as session:
        gone = gone_at(session, rows["enterprise"].unique().to_list(), moment)
    known = as_known(remaining(DATASET, rows, gone.records), known_at=moment.known_at, as_of=moment.as_of)
    heard = known.filter((c("status") == "valid") & ~c("import_id").is_in(sorted(own)))
    return hops_between(heard, firms["enterprise"], since=since, least_fen=limits.least_fen)


def _scanned(context: Context, moment: Moment, since: date, least_fen: int) -> list[pl.LazyFrame]:
    """Return the invoices that can be hops, in all their versions, and who has invoices of its own."""
    whole = scan(context, DATASET.name, moment.version, moment.known_at, Whole(Why.RINGS))
    book = whole.filter(c("version") > 0)
    if moment.known_at is not None:
        book = book.filter(c("known_at") <= moment.known_at)
    # A later version may name another day or amount.
    counts = ((c("date") >= since) & (c("total_fen") >= least_fen)) | (c("version") > 1)
    return [book.filter(counts), book.filter(c("date") <= moment.as_of).select("enterprise").unique()]
