"""Order a plan (an allocation, an assignment, a dry run): accepted with its job, to be made by the worker."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.data import jobs
from services.matching import documents
from services.matching.documents import PlanOrder
from services.matching.domain.dry_run import DryRunOrder
from services.matching.tables import Plan

QUEUE = "plans"


def job_of(order: type[PlanOrder]) -> jobs.Kind:
    """Return the kind of job that makes such plans."""
    return jobs.Kind(order.kind, QUEUE)


def order_plan(session: Session, caller: Caller, order: PlanOrder) -> Plan:
    """Accept the order and its job in one transaction. What is known now is what it will be made from."""
    now = datetime.now(UTC)
    plan_id = new_id("pln")
    row = Plan(
        id=plan_id,
        kind=order.kind,
        product=order.product.id if isinstance(order, DryRunOrder) else None,
        client=caller.client,
        job=jobs.order(session, job_of(type(order)), {"plan": plan_id}, caller=caller),
        document=documents.plan_order(order),
        as_of=order.as_of,
        known_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row
