"""Gathering a little of many enterprises: their late invoices, or only whether they have any."""

from __future__ import annotations

from datetime import date

import polars as pl

from services.profile.book.context import Context
from services.profile.book.domain.departure import Gone, remaining
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, Whole
from services.profile.book.usecases.gather import gone_at


def gather_invoices(context: Context, moment: Moment, scope: Permit | Whole, since: date) -> pl.DataFrame:
    """Return the invoices of the enterprises of a scope since a day, as known at a moment and dated up to its `as_of`.

    A scope of nobody is read of nobody.
    """
    # A later version may name another day.
    late = (pl.col("date") >= since) | (pl.col("version") > 1)
    rows, gone = _rows(context, moment, scope, late)
    known = as_known(remaining(DATASET, rows, gone.records), known_at=moment.known_at, as_of=moment.as_of)
    return known.filter(pl.col("date") >= since)


def trading(context: Context, moment: Moment, scope: Permit | Whole) -> frozenset[str]:
    """Return those of the enterprises of a scope of which a valid invoice was known at a moment, dated by then."""
    counts = (pl.col("version") > 0) & (pl.col("date") <= moment.as_of) & (pl.col("status") == "valid")
    if moment.known_at is not None:
        counts &= pl.col("known_at") <= moment.known_at
    return frozenset(_rows(context, moment, scope, counts)[0]["enterprise"])


def _rows(context: Context, moment: Moment, scope: Permit | Whole, where: pl.Expr) -> tuple[pl.DataFrame, Gone]:
    """Return some versions of the invoices of a scope's enterprises, and what of these does not count."""
    names = scope.enterprises
    if not names:
        return DATASET.empty(), Gone()
    with context.database.read() as session:
        gone = gone_at(session, names, moment)
    return context.lake.read(moment.version, names, without=gone.imports, where=where), gone
