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
from services.profile.book.domain.evidence import HELD, speaking_of
from services.profile.book.domain.zeros import rejoined
from services.profile.book.lake import Commit
from services.profile.book.usecases.load import statements


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import had brought: its rows in a lake (of outcomes: none), how many there are, and of whom.

    `beside` are its rows in other lakes, which say more of records: one that brought only such counts by them.
    """

    dataset: Dataset | None
    rows: pl.DataFrame
    by_enterprise: Mapping[str, int]
    beside: tuple[tuple[Dataset, pl.DataFrame], ...] = ()

    @property
    def parts(self) -> list[tuple[Dataset, pl.DataFrame]]:
        """Every kind of rows that it brought."""
        return [] if self.dataset is None else [(self.dataset, self.rows), *self.beside]


@dataclass(frozen=True, slots=True)
class StandIns:
    """The later imports that repeated rows: `commits` by kind and import where its rows now stand, else `lost`."""

    repeaters: Sequence[str]
    commits: Mapping[str, Mapping[str, Commit]]
    lost: Sequence[str]

    @property
    def imports(self) -> set[str]:
        """Those that hold rows as their own now."""
        return {name for of_kind in self.commits.values() for name in of_kind}


def brought(context: Context, order: tables.Import) -> Brought:
    """Return what an import brought, of whichever kind it was."""
    dataset = invoice.DATASET if order.kind == WORKBOOK else KINDS[order.kind].dataset
    with context.database.read() as session:
        versions = store.lake_versions(session)
        said = _outcomes(session, order.id)
    if dataset is None or dataset.name not in versions:
        return Brought(dataset, (dataset or invoice.DATASET).empty(), said)
    parts = [
        (HELD[name], context.lakes[name].brought(versions[name], order.id))
        for name in speaking_of(dataset.name)
        if name in versions
    ]
    counts: dict[str, int] = {}
    for _, rows in parts:
        of_kind = dict(rows.group_by("enterprise").len().iter_rows())
        counts |= {name: max(counts.get(name, 0), count) for name, count in of_kind.items()}
    by_enterprise = counts | {name: counts.get(name, 0) + said[name] for name in said}
    return Brought(dataset, parts[0][1], by_enterprise, tuple(part for part in parts[1:] if part[1].height))


def stand_ins(context: Context, order: tables.Import, ended: Brought) -> StandIns:
    """Let the imports that had repeated rows of this one hold them as their own: not visible before `end`."""
    with context.database.read() as session:
        repeaters = withdrawals.repeaters(session, order.id)
        orders = [session.get_one(tables.Import, name) for name in repeaters]
    found = {dataset.name: _taken_over(context, order, orders, dataset, rows) for dataset, rows in ended.parts}
    lost = {name for _, without in found.values() for name in without} if found else set(repeaters)
    return StandIns(repeaters, {kind: commits for kind, (commits, _) in found.items()}, sorted(lost))


def _taken_over(
    context: Context, order: tables.Import, repeaters: Sequence[tables.Import], dataset: Dataset, rows: pl.DataFrame
) -> tuple[dict[str, Commit], list[str]]:
    """Let each import hold what it repeated of rows of one kind; return the commits, and the imports without a file."""
    commits, lost = dict[str, Commit](), list[str]()
    # What does not stand is repeated by nobody.
    rest, content = rows.filter(pl.col("version") > 0), dataset.content
    for repeater in repeaters:
        said = _said(context, repeater, dataset, rows)
        if said is None:
            lost.append(repeater.id)
            continue
        mine = rest.join(said.select(content), on=content, how="semi", nulls_equal=True)
        if mine.height:
            mark = f"{order.id}>{repeater.id}"
            commits[repeater.id] = context.lakes[dataset.name].hand_over(mine, mark, repeater.id, now=context.now())
            rest = rest.join(mine.select(content), on=content, how="anti", nulls_equal=True)
    return commits, lost


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
    commits = [commit for of_kind in others.commits.values() for commit in of_kind.values()]
    known = [datetime.fromisoformat(commit.facts["known_at"]) for commit in commits]
    at = max(now, state.known_at + store.TICK, *known)
    row.at = row.at or at
    session.flush()
    _pass_on(session, others)
    state = replace(state, known_at=at, departures=state.departures + 1)
    for kind, of_kind in others.commits.items():
        if of_kind:
            last = max(commit.version for commit in of_kind.values())
            added = sum(sum(commit.facts["appended"].values()) for commit in of_kind.values())
            store.add_step(session, kind, at, last, added)
            if kind == invoice.DATASET.name:
                state = replace(state, lake_version=max(state.lake_version, last))
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
    names = [name for name in others.repeaters if name in others.imports]
    for place, name in enumerate(others.repeaters):
        withdrawals.note_repeats(session, name, [each for each in names if others.repeaters.index(each) < place])


def _said(context: Context, order: tables.Import, dataset: Dataset, held: pl.DataFrame) -> pl.DataFrame | None:
    try:
        rows = statements(context, order, dataset)
    except Refused:
        # By rules that are younger than the file it would not be taken any more.
        return None
    return None if rows is None else rejoined(dataset, rows, held)[0]


def _outcomes(session: Session, import_id: str) -> dict[str, int]:
    table = tables.Outcome
    query = select(table.enterprise, func.count()).where(table.import_id == import_id).group_by(table.enterprise)
    return dict(session.execute(query).all())


TAKEN_BACK_KINDS = frozenset({*(name for name, form in KINDS.items() if form.dataset), WORKBOOK, OUTCOMES.kind})
