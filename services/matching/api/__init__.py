"""HTTP of the matching service: one module a resource."""

from __future__ import annotations

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
)
