"""Summing trade from the lakes: of a bucket or of some firms, as known now or at a past time; and what registers tell.

This is the one way from invoices and payments to sums: the store is built by it, and a past time is answered by it, so
that both give the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import polars as pl

from services.profile.book import departures, import_store, state_store, step_store, withdrawals
from services.profile.book.context import Context
from services.profile.book.delta import Bucket
from services.profile.book.domain import invoice, payment, relation
from services.profile.book.domain.departure import Gone, names_of
from services.profile.book.domain.evidence import HELD
from services.profile.book.usecases.gather import standing_rows
from services.profile.graph.domain.sums import NEEDS, NEEDS_PAID, added, sums

INVOICES, PAYMENTS, RELATIONS = invoice.DATASET.name, payment.DATASET.name, relation.DATASET.name
# What is read of each kind that trade is summed of.
SUMMED: Mapping[str, tuple[str, ...]] = {INVOICES: NEEDS, PAYMENTS: NEEDS_PAID}


@dataclass(frozen=True, slots=True)
class Cut:
    """What of the lakes counts at a time: each up to a version, known by `known_at`, without what is gone.

    `current` tells that it is all that is known now; `channels` are those by which each import came.
    """

    versions: Mapping[str, int]
    known_at: datetime
    gone: Gone
    channels: Mapping[str, str]
    current: bool = True

    def only(self, kind: str) -> Cut:
        """Return the cut of one kind of data."""
        return replace(self, versions={name: version for name, version in self.versions.items() if name == kind})


def cut_now(context: Context) -> Cut:
    """Return what counts now."""
    with context.database.read() as session:
        state = state_store.book(session)
        versions = _versions(step_store.lake_versions(session, state.known_at)) | {INVOICES: state.lake_version}
        gone = Gone(departures.departed(session, None, state.known_at), withdrawals.withdrawn(session, state.known_at))
        channels = dict(import_store.channels(session))
    return Cut(versions, state.known_at, gone, channels)


def cut_at(context: Context, known_at: datetime) -> Cut:
    """Return what counted at a past time."""
    with context.database.read() as session:
        versions = {INVOICES: 0} | _versions(step_store.lake_versions(session, known_at))
        gone = Gone(departures.departed(session, None, known_at), withdrawals.withdrawn(session, known_at))
        channels = dict(import_store.channels(session))
    return Cut(versions, known_at, gone, channels, current=False)


def sums_of(rows: Mapping[str, pl.DataFrame], cut: Cut) -> pl.DataFrame:
    """Return the sums of invoices and payments as known, by kind."""
    return sums(rows[INVOICES], cut.channels, rows[PAYMENTS])


def firm_sums(context: Context, cut: Cut, enterprises: Sequence[str]) -> pl.DataFrame:
    """Return the sums of these firms' own files."""
    return sums_of({kind: _known(context, cut, kind, enterprises) for kind in SUMMED}, cut)


def bucket_sums(context: Context, cut: Cut, bucket: Bucket) -> pl.DataFrame:
    """Return the sums of all firms of a bucket.

    Firms of which nothing was stated anew and nothing has left are summed as the rows lie, the others with care.
    """
    lean = {kind: _lean(context, cut, kind, bucket) for kind in SUMMED}
    left = {each.enterprise for each in cut.gone.records if each.dataset in SUMMED}
    careful = set[str]()
    for rows in lean.values():
        careful |= set(rows.filter(pl.col("version") > 1)["enterprise"].unique())
        careful |= left & set(rows["enterprise"].unique())
    if not careful:
        return sums_of(lean, cut)
    plain = {kind: rows.filter(~pl.col("enterprise").is_in(sorted(careful))) for kind, rows in lean.items()}
    return added([sums_of(plain, cut), firm_sums(context, cut, sorted(careful))])


def register_rows(context: Context, cut: Cut, enterprises: Sequence[str] | None = None) -> pl.DataFrame:
    """Return what registers tell of these firms, or of all, with the `channel` by which each came and its `record`."""
    rows = _known(context, cut, RELATIONS, enterprises)
    names = list(cut.channels)
    channel = pl.col("import_id").replace_strict(
        names, [cut.channels[name] for name in names], default=None, return_dtype=pl.String
    )
    return rows.with_columns(channel=channel, record=names_of(relation.DATASET, rows))


def _versions(versions: Mapping[str, int]) -> dict[str, int]:
    return {kind: version for kind, version in versions.items() if kind in (*SUMMED, RELATIONS)}


def _known(context: Context, cut: Cut, kind: str, enterprises: Sequence[str] | None) -> pl.DataFrame:
    dataset = HELD[kind]
    if kind not in cut.versions:
        return dataset.empty()
    rows = standing_rows(context.lakes[kind], dataset, cut.versions[kind], enterprises, cut.gone)
    return dataset.as_known(rows, known_at=cut.known_at)


def _lean(context: Context, cut: Cut, kind: str, bucket: Bucket) -> pl.DataFrame:
    """Return the rows of a bucket that stand, in all their versions, and what is needed of them."""
    columns = (*SUMMED[kind], "version")
    if kind not in cut.versions:
        return HELD[kind].empty().select(columns)
    rows = context.lakes[kind].scan(cut.versions[kind], without=cut.gone.imports, bucket=bucket)
    if not cut.current:
        rows = rows.filter(pl.col("known_at") <= cut.known_at)
    return rows.filter(pl.col("version") > 0).select(columns).collect()
