"""`/oauth/token` and the keys that its tokens are verified with."""

from __future__ import annotations

import time

from flask import Blueprint, Response, request

from chassis.web.answers import json_answer
from gateway.context import context
from gateway.identity import oauth
from gateway.identity.oauth import OAuthError
from gateway.settings import Settings

blueprint = Blueprint("tokens", __name__)
FORM = "application/x-www-form-urlencoded"


@blueprint.post("/oauth/token")
def token() -> Response:
    """Give a token for client credentials (RFC 6749 section 4.4)."""
    here = context()
    here.admission.refuse_after_failures()
    if request.mimetype != FORM:
        raise OAuthError("invalid_request", f"Send the request as {FORM}.")
    if any(len(request.form.getlist(name)) > 1 for name in request.form):
        raise OAuthError("invalid_request", "A parameter was sent more than once.")
    now = time.time()
    endpoint = _endpoint(here.settings)
    known = oauth.authenticate(here.authority, request.headers.get("Authorization", ""), request.form, endpoint, now)
    answer = json_answer(oauth.grant(here.authority, known, request.form, now))
    return _not_stored(answer)


@blueprint.get("/.well-known/jwks.json")
def jwks() -> Response:
    """Return the public keys of our tokens (RFC 7517)."""
    answer = json_answer(context().authority.signer.jwks())
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


@blueprint.errorhandler(OAuthError)
def refused(error: OAuthError) -> Response:
    """Answer a refusal as RFC 6749 section 5.2 says."""
    answer = json_answer({"error": error.code, "error_description": error.description}, error.status)
    if error.code == "invalid_client":
        context().admission.note_failure()
        answer.headers["WWW-Authenticate"] = 'Basic realm="smecredit"'
    return _not_stored(answer)


def _endpoint(settings: Settings) -> str:
    """Return the audience of client assertions.

    A request names its own host, so in production only the setting counts: else an assertion signed for another
    server would open this one. Without the setting nobody's assertion has the right audience.
    """
    return settings.token_url or ("the value of GATEWAY_TOKEN_URL" if settings.production else request.base_url)


def _not_stored(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
