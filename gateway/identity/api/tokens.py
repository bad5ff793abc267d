"""`/oauth/token` and the keys that its tokens are verified with."""

from __future__ import annotations

import time

from flask import Blueprint, Response, request
from werkzeug.datastructures import MultiDict

from chassis.core.errors import Invalid, Unauthenticated
from chassis.web.answers import json_answer
from gateway.identity import oauth, proofs
from gateway.identity.api.current import Identity, identity
from gateway.identity.issuer import METADATA_PATH
from gateway.identity.oauth import OAuthError

blueprint = Blueprint("tokens", __name__)
FORM = "application/x-www-form-urlencoded"
# Refusals that count against the address they came from.
NOTED = frozenset({"invalid_client", "invalid_dpop_proof"})


@blueprint.post("/oauth/token")
def token() -> Response:
    """Give a token for client credentials (RFC 6749 section 4.4)."""
    here = identity()
    if request.mimetype != FORM:
        raise OAuthError("invalid_request", f"Send the request as {FORM}.")
    form = _form()
    if any(len(form.getlist(name)) > 1 for name in form):
        raise OAuthError("invalid_request", "A parameter was sent more than once.")
    now = time.time()
    known = _authenticated(here, form, now)
    answer = json_answer(oauth.grant(here.authority, known, form, now, _bound(here, now)))
    return _not_stored(answer)


def _authenticated(here: Identity, form: MultiDict[str, str], now: float) -> oauth.Proven:
    """Return the client; a right secret is never refused for the wrong ones of others."""
    ours = (here.issuer.token_endpoint(request.root_url), here.issuer.address(request.root_url))
    try:
        return oauth.authenticate(here.authority, request.headers.get("Authorization", ""), form, ours, now)
    except OAuthError as error:
        if error.code == "invalid_client":
            here.guard.refuse_after_failures()
        raise


def _bound(here: Identity, now: float) -> str | None:
    """Return the thumbprint of the key that the token is to be bound to, None where none was proved."""
    proof = request.headers.get("DPoP")
    if proof is None:
        return None
    asked = proofs.Request(request.method, here.issuer.token_endpoint(request.root_url), now)
    try:
        return here.authority.proved_by(proof, asked)
    except Unauthenticated as refusal:
        here.guard.refuse_after_failures()
        raise OAuthError("invalid_dpop_proof", refusal.detail) from None


def _form() -> MultiDict[str, str]:
    try:
        return request.form
    except Invalid as refusal:
        raise OAuthError("invalid_request", refusal.detail) from None


@blueprint.get("/.well-known/jwks.json")
def jwks() -> Response:
    """Return the public keys of our tokens (RFC 7517)."""
    answer = json_answer(identity().authority.signer.jwks())
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


@blueprint.get(METADATA_PATH)
def metadata() -> Response:
    """Say what this authorisation server takes (RFC 8414)."""
    answer = json_answer(identity().issuer.metadata(request.root_url))
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


@blueprint.errorhandler(OAuthError)
def refused(error: OAuthError) -> Response:
    """Answer a refusal as RFC 6749 section 5.2 says."""
    answer = json_answer({"error": error.code, "error_description": error.description}, error.status)
    if error.code in NOTED:
        identity().guard.note_failure()
    if error.code == "invalid_client":
        answer.headers["WWW-Authenticate"] = 'Basic realm="smecredit"'
    return _not_stored(answer)


def _not_stored(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
