"""HTTP of the scoring service: one module a resource, schemas, and the table of problems."""

from __future__ import annotations

from chassis.web.ledger import blueprint as ledger_blueprint
from chassis.web.openapi import Blueprint
from services.scoring.api import (
    batches,
    counting_policy,
    drift,
    evaluations,
    models,
    outcomes,
    overlay_rules,
    reason_codes,
    receipts,
    recourse,
    scores,
)
from services.scoring.api.current import context
from services.scoring.context import LEDGER

ledger = ledger_blueprint("score-ledger", LEDGER, lambda: context().ledger_signer, "Which scores were given: provable")
BLUEPRINTS: tuple[Blueprint, ...] = (
    scores.blueprint,
    receipts.blueprint,
    reason_codes.blueprint,
    overlay_rules.blueprint,
    counting_policy.blueprint,
    recourse.blueprint,
    drift.blueprint,
    batches.blueprint,
    models.blueprint,
    evaluations.blueprint,
    outcomes.blueprint,
    ledger,
)
