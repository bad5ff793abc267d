"""All routes of the service, one blueprint a resource, in the order of the document."""

from __future__ import annotations

from chassis.web.ledger import blueprint as ledger_blueprint
from services.profile.book.api import connectors, imports, previews, records, source_grants
from services.profile.book.api.current import context
from services.profile.graph.api import control, figures, graphs, partner_shifts, rings, shocks
from services.profile.portrait.api import cross_checks, features, portraits
from services.profile.portrait.api import internal as portrait_internal
from services.profile.rights.api import (
    consents,
    disputes,
    enterprises,
    measures,
    notices,
    repairs,
    withdrawals,
)
from services.profile.rights.api import internal as rights_internal
from services.profile.supervision.api import bidder_screens, classes, indices, supplier_records
from services.profile.watch.api import alerts, exposures

ledger = ledger_blueprint(
    "ledger", "smecredit/profile", lambda: context().ledger_signer, "Who read what, who agreed to it: provable"
)
DOCUMENTED = (
    imports.blueprint,
    withdrawals.blueprint,
    previews.blueprint,
    connectors.blueprint,
    source_grants.blueprint,
    enterprises.blueprint,
    records.blueprint,
    cross_checks.blueprint,
    portraits.blueprint,
    graphs.blueprint,
    shocks.blueprint,
    partner_shifts.blueprint,
    control.blueprint,
    figures.blueprint,
    rings.one,
    rings.many,
    alerts.signals,
    alerts.feed,
    alerts.subscriptions,
    exposures.blueprint,
    classes.one,
    classes.many,
    indices.blueprint,
    consents.blueprint,
    disputes.blueprint,
    repairs.blueprint,
    notices.blueprint,
    measures.blueprint,
    features.blueprint,
    bidder_screens.blueprint,
    supplier_records.blueprint,
    ledger,
)
BETWEEN_SERVICES = (portrait_internal.blueprint, rights_internal.blueprint)
