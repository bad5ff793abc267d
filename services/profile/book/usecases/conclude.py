"""The end of an import: one transaction makes visible what it brought, and counts it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from itertools import chain

import polars as pl
from sqlalchemy.orm import Session

from services.profile.book import (
    departures,
    enterprise_store,
    job_store,
    party_names,
    state_store,
    step_store,
    tables,
    withdrawals,
)
from services.profile.book.commits import Commits
from services.profile.book.context import Context
from services.profile.book.domain import invoice, public_record
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.columns import ENTERPRISES
from services.profile.book.domain.counterparty import named_parties
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.party import party_of
from services.profile.book.domain.sheet import NOTED, Counts, Digests, Sheet, summary
from services.profile.book.fit import Commit
from services.profile.book.usecases.enrol import enrol_all
from services.profile.book.usecases.hooks import Hooks
from services.profile.book.usecases.observe import observe
from services.profile.book.usecases.receive import JOB
from services.profile.book.usecases.touch import note_changed

# The names of an invoice's sides, which a file may state beside their codes.
NAMES = frozenset({"seller_name", "buyer_name"})


def conclude(
    context: Context,
    hooks: Mapping[str, Hooks],
    order: tables.Import,
    sheets: list[Sheet],
    commits: Commits,
    reports: Digests,
    rows: Callable[[Collection[str]], Iterable[pl.DataFrame]] | None = None,
) -> None:
    """Make the import visible: firms, outcomes, the book's state and the counts, in one transaction.

    `reports` are the digests of what was written of rejected rows, noted with the counts. `rows` gives the rows of the
    sheets that have one of some columns, part by part, where the sheets themselves do not hold them.
    """
    rows = rows or (lambda _: (sheet.checked.rows for sheet in sheets))
    now = context.now()
    with context.database.begin() as session:
        done = session.get_one(tables.Import, order.id, with_for_update=True)
        if done.finished_at is not None:
            return
        state = state_store.book(session, lock=True)
        # One moment for all that an import brings: no replay sees a part of it.
        known_at = max([state.known_at + state_store.TICK, *commits.moments])
        for dataset, commit in commits:
            own = order.channel == Channel.SUBJECT
            state = _made_visible(session, replace(state, known_at=known_at), dataset, commit, now, own=own)
        if commits.records is not None:
            withdrawals.note_repeats(session, order.id, commits.repeats)
            if hook := hooks.get(commits.records[0].name):
                _follow(context, hook, session, order, sheets, now)
            own = order.channel == Channel.SUBJECT
            if commits.records[0] is invoice.DATASET:
                party_names.keep(session, _named_parties(rows(NAMES)), order.id, own=own)
        counts = [_counted(session, order, sheet, commits.taken(place), now) for place, sheet in enumerate(sheets)]
        if commits.records is not None and commits.records[0].name in departures.CONFIRMING:
            _unsettle(session, rows({"counterparty"}), commits)
        state_store.move_book(session, state)
        done.counts, done.finished_at = {**summary(sheets, counts, commits.told), NOTED: dict(reports)}, now
        within = job_store.within(session, JOB.queue)
        note_changed(session, _touched(sheets, commits), order.kind, within=within)
        context.peers.changed(session, within)


def _follow(
    context: Context, hooks: Hooks, session: Session, order: tables.Import, sheets: list[Sheet], now: datetime
) -> None:
    for sheet in sheets:
        if sheet.form.dataset is not None:
            hooks.on_visible(context, session, order, sheet.checked.rows, now)


def _made_visible(
    session: Session, state: state_store.BookState, dataset: Dataset, commit: Commit, now: datetime, *, own: bool
) -> state_store.BookState:
    """Return the book with a commit made visible: from its moment on readers see it, and a replay of that will."""
    added, synthetic = sum(commit.facts["appended"].values()), bool(state.synthetic)
    step_store.add_step(session, dataset.name, state.known_at, commit.step, added)
    if dataset.name != invoice.DATASET.name:
        enterprise_store.name_enterprises(session, commit.facts["enterprises"], synthetic=synthetic, now=now)
        if dataset.name == public_record.DATASET.name:
            # They stand in the stored answers of features, beside the values.
            departures.change_files(session, commit.facts["enterprises"])
        return state
    enterprise_store.touch(session, commit.facts["enterprises"], commit.version, synthetic=synthetic, now=now, own=own)
    latest = commit.facts["date"]
    days = [day for day in (state.latest, date.fromisoformat(latest) if latest else None) if day]
    return replace(
        state,
        lake_version=max(state.lake_version, commit.version),
        latest=max(days, default=None),
        invoices=state.invoices + added,
    )


def _unsettle(session: Session, rows: Iterable[pl.DataFrame], commits: Commits) -> None:
    """Let no answer hold of those whose own word the import confirms, or confirms no more."""
    if departures.anybody_speaks(session):
        parties = enterprise_store.speaking(session, commits.enterprises)
        for some in _parties(rows, commits):
            parties |= enterprise_store.speaking(session, some)
        departures.change_files(session, parties)


def _parties(rows: Iterable[pl.DataFrame], commits: Commits) -> Iterator[set[str]]:
    """Give the enterprises that an import names as counterparties, and that what it states anew named before."""
    before = [name for _, commit in commits for name in commit.facts.get("before", ())]
    named = (part["counterparty"] for part in rows if "counterparty" in part.columns)
    for parties in chain([pl.Series("counterparty", before, dtype=pl.String)], named):
        written = parties.unique().drop_nulls().to_frame("party")
        yield set(written.select(party_of(pl.col("party"))).to_series())


def _named_parties(rows: Iterable[pl.DataFrame]) -> set[tuple[str, str]]:
    """Return the credit codes of partners that invoices name, each with its names; persons have no such code."""
    found: set[tuple[str, str]] = set()
    for part in rows:
        if NAMES & set(part.columns):
            found |= set(named_parties(part).rows())
    return found


def _counted(session: Session, order: tables.Import, sheet: Sheet, taken: int, now: datetime) -> Counts:
    """Return the counts of a sheet, storing first what it says of firms or outcomes; `taken` went to a lake."""
    checked = sheet.checked
    if sheet.form.dataset is not None:
        accepted = taken
    elif sheet.form.kind == ENTERPRISES.kind:
        accepted = enrol_all(session, checked.rows, order.id, now, order.channel)
    else:
        accepted = observe(session, checked.rows, order.id, now)
    good = checked.received - checked.rejected
    return Counts(checked.received, accepted, good - accepted, checked.rejected)


def _touched(sheets: list[Sheet], commits: Commits) -> set[str]:
    """Return the enterprises that an import said something of: those with new records, or all that it names."""
    if commits.records is not None:
        return commits.enterprises
    return {name for sheet in sheets for name in sheet.checked.rows["enterprise"].unique()}
