"""HTTP of the matching service: one module a resource."""

from __future__ import annotations

from chassis.web.ledger import blueprint as ledger_blueprint
from services.matching.api import (
    allocations,
    applications,
    assignments,
    batches,
    churn,
    decisions,
    dry_runs,
    matches,
    products,
    receivables,
    webhooks,
)
from services.matching.api.current import context
from services.matching.context import LEDGER

ledger = ledger_blueprint(
    "agreement-ledger", LEDGER, lambda: context().ledger_signer, "Which terms were agreed: provable"
)
BLUEPRINTS = (
    products.blueprint,
    matches.blueprint,
    decisions.blueprint,
    dry_runs.blueprint,
    batches.blueprint,
    churn.blueprint,
    allocations.blueprint,
    assignments.blueprint,
    receivables.blueprint,
    applications.blueprint,
    webhooks.blueprint,
    ledger,
)
