"""Gathering what is known of enterprises at a moment, kind by kind, from the lakes and the book."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import polars as pl
from sqlalchemy.orm import Session

from chassis.data.database import Runner
from services.profile.book import departures, store
from services.profile.book.context import Context
from services.profile.book.domain import invoice
from services.profile.book.domain.departure import Departure, remaining
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.evidence import DATASETS, ENTERPRISES, Evidence, evidence
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, Whole

EVERY = frozenset({"invoices", *DATASETS})


def gather(context: Context, moment: Moment, scope: Permit | Whole, kinds: Collection[str] = EVERY) -> Evidence:
    """Return what is known of the enterprises of a scope at a moment, dated up to its `as_of`.

    `kinds` are those that are read; of the others nothing is said. Records that have left the book are not among it.
    """
    enterprises = scope.enterprises
    with context.database.read() as session:
        versions = store.lake_versions(session, moment.known_at)
        firms = _known(session, moment, enterprises)
        gone = departed(session, enterprises, moment)
    wanted = {name: version for name, version in versions.items() if name in kinds}
    rows = context.lake.read(moment.version, enterprises) if "invoices" in kinds else invoice.DATASET.empty()
    rows = remaining(invoice.DATASET, rows, gone)
    invoices = invoice.as_known(rows, known_at=moment.known_at, as_of=moment.as_of)
    return evidence(invoices, _kinds(context, wanted, moment, enterprises, gone), _firms(firms))


def gather_kind(context: Context, moment: Moment, scope: Permit | Whole, name: str) -> pl.DataFrame:
    """Return what is known of one kind of data beside invoices, of a scope at a moment."""
    with context.database.read() as session:
        versions = store.lake_versions(session, moment.known_at)
        gone = departed(session, scope.enterprises, moment)
    wanted = {name: versions[name]} if name in versions else {}
    return _kinds(context, wanted, moment, scope.enterprises, gone).get(name, DATASETS[name].empty())


def scan(context: Context, kind: str, version: int, _: Whole) -> pl.LazyFrame:
    """Return all rows of a kind at a version of its lake, to be filtered; for a declared reason, as no file is open."""
    return context.lakes[kind].scan(version)


def departed(runner: Runner, enterprises: Sequence[str] | None, moment: Moment) -> frozenset[Departure]:
    """Return which records of these enterprises do not count at a moment."""
    return departures.departed(runner, enterprises, moment.known_at) | moment.without


def _known(session: Session, moment: Moment, enterprises: Sequence[str] | None) -> list[Enterprise]:
    if moment.known_at is not None:
        return store.enterprises_at(session, moment.known_at, enterprises)
    if enterprises is None:
        return store.all_enterprises(session)
    return list(store.enterprises(session, enterprises).values())


def _kinds(
    context: Context,
    versions: Mapping[str, int],
    moment: Moment,
    enterprises: Sequence[str] | None,
    gone: Collection[Departure],
) -> dict[str, pl.DataFrame]:
    found = {}
    for name, dataset in DATASETS.items():
        if name in versions:
            rows = remaining(dataset, context.lakes[name].read(versions[name], enterprises), gone)
            found[name] = dataset.as_known(rows, known_at=moment.known_at, as_of=moment.as_of)
    return found


def _firms(firms: Sequence[Enterprise]) -> pl.DataFrame:
    columns = {
        name: [firm.id if name == "enterprise" else getattr(firm, name) for firm in firms] for name in ENTERPRISES
    }
    return pl.DataFrame(columns, schema=ENTERPRISES)
