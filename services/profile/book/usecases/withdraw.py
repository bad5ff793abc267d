"""Taking the rows of an import out of the book: what ends with it, and who stands in for what it said.

A later import that said the same was counted as a duplicate; what it said stands on once the first is taken back. Its
file is read again, and the rows that both hold become its own, at the place among the versions where they were: the
book is then as if the import that was taken back had never been sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import polars as pl
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from chassis.core.errors import Refused
from chassis.data.database import batches
from services.profile.book import departures, store, tables, withdrawals
from services.profile.book.context import Context
from services.profile.book.domain import invoice
from services.profile.book.domain.columns import KINDS, OUTCOMES, WORKBOOK
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.zeros import with_zeros
from services.profile.book.lake import Commit
from services.profile.book.usecases.load import statements


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import had brought: its rows in a lake (of outcomes: none), how many there are, and of whom."""

    dataset: Dataset | None
    rows: pl.DataFrame
    by_enterprise: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class StandIns:
    """The later imports that repeated rows: `commits` by import where its rows now stand, else `lost`."""

    repeaters: Sequence[str]
    commits: Mapping[str, Commit]
    lost: Sequence[str]


def brought(context: Context, order: tables.Import) -> Brought:
    """Return what an import brought, of whichever kind it was."""
    dataset = invoice.DATASET if order.kind == WORKBOOK else KINDS[order.kind].dataset
    with context.database.read() as session:
        versions = store.lake_versions(session)
        said = _outcomes(session, order.id)
    if dataset is None or dataset.name not in versions:
        return Brought(dataset, (dataset or invoice.DATASET).empty(), said)
    rows = context.lakes[dataset.name].brought(versions[dataset.name], order.id)
    counts = dict(rows.group_by("enterprise").len().iter_rows())
    return Brought(dataset, rows, counts | {name: counts.get(name, 0) + said[name] for name in said})


def stand_ins(context: Context, order: tables.Import, ended: Brought) -> StandIns:
    """Let the imports that had repeated rows of this one hold them as their own: not visible before `end`."""
    with context.database.read() as session:
        repeaters = withdrawals.repeaters(session, order.id)
        orders = {name: session.get_one(tables.Import, name) for name in repeaters}
    commits: dict[str, Commit] = {}
    # What does not stand is repeated by nobody.
    lost, rest = list[str](), ended.rows.filter(pl.col("version") > 0)
    for name in repeaters:
        said = None if ended.dataset is None else _said(context, orders[name], ended.dataset, ended.rows)
        if said is None or ended.dataset is None:
            lost.append(name)
            continue
        content = ended.dataset.content
        mine = rest.join(said.select(content), on=content, how="semi", nulls_equal=True)
        if mine.height:
            lake = context.lakes[ended.dataset.name]
            commits[name] = lake.hand_over(mine, f"{order.id}>{name}", name, now=context.now())
            rest = rest.join(mine.select(content), on=content, how="anti", nulls_equal=True)
    return StandIns(repeaters, commits, lost)


def end(
    context: Context, session: Session, order: tables.Import, ended: Brought, others: StandIns, now: datetime
) -> datetime | None:
    """Let the rows of an import end, and those of its stand-ins begin, in one transaction; return since when.

    None where another import has repeated its rows meanwhile: then it is all done again.
    """
    state = store.book(session, lock=True)
    if withdrawals.repeaters(session, order.id) != list(others.repeaters):
        return None
    row = session.get_one(tables.Withdrawal, order.id, with_for_update=True)
    known = [datetime.fromisoformat(commit.facts["known_at"]) for commit in others.commits.values()]
    at = max(now, state.known_at + store.TICK, *known)
    row.at = row.at or at
    session.flush()
    _pass_on(session, others)
    state = replace(state, known_at=at, departures=state.departures + 1)
    if ended.dataset is not None and others.commits:
        last = max(others.commits.values(), key=lambda commit: commit.version)
        added = sum(sum(commit.facts["appended"].values()) for commit in others.commits.values())
        store.add_step(session, ended.dataset.name, at, last.version, added)
        if ended.dataset is invoice.DATASET:
            state = replace(state, lake_version=max(state.lake_version, last.version))
    if ended.dataset is invoice.DATASET:
        state = _measured(context, session, state, ended)
    store.move_book(session, state)
    departures.change_files(session, ended.by_enterprise.keys())
    return at


def _measured(context: Context, session: Session, state: store.BookState, ended: Brought) -> store.BookState:
    """Return the book's state with its size and its last day as they are without the import."""
    gone = withdrawals.withdrawn(session)
    left = context.lake.scan(state.lake_version, without=gone).filter(pl.col("version") > 0)
    size, last = left.select(pl.len(), pl.col("date").max().alias("last")).collect().row(0)
    assert last is None or isinstance(last, date)
    near = pl.col("enterprise").is_in(list(ended.by_enterprise))
    still = set(left.filter(near).select("enterprise").unique().collect()["enterprise"])
    table = tables.Enterprise
    for part in batches(sorted(ended.by_enterprise.keys() - still)):
        session.execute(update(table).where(table.id.in_(part)).values(lake_version=0))
    return replace(state, date=last, invoices=size)


def _pass_on(session: Session, others: StandIns) -> None:
    """Note that who repeated the import later than its stand-ins repeats those."""
    names = [name for name in others.repeaters if name in others.commits]
    for place, name in enumerate(others.repeaters):
        withdrawals.note_repeats(session, name, [each for each in names if others.repeaters.index(each) < place])


def _said(context: Context, order: tables.Import, dataset: Dataset, held: pl.DataFrame) -> pl.DataFrame | None:
    try:
        rows = statements(context, order, dataset)
    except Refused:
        # By rules that are younger than the file it would not be taken any more.
        return None
    return None if rows is None else with_zeros(dataset, rows, held)[0]


def _outcomes(session: Session, import_id: str) -> dict[str, int]:
    table = tables.Outcome
    query = select(table.enterprise, func.count()).where(table.import_id == import_id).group_by(table.enterprise)
    return dict(session.execute(query).all())


TAKEN_BACK_KINDS = frozenset({*(name for name, form in KINDS.items() if form.dataset), WORKBOOK, OUTCOMES.kind})
