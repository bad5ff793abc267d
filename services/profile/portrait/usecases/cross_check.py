"""Gathering what the rules of cross-comparison hold against each other, as of a day, as known at a time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import partial

import polars as pl

from services.profile.book import enterprise_store, import_store
from services.profile.book.context import Context
from services.profile.book.domain.departure import remaining
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.party import OTHERWISE, party_of, written
from services.profile.book.domain.permit import Permit, Whole, Why
from services.profile.book.usecases.gather import gather, gone_at, scan
from services.profile.book.withdrawals import withdrawn
from services.profile.portrait.domain.crosscheck import Material

# What partners' statements are told and compared by.
STATED = (*DATASET.identity, "status", "blue_number", "version", "known_at", "import_id")
# And what tells from when to when a book runs.
SPANNED = ("enterprise", "direction", "date", "version", "known_at", "import_id")
OPPOSITE = {"sale": "purchase", "purchase": "sale"}


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
    with context.database.read() as session:
        told = _Told(moment, withdrawn(session, moment.known_at), import_store.own_imports(session))
    said, books = _statements(context, told, scope.enterprises, evidence, naming)
    with context.database.read() as session:
        gone = gone_at(session, said["enterprise"].unique().to_list(), moment)
    mirrored = as_known(remaining(DATASET, said, gone.records), as_of=moment.as_of).filter(_about(scope.enterprises))
    known = evidence if evidence is not None else gather(context, moment, scope)
    return Material(known, mirrored, books, moment.as_of, told.own)


@dataclass(frozen=True, slots=True)
class _Told:
    """What of statements counts at a moment: the imports that were taken back by then, and firms' own."""

    moment: Moment
    withdrawn: Collection[str]
    own: frozenset[str]

    def known(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return the statements that were known then."""
        stands = rows.filter(pl.col("version") > 0)
        return stands if self.moment.known_at is None else stands.filter(pl.col("known_at") <= self.moment.known_at)

    def spans(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """Return from when to when the books run that others than the enterprises brought."""
        past = self.known(rows).filter(
            pl.col("date") <= self.moment.as_of, ~pl.col("import_id").is_in(sorted(self.own))
        )
        return past.group_by("enterprise", "direction").agg(first=pl.col("date").min(), last=pl.col("date").max())


def _about(enterprises: Collection[str] | None) -> pl.Expr:
    return pl.lit(value=True) if enterprises is None else pl.col("counterparty").is_in(written(enterprises))


def _statements(
    context: Context,
    told: _Told,
    enterprises: Collection[str] | None,
    evidence: Evidence | None,
    naming: Collection[str] | None,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return what may be statements of dealings with these enterprises, and from when to when books run."""
    if naming is not None and evidence is not None and enterprises is not None:
        return _of_partners(context, told, enterprises, evidence, naming)
    moment = told.moment
    book = scan(context, DATASET.name, moment.version, moment.known_at, Whole(Why.PARTNERS))
    said, books = pl.collect_all([told.known(book).filter(_may_be(enterprises)).select(STATED), told.spans(book)])
    return said, books


def _of_partners(
    context: Context, told: _Told, enterprises: Collection[str], evidence: Evidence, naming: Collection[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the same of the firms that may name these, and of those that these name."""
    named = _named(evidence)
    with context.database.read() as session:
        there = enterprise_store.there(session, sorted({*naming, *named}))
    # Who deals with no firm of the book has nobody's statements to be held against; of a firm that names none of
    # these nothing is asked but from when to when its book runs, of the side that deals with them.
    telling = there.intersection(naming)
    others = {*there, *enterprises} - telling if there else set[str]()
    shared = context.lake.sharing(told.moment.version, others, telling)
    stated = partial(context.lake.stated, told.moment.version, without=told.withdrawn)
    rows = stated(telling | shared, STATED)
    only = {name: side for name, side in named.items() if side is not None and name not in enterprises}
    rest = stated(others - shared, SPANNED, only=only)
    spans = told.spans(pl.concat([rows.select(SPANNED), rest]).lazy()).collect()
    said = rows.lazy().filter(pl.col("enterprise").is_in(sorted(telling))) if shared else rows.lazy()
    respelled = pl.col("counterparty").str.contains(OTHERWISE)
    near = told.known(said).filter(_may_be(enterprises) | respelled).collect()
    return context.lake.spelled(near).filter(_may_be(enterprises)), spans


def _named(evidence: Evidence) -> dict[str, str | None]:
    """Return whom some evidence names, and the side of its book that says so too: None for both."""
    dealings = evidence.invoices.select("counterparty", "direction").unique()
    told = dealings.select(party_of(pl.col("counterparty")).alias("party"), "direction").unique().drop_nulls("party")
    found = dict[str, str | None]()
    for party, direction in told.iter_rows():
        found[party] = None if party in found else OPPOSITE[direction]
    return found


def _may_be(enterprises: Collection[str] | None) -> pl.Expr:
    """Tell which statements name these enterprises; a later version may name another partner, or another day."""
    return _about(enterprises) | (pl.col("version") > 1)
