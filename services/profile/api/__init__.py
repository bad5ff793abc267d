"""HTTP of the profile service: one module a resource."""

from __future__ import annotations

from chassis.web.ledger import blueprint as ledger_blueprint
from services.profile.api import (
    alerts,
    book,
    connectors,
    consents,
    cross_checks,
    disputes,
    enterprises,
    imports,
    measures,
    notices,
    portraits,
    records,
    repairs,
    retention,
)
from services.profile.context import context

ledger = ledger_blueprint(
    "ledger", "smecredit/profile", lambda: context().ledger_signer, "Who read what, who agreed to it: provable"
)
BLUEPRINTS = (
    imports.blueprint,
    connectors.blueprint,
    enterprises.blueprint,
    records.blueprint,
    cross_checks.blueprint,
    portraits.blueprint,
    alerts.signals,
    alerts.feed,
    alerts.subscriptions,
    consents.blueprint,
    disputes.blueprint,
    repairs.blueprint,
    retention.blueprint,
    notices.blueprint,
    measures.blueprint,
    book.blueprint,
    ledger,
)
