"""The end of an import: one transaction makes visible what it brought, and counts it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any

import polars as pl
from sqlalchemy.orm import Session

from services.profile.book import outcome_store, store, tables
from services.profile.book.context import Context
from services.profile.book.domain import invoice
from services.profile.book.domain.attributes import warnings
from services.profile.book.domain.columns import ENTERPRISES, Form
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.validation import Checked
from services.profile.book.lake import Commit
from services.profile.book.usecases.enrol import merged
from services.profile.book.usecases.hooks import Hooks
from services.profile.book.usecases.touch import order_look

MOST_WARNINGS = 20
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a file or a sheet: received = accepted + duplicate + rejected."""

    received: int
    accepted: int
    duplicate: int
    rejected: int

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both together."""
        return Counts(*(mine + theirs for mine, theirs in zip(_four(self), _four(other), strict=True)))


@dataclass(frozen=True, slots=True)
class Sheet:
    """One checked table of the file."""

    form: Form
    name: str | None
    checked: Checked
    ignored: tuple[str, ...]


def conclude(
    context: Context, hooks: Mapping[str, Hooks], order: tables.Import, sheets: list[Sheet], commit: Commit | None
) -> None:
    """Make the import visible: firms, outcomes, the book's state and the counts, in one transaction."""
    now = context.now()
    with context.database.begin() as session:
        if session.get_one(tables.Import, order.id, with_for_update=True).finished_at is not None:
            return
        state = store.book(session, lock=True)
        if commit is not None:
            state = _made_visible(session, state, sheets, commit, now)
            _follow(context, hooks, session, order, sheets, now)
        counts = [_concluded(session, order, sheet, commit, now) for sheet in sheets]
        store.move_book(session, state)
        done = session.get_one(tables.Import, order.id)
        done.counts, done.finished_at = _summary(sheets, counts), now
        order_look(session, _touched(sheets, commit), order.kind)


def _follow(
    context: Context,
    hooks: Mapping[str, Hooks],
    session: Session,
    order: tables.Import,
    sheets: list[Sheet],
    now: datetime,
) -> None:
    for sheet in sheets:
        if sheet.form.dataset is not None and sheet.form.dataset.name in hooks:
            hooks[sheet.form.dataset.name].on_visible(context, session, order, sheet.checked.rows, now)


def _touched(sheets: list[Sheet], commit: Commit | None) -> set[str]:
    """Return the enterprises that an import said something of: those with new records, or all that it names."""
    if commit is not None:
        return set(commit.facts["enterprises"])
    return {name for sheet in sheets for name in sheet.checked.rows["enterprise"].unique()}


def _concluded(session: Session, order: tables.Import, sheet: Sheet, commit: Commit | None, now: datetime) -> Counts:
    checked = sheet.checked
    if commit is not None and sheet.form.dataset is not None:
        appended = commit.facts["appended"]
        sort = sheet.form.constants.get(sheet.form.dataset.lead)
        accepted = int(appended.get(sort, 0) if sort else sum(appended.values()))
    elif sheet.form.kind == ENTERPRISES.kind:
        accepted = _enrolled(session, order, checked.rows, now)
    else:
        accepted = _observed(session, order, checked.rows, now)
    return Counts(checked.received, accepted, checked.rows.height - accepted, checked.rejected)


def _enrolled(session: Session, order: tables.Import, rows: pl.DataFrame, now: datetime) -> int:
    """Store the firms of a file and return how many rows said something new."""
    before = store.enterprises(session, rows["enterprise"].unique().to_list())
    latest, accepted, stated = dict(before), 0, set[str]()
    heard = outcome_store.outcome_statements(session, list({*rows["enterprise"].to_list()}))
    said: list[tuple[str, bool, date | None]] = []
    for row in _described(rows):
        name, defaulted = row.pop("enterprise"), row.pop("defaulted", None)
        firm = merged(latest.get(name), name, row)
        outcome = (name, defaulted, None)
        new_outcome = defaulted is not None and outcome not in heard
        # A row counts as accepted when it changes what is known; the invoices' own mention of a code is no statement.
        if firm != latest.get(name) or new_outcome or (name not in stated and before.get(name) is None):
            accepted += 1
        latest[name] = firm
        stated.add(name)
        if new_outcome:
            heard.add(outcome)
            said.append(outcome)
    changed = [firm for name, firm in latest.items() if firm != before.get(name)]
    store.keep_enterprises(session, changed, now)
    outcome_store.add_outcomes(session, said, order.id, now)
    return accepted


def _described(rows: pl.DataFrame) -> Iterator[dict[str, Any]]:
    yield from rows.drop("line").iter_rows(named=True)


def _observed(session: Session, order: tables.Import, rows: pl.DataFrame, now: datetime) -> int:
    """Store the outcomes of a file and return how many are new."""
    if "observed_on" not in rows.columns:
        rows = rows.with_columns(pl.lit(None, dtype=pl.Date).alias("observed_on"))
    statements = list(dict.fromkeys(rows.select("enterprise", "defaulted", "observed_on").iter_rows()))
    names = list({name for name, _, _ in statements})
    heard = outcome_store.outcome_statements(session, names)
    new = [statement for statement in statements if statement not in heard]
    synthetic = bool(store.book(session).synthetic)
    known = store.enterprises(session, names)
    store.keep_enterprises(session, [Enterprise(n, synthetic=synthetic) for n in names if n not in known], now)
    outcome_store.add_outcomes(session, new, order.id, now)
    return len(new)


def _made_visible(
    session: Session, state: store.BookState, sheets: list[Sheet], commit: Commit, now: datetime
) -> store.BookState:
    """Move the book on to a commit: from this step on readers see it, and a replay of this moment will."""
    [dataset, *_] = [sheet.form.dataset.name for sheet in sheets if sheet.form.dataset]
    added, synthetic = sum(commit.facts["appended"].values()), bool(state.synthetic)
    known_at = max(state.known_at + TICK, datetime.fromisoformat(commit.facts["known_at"]))
    store.add_step(session, dataset, known_at, commit.version, added)
    if dataset != invoice.DATASET.name:
        store.name_enterprises(session, commit.facts["enterprises"], synthetic=synthetic, now=now)
        return replace(state, known_at=known_at)
    store.touch(session, commit.facts["enterprises"], commit.version, synthetic=synthetic, now=now)
    latest = commit.facts["date"]
    days = [day for day in (state.date, date.fromisoformat(latest) if latest else None) if day]
    return replace(
        state,
        lake_version=max(state.lake_version, commit.version),
        known_at=known_at,
        date=max(days, default=None),
        invoices=state.invoices + added,
    )


def _summary(sheets: list[Sheet], counts: list[Counts]) -> dict[str, Any]:
    whole = sum(counts[1:], counts[0])
    ignored = sorted({title for sheet in sheets for title in sheet.ignored})
    parts = [
        {"sheet": sheet.name, "kind": sheet.form.kind, **asdict(count)}
        for sheet, count in zip(sheets, counts, strict=True)
        if sheet.name
    ]
    told = {"ignored_columns": ignored, "warnings": _warnings(sheets)}
    return {**asdict(whole), **told, "parts": parts or None}


def _warnings(sheets: list[Sheet]) -> list[str]:
    """Return what the standards do not know of the firms in the file: each once, and not more than anybody reads."""
    firms = (row for sheet in sheets if sheet.form.kind == ENTERPRISES.kind for row in _described(sheet.checked.rows))
    return list(
        islice(dict.fromkeys(said for row in firms for said in warnings(row["enterprise"], row)), MOST_WARNINGS)
    )


def _four(counts: Counts) -> tuple[int, int, int, int]:
    return counts.received, counts.accepted, counts.duplicate, counts.rejected
