"""Taking the rows of an import out of the book: what ends with it, and who stands in for what it said.

A later import that said the same was counted as a duplicate; what it said stands on once the first is taken back. Its
file is read again, and the rows that both hold become its own, at the place among the versions where they were: the
book is then as if the import that was taken back had never been sent. They come to the lake while the book is locked,
so that nobody makes a version visible in which both imports hold them.
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
from services.profile.book import (
    departures,
    description_store,
    enterprise_store,
    import_store,
    state_store,
    step_store,
    tables,
    withdrawals,
)
from services.profile.book.context import Context
from services.profile.book.domain import invoice
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.columns import ENTERPRISES, KINDS, OUTCOMES, WORKBOOK
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.evidence import HELD, speaking_of
from services.profile.book.domain.versions import among, versioned
from services.profile.book.domain.zeros import rejoined
from services.profile.book.fit import Commit
from services.profile.book.usecases.enrol import described_anew
from services.profile.book.usecases.load import statements


@dataclass(frozen=True, slots=True)
class Brought:
    """What an import had brought: its rows in a lake (of outcomes: none), how many there are, and of whom.

    `beside` are its rows in other lakes, which say more of records: one that brought only such counts by them.
    `outcomes` tells whether it stated any, `described` which enterprises it said something of.
    """

    dataset: Dataset | None
    rows: pl.DataFrame
    by_enterprise: Mapping[str, int]
    beside: tuple[tuple[Dataset, pl.DataFrame], ...] = ()
    outcomes: bool = False
    described: frozenset[str] = frozenset()

    @property
    def parts(self) -> list[tuple[Dataset, pl.DataFrame]]:
        """Every kind of rows that it brought."""
        return [] if self.dataset is None else [(self.dataset, self.rows), *self.beside]


@dataclass(frozen=True, slots=True)
class StandIns:
    """The later imports that repeated rows: by kind and import the `rows` it is to hold; the `lost` hold none."""

    repeaters: Sequence[str]
    rows: Mapping[str, Mapping[str, pl.DataFrame]]
    lost: Sequence[str]

    @property
    def imports(self) -> set[str]:
        """Those that are to hold rows as their own."""
        return {name for of_kind in self.rows.values() for name in of_kind}


def brought(context: Context, order: tables.Import) -> Brought:
    """Return what an import brought, of whichever kind it was."""
    dataset = _dataset_of(order.kind)
    with context.database.read() as session:
        versions = step_store.lake_versions(session)
        outcomes, described = _outcomes(session, order.id), description_store.said_by(session, order.id)
    parts = [
        (HELD[name], context.lakes[name].brought(versions[name], order.id))
        for name in (speaking_of(dataset.name) if dataset is not None and dataset.name in versions else ())
        if name in versions
    ]
    counts: dict[str, int] = {}
    for _, rows in parts:
        of_kind = dict(rows.group_by("enterprise").len().iter_rows())
        counts |= {name: max(counts.get(name, 0), count) for name, count in of_kind.items()}
    said = (counts, outcomes, described)
    return Brought(
        dataset,
        parts[0][1] if parts else (dataset or invoice.DATASET).empty(),
        {name: sum(each.get(name, 0) for each in said) for name in set().union(*said)},
        tuple(part for part in parts[1:] if part[1].height),
        outcomes=bool(outcomes),
        described=frozenset(described),
    )


def _dataset_of(kind: str) -> Dataset | None:
    """Return the kind of data that imports of a kind bring to a lake."""
    return invoice.DATASET if kind == WORKBOOK else KINDS[kind].dataset


def stand_ins(context: Context, order: tables.Import, ended: Brought) -> StandIns:
    """Return who had repeated rows of this import and holds which of them from its end on."""
    with context.database.read() as session:
        repeaters = withdrawals.repeaters(session, order.id)
        orders = [session.get_one(tables.Import, name) for name in repeaters]
    # Outcomes are in no lake, so nobody takes them over.
    lost = {one.id for one in orders if ended.outcomes and one.kind in STATE_OUTCOMES}
    holding = [one for one in orders if _dataset_of(one.kind) is ended.dataset]
    found: dict[str, dict[str, pl.DataFrame]] = {}
    for dataset, rows in ended.parts:
        taken, without = _taken_over(context, order, holding, dataset, rows)
        found[dataset.name] = _with_own_words(context, dataset, rows, taken)
        lost.update(without)
    return StandIns(repeaters, found, sorted(lost))


def _taken_over(
    context: Context, order: tables.Import, repeaters: Sequence[tables.Import], dataset: Dataset, rows: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """Return what each import repeated of rows of one kind, each row once; and the imports without a file."""
    found, lost = dict[str, pl.DataFrame](), list[str]()
    lake = context.lakes[dataset.name]
    # What does not stand is repeated by nobody.
    rest = rows.filter(pl.col("version") > 0)
    # Who holds rows already does so first: an import that was concluded later may have come earlier.
    for repeater in sorted(repeaters, key=lambda one: lake.committed(_mark(order.id, one.id)) is None):
        said = _said(context, repeater, dataset, rows)
        if said is None:
            lost.append(repeater.id)
            continue
        places, mine = _both(dataset, rest, said)
        if mine.height:
            found[repeater.id] = mine
            rest = rest.filter(~pl.int_range(pl.len()).is_in(places.implode()))
    return found, lost


def _with_own_words(
    context: Context, dataset: Dataset, ended: pl.DataFrame, taken: Mapping[str, pl.DataFrame]
) -> dict[str, pl.DataFrame]:
    """Return what stand-ins hold, and what enterprises say themselves of things that no other source states any more.

    Their own word was refused against the import (version 0). Where nothing was said since, it stands as the next one.
    """
    with context.database.read() as session:
        version, gone = step_store.lake_versions(session)[dataset.name], withdrawals.going(session)
    found, held = dict(taken), context.lakes[dataset.name].read(version, ended["enterprise"].unique(), without=gone)
    if (held["version"] > 0).all():
        return found
    held = held.filter(among(dataset.keys(held), dataset.keys(ended))).sort("known_at", maintain_order=True)
    words = held.filter(dataset.keys(held).hash_rows().is_last_distinct()).filter(pl.col("version") == 0)
    passed = (rows.with_columns(pl.lit(name).alias("import_id")) for name, rows in taken.items())
    stated = pl.concat([held.filter(pl.col("version") > 0), *passed])
    with context.database.read() as session:
        senders = import_store.senders(session, pl.concat([stated["import_id"], words["import_id"]]).unique().to_list())
    for (name,), own in versioned(dataset, words.drop("version"), pl.concat([ended, held])).group_by("import_id"):
        others = [other for other, sender in senders.items() if sender != senders[str(name)]]
        firm = stated.filter(pl.col("import_id").is_in(others))
        heard = own.filter(~among(dataset.keys(own), dataset.keys(firm))).select(ended.columns)
        if heard.height:
            found[str(name)] = pl.concat([found[str(name)], heard]) if str(name) in found else heard
    return found


def _both(dataset: Dataset, held: pl.DataFrame, said: pl.DataFrame) -> tuple[pl.Series, pl.DataFrame]:
    """Return the places of the rows held that a file says, too, and these rows in its words.

    What it leaves open of the `quiet` columns was completed when it came and is open again. By what else is known a
    payment's partner is told, so that it may be another one today.
    """
    alike = [name for name in dataset.content if name not in {*dataset.quiet, *dataset.found}]
    own = {name: f"own_{name}" for name in dataset.quiet}
    mine = _keyed(dataset, held.with_row_index("place"))
    theirs = _keyed(dataset, said).rename(own).drop([name for name in dataset.found if name in said.columns])
    keys = [name for name in mine.columns if name not in {*held.columns, "place"}]
    joined = mine.join(theirs.select(*keys, *alike, *own.values()), on=[*keys, *alike], how="inner", nulls_equal=True)
    for name, other in own.items():
        joined = joined.filter(pl.col(other).is_null() | (pl.col(other) == pl.col(name)))
    both = joined.unique("place", keep="last", maintain_order=True).sort("place")
    words = both.with_columns(pl.col(other).alias(name) for name, other in own.items())
    return both["place"], words.select(held.columns)


def _keyed(dataset: Dataset, rows: pl.DataFrame) -> pl.DataFrame:
    keys = dataset.keys(rows).rename({name: f"key_{name}" for name in dataset.identity})
    return pl.concat([rows, keys], how="horizontal")


def _mark(order: str, repeater: str) -> str:
    """Return the name of the commit in which an import takes rows of another over."""
    return f"{order}>{repeater}"


def end(
    context: Context, session: Session, order: tables.Import, ended: Brought, others: StandIns, now: datetime
) -> datetime | None:
    """Let the rows of an import end, and those of its stand-ins begin, in one transaction; return since when.

    None where another import has repeated its rows meanwhile: then it is all done again.
    """
    state = state_store.book(session, lock=True)
    if withdrawals.repeaters(session, order.id) != list(others.repeaters):
        return None
    row = session.get_one(tables.Withdrawal, order.id, with_for_update=True)
    handed = _handed_over(context, session, order, others, now)
    known = [datetime.fromisoformat(commit.facts["known_at"]) for commits in handed.values() for commit in commits]
    at = max(now, state.known_at + state_store.TICK, *known)
    row.at = row.at or at
    session.flush()
    _pass_on(session, others)
    described_anew(session, ended.described, at)
    state = replace(state, known_at=at, departures=state.departures + 1)
    for kind, commits in handed.items():
        last = max(commits, key=lambda commit: commit.version)
        records = sum(sum(commit.facts["appended"].values()) for commit in commits)
        step_store.add_step(session, kind, at, last.step, records)
        if kind == invoice.DATASET.name:
            state = replace(state, lake_version=max(state.lake_version, last.version))
    if ended.dataset is invoice.DATASET:
        state = _measured(context, session, state, ended)
    state_store.move_book(session, state)
    departures.change_files(session, ended.by_enterprise.keys())
    if ended.dataset is not None and ended.dataset.name in departures.CONFIRMING:
        _note_own_words(session, others)
        departures.unsettle(session)
    return at


def _handed_over(
    context: Context, session: Session, order: tables.Import, others: StandIns, now: datetime
) -> dict[str, list[Commit]]:
    """Append the rows of stand-ins to their lakes, each once; return the commits by kind."""
    steps = step_store.last_steps(session)
    return {
        kind: [
            context.lakes[kind].hand_over(rows, _mark(order.id, name), name, now=now, step=steps.get(kind))
            for name, rows in of_kind.items()
        ]
        for kind, of_kind in others.rows.items()
        if of_kind
    }


def _measured(
    context: Context, session: Session, state: state_store.BookState, ended: Brought
) -> state_store.BookState:
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
    return replace(state, latest=last, invoices=size)


def _note_own_words(session: Session, others: StandIns) -> None:
    """Note which enterprises' own words stand in for what another source said."""
    held = others.rows.get(invoice.DATASET.name, {})
    for name, (_, channel) in import_store.senders(session, list(held)).items():
        if channel == Channel.SUBJECT:
            enterprise_store.note_own_word(session, held[name]["enterprise"].unique().to_list())


def _pass_on(session: Session, others: StandIns) -> None:
    """Note that all who repeated the import repeat its stand-ins."""
    for name in others.repeaters:
        withdrawals.note_repeats(session, name, others.imports - {name})


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


STATE_OUTCOMES = frozenset({OUTCOMES.kind, ENTERPRISES.kind, WORKBOOK})
