"""Browse what one has ordered or takes part in, by filters: queries, newest first, for a page at a time."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, Select, and_, exists, func, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute

from chassis.core.identity import Caller
from chassis.core.moments import start_of
from chassis.data import jobs
from services.matching.domain.application import State
from services.matching.tables import Application, ApplicationEvent, Batch, Decision, Plan, StoredMatch

Moment = InstrumentedAttribute[datetime]


def plans(caller: Caller, kind: str, filters: dict[str, Any], product: str | None = None) -> Select[Any]:
    """Return the query of a caller's plans of a kind; of dry runs those of a product.

    A dry run that a process of the release before ordered bears no product of its own; its order names it.
    """
    query = _orders(Plan, caller, filters).where(Plan.kind == kind)
    if product is None:
        return query
    named = type_coerce(Plan.document, JSON)["product"]["id"].as_string()
    return query.where(func.coalesce(Plan.product, named) == product)


def batches(caller: Caller, filters: dict[str, Any]) -> Select[Any]:
    """Return the query of a caller's match batches."""
    return _orders(Batch, caller, filters)


def matches(caller: Caller, enterprise: str | None, since: date | None) -> Select[Any]:
    """Return the query of the stored matches that a caller asked for, and of those about itself."""
    mine = _mine(StoredMatch.client == caller.client, StoredMatch.enterprise, caller)
    query = select(StoredMatch).where(mine, *_since(StoredMatch.created_at, since))
    return query if enterprise is None else query.where(StoredMatch.enterprise == enterprise)


def decisions(caller: Caller, since: date | None, *, approved: bool | None) -> Select[Any]:
    """Return the query of a bank's decisions."""
    query = select(Decision).where(Decision.client == caller.client)
    if since is not None:
        query = query.where(Decision.decided_on >= since)
    return query if approved is None else query.where(Decision.approved == approved)


def applications(caller: Caller, filters: dict[str, Any]) -> Select[Any]:
    """Return the query of the applications that a caller is a party of; a bank sees those that were handed in."""
    party = or_(Application.applicant == caller.client, Application.bank == caller.client)
    mine = _mine(party, Application.enterprise, caller)
    query = select(Application).where(mine, *_since(Application.updated_at, filters["since"]))
    if caller.role == "bank":
        query = query.where(handed_in())
    named = {name: filters[name] for name in ("state", "product", "enterprise") if filters[name] is not None}
    return query.filter_by(**named)


def handed_in() -> ColumnElement[bool]:
    """Return the condition that an application was handed in: a draft was not, nor one that was withdrawn as such."""
    submitted = exists().where(ApplicationEvent.application == Application.id, ApplicationEvent.event == "submit")
    return and_(Application.state != State.DRAFT, or_(Application.state != State.WITHDRAWN, submitted))


def _orders(table: type[Batch | Plan], caller: Caller, filters: dict[str, Any]) -> Select[Any]:
    query = select(table).where(table.client == caller.client, *_since(table.created_at, filters["since"]))
    if filters["state"] is None:
        return query
    there = select(jobs.TABLE.c.id).where(jobs.TABLE.c.id == table.job, jobs.TABLE.c.state == filters["state"])
    return query.where(there.exists())


def _mine(asked: ColumnElement[bool], enterprise: InstrumentedAttribute[str], caller: Caller) -> ColumnElement[bool]:
    own = caller.enterprise if caller.role == "enterprise" else None
    return asked if own is None else or_(asked, enterprise == own)


def _since(moment: Moment, day: date | None) -> list[ColumnElement[bool]]:
    return [] if day is None else [moment >= start_of(day)]
