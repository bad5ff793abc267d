"""Gathering what the rules of cross-comparison hold against each other, as of a day, as known at a time."""

from __future__ import annotations

from collections.abc import Collection

import polars as pl

from services.profile.book import enterprise_store, import_store
from services.profile.book.context import Context
from services.profile.book.domain.departure import remaining
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.party import party_of, written
from services.profile.book.domain.permit import Permit, Whole, Why
from services.profile.book.usecases.gather import gather, gone_at, scan, scan_invoices
from services.profile.book.withdrawals import withdrawn
from services.profile.portrait.domain.crosscheck import Material

# What partners' statements are told and compared by.
STATED = (*DATASET.identity, "status", "blue_number", "version", "known_at", "import_id")


def material(
    context: Context,
    moment: Moment,
    scope: Permit | Whole,
    evidence: Evidence | None = None,
    naming: Collection[str] | None = None,
) -> Material:
    """Gather what the rules compare for the enterprises of a scope; `evidence` is theirs, where it is at hand.

    `naming` are all firms that may name one of these as a partner, where that is known: then only they are read, and
    whom the evidence names.

    Of a partner's book only its statements of dealings with these enterprises are taken (征信业管理条例 Art. 21: a
    trading counterparty is a lawful source), and from when to when the book runs that others brought.
    """
    enterprises = scope.enterprises
    if naming is not None and evidence is not None and enterprises is not None:
        named = evidence.invoices.select(party_of(pl.col("counterparty").unique())).to_series().drop_nulls()
        with context.database.read() as session:
            partners = enterprise_store.there(session, sorted({*naming, *named}))
        # Who deals with no firm of the book has nobody's statements to be held against.
        read = _of_firms(context, moment, {*partners, *enterprises} if partners else ())
        whole = read.select(STATED).collect().lazy()
    else:
        whole = scan(context, "invoices", moment.version, moment.known_at, Whole(Why.PARTNERS))
    book = whole.filter(pl.col("version") > 0)
    if moment.known_at is not None:
        book = book.filter(pl.col("known_at") <= moment.known_at)
    about = pl.lit(value=True) if enterprises is None else pl.col("counterparty").is_in(written(enterprises))
    with context.database.read() as session:
        own = import_store.own_imports(session)
    past = book.filter(pl.col("date") <= moment.as_of, ~pl.col("import_id").is_in(sorted(own)))
    span = past.group_by("enterprise", "direction").agg(first=pl.col("date").min(), last=pl.col("date").max())
    # A later version may name another partner, or another day.
    mirrored, books = pl.collect_all([book.filter(about | (pl.col("version") > 1)), span])
    with context.database.read() as session:
        gone = gone_at(session, mirrored["enterprise"].unique().to_list(), moment)
    mirrored = as_known(remaining(DATASET, mirrored, gone.records), as_of=moment.as_of).filter(about)
    known = evidence if evidence is not None else gather(context, moment, scope)
    return Material(known, mirrored, books, moment.as_of, own)


def _of_firms(context: Context, moment: Moment, firms: Collection[str]) -> pl.LazyFrame:
    """Return the invoices of these firms, in all versions, unread."""
    with context.database.read() as session:
        gone = withdrawn(session, moment.known_at)
    return scan_invoices(context.lakes, moment.version, firms, Whole(Why.PARTNERS), without=gone)
