"""Publishing the integrity index (诚信指数), month after month: ordered by the operator, made by a worker.

A month is published once and never again: two versions of it would differ by the few firms of which more became known,
and tell their points to whoever takes one from the other (ADR 43).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
import structlog
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict, Invalid
from chassis.core.identity import Caller
from chassis.data import jobs
from chassis.data.jobs import Job
from services.profile.book import enterprise_store, state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Moment, usual_day
from services.profile.book.domain.permit import Whole, Why
from services.profile.portrait.domain.indicators import Trust
from services.profile.portrait.usecases.baseline import closed
from services.profile.standards.days import month_end_before, months_later
from services.profile.supervision import index_store
from services.profile.supervision.domain import classified, publication
from services.profile.supervision.domain.cells import prefecture_of, section_of
from services.profile.supervision.domain.index_rules import components, rules_on
from services.profile.supervision.domain.pack import Pack
from services.profile.supervision.domain.panel import Atom, Panel, moved_on
from services.profile.supervision.domain.publication import KNOWN, Before
from services.profile.supervision.usecases.measure import gathered, own_figures, valued

JOB = jobs.Kind("index", "batches")
WINDOW = 12  # months that a figure looks back on, and that a hidden cell stays hidden
MOST_MONTHS = 36
BATCH = 20_000  # firms whose records are read at a time

log = structlog.get_logger()


class MonthTaken(Conflict):
    """A month was published already, or one after it."""


@dataclass(frozen=True, slots=True)
class Order:
    """Months ordered: the id of the job, and the months in order."""

    id: str
    months: tuple[str, ...]


def order_index(context: Context, session: Session, caller: Caller, first: str | None, last: str | None) -> Order:
    """Order the months from `first` to `last`; by default those after the latest published to the last that is over.

    Raises `Invalid` where a month is not over, the last comes before the first or there are too many, `MonthTaken`
    where one is published already.
    """
    latest, over = index_store.latest(session), closed(usual_day(state_store.book(session).date, context.today()))
    end = _end(last) if last else over
    if end > over:
        raise Invalid(f"{end:%Y-%m} is not over as of the book's date; the last month that is: {over:%Y-%m}.")
    begin = _end(first) if first else (months_later(_end(latest), 1) if latest else months_later(end, 1 - WINDOW))
    if first and begin > end:
        raise Invalid(f"{first} comes after {end:%Y-%m}, the last month that is ordered or over; begin earlier.")
    found = _months(begin, end)
    if latest is not None and found[:1] <= (latest,):
        raise MonthTaken(
            f"Months are published once, in their order; the latest is {latest}: go on with the next. "
            "/ 指数按月依次发布，已发布的月份不再修改。",
            latest=latest,
        )
    if not 1 <= len(found) <= MOST_MONTHS:
        raise Invalid(f"From 1 to {MOST_MONTHS} months are published at once, from the first to the last.")
    payload = {"months": list(found), "by": caller.client}
    return Order(jobs.order(session, JOB, payload, caller=caller), found)


def publish_index(context: Context, job: Job) -> None:
    """Publish the months of an order; what is published already is left as it is, so that it may be done again."""
    months: list[str] = job.payload["months"]
    for done, month in enumerate(months):
        job.progress(done, len(months))
        _publish(context, month, job.payload["by"])
    job.progress(len(months), len(months))


def _publish(context: Context, month: str, by: str) -> None:
    day = _end(month)
    with context.database.read() as session:
        state, latest = state_store.book(session), index_store.latest(session)
        if latest is not None and latest >= month:
            return
        members, begun = index_store.members(session), index_store.begun(session)
        before = index_store.cells(session, f"{month_end_before(day):%Y-%m}")
        hidden = index_store.hidden(session, f"{months_later(day, 1 - WINDOW):%Y-%m}")
    moment = Moment(state.lake_version, day, state.known_at, state.departures)
    pack = rules_on(day)
    names = list(components(pack))
    # As long as nothing was published there is nothing to subtract from: everybody joins.
    measured, panel = _members(context, moment, pack, members if begun else None)
    held = Before(before, _points(members, names)) if before and members else None
    found = publication.month(measured, names, panel, held, hidden)
    made = index_store.Made(
        month, state.lake_version, state.known_at, bool(state.synthetic), pack.valid_from, by, context.now()
    )
    with context.database.begin() as session:
        state_store.book(session, lock=True)
        if index_store.latest(session) == latest:
            index_store.keep(session, made, found, measured, names)
            told = {"cells": len(found.cells), "hidden": len(found.hidden), "waiting": panel.waiting}
            log.info("index published", month=month, **told)


def _members(
    context: Context, moment: Moment, pack: Pack, before: Mapping[str, tuple[Atom, Mapping[str, int]]] | None
) -> tuple[pl.DataFrame, Panel]:
    """Return the members' points as of a month's end, and how the panel moved on to them."""
    assert moment.known_at is not None
    with context.database.read() as session:
        firms = enterprise_store.enterprises_at(session, moment.known_at)
    places = {firm.id: (prefecture_of(firm.region), section_of(firm.industry)) for firm in firms}
    parties = pl.DataFrame(
        [(firm.id, firm.size_class) for firm in firms],
        schema={"enterprise": pl.String, "size_class": pl.String},
        orient="row",
    )
    wanted = sorted({*places, *(before or ())})
    parts = [wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH)]
    points = pl.concat([_scored(context, moment, pack, part, parties) for part in parts]) if parts else _nobody(pack)
    active = {name: places[name] for name in points.filter("active")["enterprise"] if name in places}
    panel = moved_on(None if before is None else {name: atom for name, (atom, _) in before.items()}, active)
    atoms = pl.DataFrame(
        [(name, *atom) for name, atom in sorted(panel.members.items())],
        schema={"enterprise": pl.String, "prefecture": pl.String, "industry": pl.String},
        orient="row",
    )
    return atoms.join(points.drop("active"), on="enterprise", maintain_order="left"), panel


def _scored(context: Context, moment: Moment, pack: Pack, names: Sequence[str], parties: pl.DataFrame) -> pl.DataFrame:
    """Return each firm's hundredths of a point by component, the weight that is known, and whether it is active."""
    scope = Whole(Why.INDEX, tuple(names))
    evidence, day = gathered(context, moment, scope), moment.as_of
    rows = pl.DataFrame({"enterprise": list(names)}, schema={"enterprise": pl.String})
    figures = rows.join(
        own_figures(evidence, day, parties, Trust()), on="enterprise", how="left", maintain_order="left"
    )
    values = valued(pack, figures, evidence.public_records, day)
    added, known = classified.contributions(pack, values), classified.known_weight(pack, values)
    of = {name: [rule.dimension == name for rule in pack.rules] for name in components(pack)}
    recent = figures["last_on"] > months_later(day, -WINDOW)
    return rows.with_columns(
        *(pl.Series(name, added[:, np.array(mask)].sum(axis=1)) for name, mask in of.items()),
        pl.Series(KNOWN, known * 100),
        pl.Series("active", recent).fill_null(value=False),
    )


def _nobody(pack: Pack) -> pl.DataFrame:
    whole = dict.fromkeys((*components(pack), KNOWN), pl.Int64)
    return pl.DataFrame(schema={"enterprise": pl.String, **whole, "active": pl.Boolean})


def _points(members: Mapping[str, tuple[Atom, Mapping[str, int]]], names: Sequence[str]) -> pl.DataFrame:
    """Return the members' points of the month before; with other columns where other rules made them."""
    rows = [{"enterprise": name, **points} for name, (_, points) in sorted(members.items())]
    columns = sorted({*rows[0]} - {"enterprise"}, key=lambda each: (names.index(each) if each in names else 99, each))
    return pl.DataFrame(rows, schema={"enterprise": pl.String, **dict.fromkeys(columns, pl.Int64)})


def _end(month: str) -> date:
    """Return the last day of a month `YYYY-MM`."""
    return month_end_before(months_later(date.fromisoformat(f"{month}-01"), 1))


def _months(begin: date, end: date) -> tuple[str, ...]:
    found, day = list[str](), begin.replace(day=1)
    while day <= end:
        found.append(f"{day:%Y-%m}")
        day = months_later(day, 1)
    return tuple(found)
