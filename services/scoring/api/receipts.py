"""Receipts of scores, and the grades that analysts gave beside them."""

from __future__ import annotations

from typing import Any

from flask import Response

from chassis.core.errors import Forbidden
from chassis.web import idempotency
from chassis.web.answers import json_answer
from chassis.web.caller import caller, requires
from chassis.web.openapi import Blueprint, refuses
from services.scoring.api import shown
from services.scoring.api.current import context
from services.scoring.api.receipt_schemas import (
    OverrideOrderSchema,
    OverrideSchema,
    ReceiptKeysSchema,
    ReceiptSchema,
    ScoreProofSchema,
    VerificationSchema,
)
from services.scoring.domain.receipt import SignedReceipt
from services.scoring.usecases import receipt as receipts
from services.scoring.usecases.override import Decision, override
from services.scoring.usecases.prove import prove
from services.scoring.usecases.read_score import read_score

blueprint = Blueprint("receipts", __name__, url_prefix="/v1", description="Proof of what was said, and second opinions")


@blueprint.get("/scores/<score_id>/receipt")
@requires("scores:read")
@refuses(blueprint, 404, 503)
@blueprint.response(200, ReceiptSchema())
def get_receipt(score_id: str) -> Response:
    """Read a score's signed receipt: hashes of inputs, model and reasons, times, score, grade and PD.

    The signature (Ed25519) is over the canonical JSON (RFC 8785) of `receipt`. Whoever may read the score may.
    """
    return json_answer(receipts.receipt(context(), caller(), score_id))


@blueprint.get("/scores/<score_id>/ledger-proof")
@requires("scores:read")
@refuses(blueprint, 404, 503)
@blueprint.response(200, ScoreProofSchema())
def get_ledger_proof(score_id: str) -> Response:
    """Prove that a score is in the score ledger: its entry, and within a batch's entry the score itself.

    The answer is a bundle that `smecredit verify-ledger` verifies offline. Whoever may read the score may.
    """
    return json_answer(prove(context(), caller(), score_id))


@blueprint.get("/receipt-keys")
@blueprint.response(200, ReceiptKeysSchema())
def get_receipt_keys() -> Response:
    """Read the public keys that receipts are verified with, as JSON Web Keys; the one that signs now is first."""
    caller()
    return json_answer(context().signer.published())


@blueprint.post("/receipt-verifications")
@requires("scores:read")
@refuses(blueprint, 404, 422, 503)
@blueprint.arguments(ReceiptSchema())
@blueprint.response(200, VerificationSchema())
def post_receipt_verification(document: dict[str, Any]) -> Response:
    """Verify a receipt: its signature, and its score made again from the stored inputs and the stored model.

    `differences` names each member that differs in a single bit from what was found.
    """
    return json_answer(receipts.verify(context(), caller(), SignedReceipt(**document)))


@blueprint.post("/scores/<score_id>/override")
@requires("scores:write")
@refuses(blueprint, 400, 404, 409, 422, 503)
@blueprint.arguments(OverrideOrderSchema())
@blueprint.response(201, OverrideSchema())
@idempotency.documented
def post_override(decision: dict[str, Any], score_id: str) -> Response:
    """Give a score of yours another grade, with a reason and a note.

    It is recorded beside the model's grade, never over it, and told with the score from then on. A grade above the cap
    of an expert rule is refused.
    """
    if caller().role == "enterprise":
        raise Forbidden("The bank that ordered a score may override its grade.")
    # Profile is asked before the transaction begins: a lock is never held across a call.
    assessment = read_score(context(), caller(), score_id)
    with context().database.begin() as session:
        kept = idempotency.once(session, lambda: shown.overridden(override(session, assessment, Decision(**decision))))
    return json_answer(kept, 201)
