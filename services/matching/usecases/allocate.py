"""Divide a bank's budget over its enterprises, in a durable job: gather, price, plan, prove."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from chassis.data import jobs
from services.matching.context import Context
from services.matching.domain.allocation.answer import Conditions, Wish, answer
from services.matching.domain.allocation.terms import Firm, Terms, selector
from services.matching.domain.churn import Paid
from services.matching.domain.facts import Facts
from services.matching.tables import Plan
from services.matching.usecases import plans
from services.matching.usecases.gather import gather
from services.matching.usecases.import_churn import fitted, newest

KIND = "allocation"
OF_A_FIRM = ("enterprise", "pd", "grade", "industry", "region", "size_class")


def run_allocation(context: Context, job: jobs.Job) -> None:
    """Make the plan. Repeated after a crash it makes the same one: solving is deterministic."""
    with context.database.read() as session:
        row = session.get_one(Plan, job.payload["plan"])
        curves = newest(session, row.client)
    order = row.document
    facts = gather(context, order["enterprises"], row.as_of, row.known_at, context.acting_for(row.client))
    job.progress(0, len(facts))
    stresses = {
        item["name"]: [(selector(shock["of"]), shock["factor"]) for shock in item["shocks"]] for item in order["stress"]
    }
    made = answer(_firms(facts, order), _terms(order, curves.document), _conditions(order), stresses)
    told = {"churn_curves": curves.id, "model": facts.model, "as_of": facts.as_of.isoformat()}
    plans.keep(context, row.id, {**made, **told})
    job.progress(len(facts), len(facts))


def _firms(facts: Facts, order: Mapping[str, Any]) -> list[Firm]:
    bounds = {bound["enterprise"]: bound for bound in order["bounds"]}
    return [
        Firm(
            **{name: row.get(name) for name in OF_A_FIRM},  # type: ignore[arg-type]  # columns of these types
            least_fen=bounds.get(str(row["enterprise"]), {}).get("least_fen"),
            most_fen=bounds.get(str(row["enterprise"]), {}).get("most_fen"),
        )
        for row in facts.rows(OF_A_FIRM)
    ]


def _terms(order: Mapping[str, Any], curves: Mapping[str, Any]) -> Terms:
    return Terms(
        lgd=_decimal(order["lgd"]),
        cost=_decimal(order["funding"]) + _decimal(order["operating"]),
        low=_decimal(order["rates"]["low"]),
        high=_decimal(order["rates"]["high"]),
        least_fen=order["least_fen"],
        most_fen=order["most_fen"],
        curves=fitted(curves),
        paid=Paid(order["paid"]),
    )


def _conditions(order: Mapping[str, Any]) -> Conditions:
    budget, sector = order["budget_fen"], order["sector_share"]
    return Conditions(
        budget_fen=budget,
        limits=tuple(Wish.read(item, budget) for item in order["limits"]),
        floors=tuple(Wish.read(item, budget) for item in order["floors"]),
        sector_fen=None if sector is None else int(_decimal(sector) * budget),
        loss_fen=order["loss_fen"],
        loss_share=None if order["loss_share"] is None else _decimal(order["loss_share"]),
    )


def _decimal(number: float) -> Decimal:
    return Decimal(str(number))
