"""What the routes of all plans share: ordering one, reading one, listing a client's own."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from chassis.data import jobs
from chassis.web import paging
from chassis.web.caller import caller
from services.matching.api import shown
from services.matching.api.current import context
from services.matching.documents import PlanOrder
from services.matching.tables import Plan
from services.matching.usecases import browse
from services.matching.usecases.order_plan import order_plan
from services.matching.usecases.read_plan import read_plan


def ordered(session: Session, order: PlanOrder) -> dict[str, Any]:
    """Order a plan and show how far it is."""
    row = order_plan(session, caller(), order)
    return shown.plan(row, jobs.state_of(session, row, row.job))


def read(kind: str, plan_id: str) -> dict[str, Any]:
    """Show how far a plan is, and once it is done what was planned."""
    plan = read_plan(context(), caller(), kind, plan_id)
    return {**shown.plan(plan.row, plan.job), "result": plan.result}


def listed(kind: str, filters: dict[str, Any], product: str | None = None) -> dict[str, Any]:
    """Show a page of the caller's plans of a kind, newest first, without what they say of enterprises."""
    with context().database.read() as session:
        query = browse.plans(caller(), kind, filters, product)
        page = paging.page(session, query, [Plan.id], lambda row: row, newest_first=True)
        return {**page, "items": shown.orders(session, page["items"], shown.plan)}
