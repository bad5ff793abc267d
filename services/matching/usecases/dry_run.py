"""Try a product's new version, in a durable job: who of the enterprises that may be read would gain or lose it."""

from __future__ import annotations

from chassis.core.moments import today
from chassis.data import jobs
from services.matching import documents, store
from services.matching.context import Context
from services.matching.domain.dry_run import compare, read_dry_run_order
from services.matching.domain.facts import Need
from services.matching.domain.product import Product, read_product
from services.matching.tables import Plan
from services.matching.usecases.gather import gather


def run_dry_run(context: Context, job: jobs.Job) -> None:
    """Do the work of a dry run: scores are read softly, nothing is published. Repeated, it answers the same."""
    with context.database.read() as session:
        row = session.get_one(Plan, job.payload["plan"])
        order = read_dry_run_order(row.document, row.as_of)
        version = store.find_version(session, order.product.id)
        published = None if version is None else read_product(version.document)
    proposed = read_product(order.product.document)
    facts = gather(context, order.enterprises, order.as_of, row.known_at, context.acting_for(row.client))
    job.progress(0, len(facts))
    report = compare(published, proposed, facts, order.need or _least(proposed), day=today(), limit=order.limit)
    with context.database.begin() as session:
        document = {**documents.dry_run(report), "model": facts.model}
        store.keep_plan(session, row.id, document, facts, order.enterprises)
    job.progress(len(facts), len(facts))


def _least(product: Product) -> Need:
    """Return the need that is asked about where none is named: the least that the proposed version lends."""
    return Need(product.amount_fen[0], product.months[0])
