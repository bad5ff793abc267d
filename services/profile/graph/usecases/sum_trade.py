"""Summing trade from the lake: of a bucket or of some firms, as known now or at a past time.

This is the one way from invoices to sums: the store is built by it, and a past time is answered by it, so that both
give the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import polars as pl

from services.profile.book import departures, store, withdrawals
from services.profile.book.context import Context
from services.profile.book.domain.departure import Gone
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.usecases.gather import standing_rows
from services.profile.graph.domain.sums import NEEDS, added, sums


@dataclass(frozen=True, slots=True)
class Cut:
    """What of the lake counts at a time: up to a version, known by `known_at`, without what is gone.

    `current` tells that it is all that is known now; `channels` are those by which each import came.
    """

    version: int
    known_at: datetime
    gone: Gone
    channels: Mapping[str, str]
    current: bool = True


def cut_now(context: Context) -> Cut:
    """Return what counts now."""
    with context.database.read() as session:
        state = store.book(session)
        gone = Gone(departures.departed(session, None, state.known_at), withdrawals.withdrawn(session, state.known_at))
        channels = dict(store.channels(session))
    return Cut(state.lake_version, state.known_at, gone, channels)


def cut_at(context: Context, known_at: datetime) -> Cut:
    """Return what counted at a past time."""
    with context.database.read() as session:
        version = store.lake_versions(session, known_at).get(DATASET.name, 0)
        gone = Gone(departures.departed(session, None, known_at), withdrawals.withdrawn(session, known_at))
        channels = dict(store.channels(session))
    return Cut(version, known_at, gone, channels, current=False)


def sums_of(rows: pl.DataFrame, cut: Cut) -> pl.DataFrame:
    """Return the sums of invoices as known."""
    return sums(rows, cut.channels)


def firm_sums(context: Context, cut: Cut, enterprises: Sequence[str]) -> pl.DataFrame:
    """Return the sums of these firms' own files."""
    rows = standing_rows(context.lake, DATASET, cut.version, enterprises, cut.gone)
    return sums_of(as_known(rows, known_at=cut.known_at), cut)


def bucket_sums(context: Context, cut: Cut, bucket: int) -> pl.DataFrame:
    """Return the sums of all firms of a bucket.

    Firms of which nothing was stated anew and nothing has left are summed as the rows lie, the others with care.
    """
    rows = context.lake.scan(cut.version, without=cut.gone.imports, bucket=bucket)
    if not cut.current:
        rows = rows.filter(pl.col("known_at") <= cut.known_at)
    lean = rows.filter(pl.col("version") > 0).select(*NEEDS, "version").collect()
    left = {each.enterprise for each in cut.gone.records if each.dataset == DATASET.name}
    revised = set(lean.filter(pl.col("version") > 1)["enterprise"].unique())
    careful = sorted(revised | (left & set(lean["enterprise"].unique())))
    if not careful:
        return sums_of(lean, cut)
    plain = lean.filter(~pl.col("enterprise").is_in(careful))
    return added([sums_of(plain, cut), firm_sums(context, cut, careful)])
