"""Divide a bank's budget over its enterprises, in a durable job: gather, price, plan, prove."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from chassis.data import jobs
from services.matching import documents, store
from services.matching.context import Context
from services.matching.domain.allocation.conditions import Conditions
from services.matching.domain.allocation.order import AllocationOrder, FirmBounds, read_allocation_order
from services.matching.domain.allocation.report import allocate
from services.matching.domain.allocation.terms import Firm, Terms
from services.matching.domain.churn import ChurnCurve, Paid, fitted, read_curves
from services.matching.domain.facts import Facts
from services.matching.tables import Plan
from services.matching.usecases.gather import gather_counted
from services.matching.usecases.import_churn import newest

OF_A_FIRM = ("enterprise", "pd", "grade", "industry", "region", "size_class")


def run_allocation(context: Context, job: jobs.Job) -> None:
    """Make the plan. Repeated after a crash it makes the same one: solving is deterministic."""
    with context.database.read() as session:
        row = session.get_one(Plan, job.payload["plan"])
        curves = newest(session, row.client)
    order = read_allocation_order(row.document, row.as_of)
    acting, counts = context.acting_for(row.client), order.counts
    facts = gather_counted(context, order.enterprises, order.as_of, row.known_at, acting, counts=counts)
    job.progress(0, len(facts))
    terms = _terms(order, fitted(read_curves(curves.document)))
    report = allocate(_firms(facts, order), terms, _conditions(order), order.stress)
    sources = {"churn_curves": curves.id, "model": facts.model, "counts": facts.counts}
    with context.database.begin() as session:
        store.keep_plan(session, row.id, {**documents.plan(report), **sources}, facts, order.enterprises)
    job.progress(len(facts), len(facts))


def _firms(facts: Facts, order: AllocationOrder) -> list[Firm]:
    bounds = {bounds.enterprise: bounds for bounds in order.bounds}
    rows = facts.rows(OF_A_FIRM)
    return [_firm(row, bounds.get(str(row["enterprise"]))) for row in rows]


def _firm(row: Mapping[str, int | float | str | None], bounds: FirmBounds | None) -> Firm:
    return Firm(
        **{name: row.get(name) for name in OF_A_FIRM},  # type: ignore[arg-type]  # columns of these types
        least_fen=bounds.least_fen if bounds else None,
        most_fen=bounds.most_fen if bounds else None,
    )


def _terms(order: AllocationOrder, curves: Mapping[str, ChurnCurve]) -> Terms:
    return Terms(
        lgd=_decimal(order.lgd),
        cost=_decimal(order.funding) + _decimal(order.operating),
        low=_decimal(order.rates.low),
        high=_decimal(order.rates.high),
        least_fen=order.least_fen,
        most_fen=order.most_fen,
        curves=curves,
        paid=order.paid,
    )


def _conditions(order: AllocationOrder) -> Conditions:
    return Conditions(
        budget_fen=order.budget_fen,
        limits=order.limits,
        floors=order.floors,
        sector_fen=None if order.sector_share is None else int(_decimal(order.sector_share) * order.budget_fen),
        loss_fen=order.loss_fen,
        loss_share=None if order.loss_share is None else _decimal(order.loss_share),
        counts_drawn=order.paid is Paid.DRAWN_BUDGET,
    )


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))
