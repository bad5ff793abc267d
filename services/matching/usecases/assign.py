"""Assign products to many firms at once, in a durable job: match each, then let deferred acceptance settle it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from chassis.core.moments import today
from chassis.data import jobs
from services.matching import documents, store
from services.matching.context import Context
from services.matching.domain.assignment.order import AssignmentOrder, Request, read_assignment_order
from services.matching.domain.assignment.report import settle
from services.matching.domain.eligibility import Shelf
from services.matching.domain.errors import ProductNotFound
from services.matching.domain.facts import Facts, Need
from services.matching.domain.match import Match, match_all
from services.matching.domain.product import Product, Used
from services.matching.tables import Plan
from services.matching.usecases.gather import gather


def run_assignment(context: Context, job: jobs.Job) -> None:
    """Make the assignment. Repeated after a crash it makes the same one."""
    with context.database.read() as session:
        row, on = session.get_one(Plan, job.payload["plan"]), today()
        order = read_assignment_order(row.document, row.as_of)
        products = _ordered(store.products_in_force(session, on), order)
        used = store.used(session, [product.id for product in products if product.scope.limited], on)
    shelf, order = Shelf(products, on, kind_matters=False, used=used), _within(order, products, used)
    firms = [request.enterprise for request in order.requests]
    facts = gather(context, firms, order.as_of, row.known_at, context.acting_for(row.client))
    job.progress(0, len(facts))
    report = settle(_matches(shelf, facts, order.requests), order)
    with context.database.begin() as session:
        document = {**documents.plan(report), "model": facts.model}
        store.keep_plan(session, row.id, document, facts, firms)
    job.progress(len(facts), len(facts))


def _ordered(in_force: Sequence[Product], order: AssignmentOrder) -> list[Product]:
    products = {product.id: product for product in in_force}
    wanted = [supply.product for supply in order.products]
    missing = [product for product in wanted if product not in products]
    if missing:
        raise ProductNotFound(
            f"Product {missing[0]} is not in force today; GET /v1/products lists what is published.", product=missing[0]
        )
    return [products[product] for product in wanted]


def _within(order: AssignmentOrder, products: Sequence[Product], used: Mapping[str, Used]) -> AssignmentOrder:
    """Return the order with no more of each product than is left of it."""
    left = {product.id: product.scope.left(used.get(product.id, Used())) for product in products}
    return replace(order, products=tuple(supply.within(*left[supply.product]) for supply in order.products))


def _matches(shelf: Shelf, facts: Facts, requests: Sequence[Request]) -> list[Match]:
    """Match each firm with its own need; firms with one need are answered together."""
    alike: dict[tuple[int, int], list[str]] = defaultdict(list)
    for request in requests:
        alike[request.amount_fen, request.months].append(request.enterprise)
    matches = []
    for (amount, months), enterprises in alike.items():
        some = facts.of(enterprises)
        if len(some):
            matches += match_all(shelf, some, Need(amount, months))
    return sorted(matches, key=lambda match: match.enterprise)
