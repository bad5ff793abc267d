"""Who sends this request, and is their quota left? For the proxy, the gateway's own routes and the portal."""

from __future__ import annotations

import time
from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import quote

from flask import Response, g, request

from chassis.core.errors import Unauthenticated
from chassis.core.identity import AUDIENCE, Caller, Verifier
from gateway.door.limits import ADDRESS, FAILURES, Limits, QuotaUsedUp
from gateway.identity import proofs
from gateway.identity.authority import Authority, Pass
from gateway.identity.issuer import Issuer
from gateway.identity.proofs import BoundToken, ProofRefused
from gateway.identity.roles import GATEWAY


class Admission(Verifier):
    """Lets a request in by its credential, within its quota.

    It stands where a service has its verifier, so that the gateway's own routes take API keys as well.
    """

    schemes = frozenset({"bearer", "dpop"})

    def __init__(
        self,
        authority: Authority,
        limits: Limits,
        issuer: Issuer | None = None,
        bound_roles: Collection[str] = frozenset(),
    ) -> None:
        """Ask programs of `bound_roles` for tokens that are bound to a key; services that act for others are not."""
        self.authority = authority
        self._limits = limits
        self._issuer = issuer or Issuer()
        self._bound_roles = bound_roles

    def check(self) -> None:
        """Do nothing: the keys are this gateway's own."""

    def verify(self, token: str) -> Caller:
        """Return who a request to one of the gateway's own routes speaks for, and count the request."""
        admitted = self.count(self._proven(self.known(token), token))
        if admitted.audience not in (AUDIENCE, GATEWAY):
            raise Unauthenticated("The token is for another service; ask POST /oauth/token for one without audience.")
        return admitted.caller

    def of_request(self) -> Pass:
        """Return the pass of whoever sent this request, and count the request."""
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() not in self.schemes or not credential:
            raise Unauthenticated(
                "Send an API key or a token as `Authorization: Bearer …`. POST /oauth/token gives tokens, the operator "
                "gives keys."
            )
        admitted = self.count(self._proven(self.known(credential), credential))
        g.caller = admitted.caller
        return admitted

    def must_be_bound(self, caller: Caller) -> bool:
        """Tell whether a caller has to prove a key with each request: programs of some roles, no person."""
        return caller.role in self._bound_roles and caller.actor is None and caller.per is None

    def _proven(self, admitted: Pass, credential: str) -> Pass:
        """Return the pass; raise `ProofRefused` where this request does not prove the key that it has to.

        A refusal counts against the address, as a wrong key does, and not against the client's quota.
        """
        try:
            self._prove(admitted, credential)
        except ProofRefused:
            g.proof_refused = True
            self._limits.note(FAILURES, self.refuse_after_failures())
            raise
        return admitted

    def _prove(self, admitted: Pass, credential: str) -> None:
        """Raise `ProofRefused` where a pass is bound, or has to be, and this request does not prove its key.

        The scheme says what the sender takes the token for: a bound one is none that opens by itself.
        """
        bearer = not request.headers.get("Authorization", "").lower().startswith("dpop ")
        if admitted.bound is None:
            if not bearer:
                raise ProofRefused("This token is bound to no key. Send it as `Authorization: Bearer …`.")
            if self.must_be_bound(admitted.caller):
                raise ProofRefused(
                    f"Programs of the role {admitted.caller.role} come with a token that is bound to a key: ask "
                    "POST /oauth/token with a proof (DPoP, RFC 9449), and send one with each request."
                )
            return
        sent = request.headers.getlist("DPoP")
        if bearer or len(sent) != 1:
            raise ProofRefused("This token is bound to a key. Send it as `Authorization: DPoP …`, with one proof.")
        # The server has read the path's escapes once, and gives its bytes as Latin-1 (PEP 3333).
        path = quote(request.environ["PATH_INFO"].encode("latin-1"))
        asked = proofs.Request(request.method, self._issuer.address(request.root_url) + path, time.time())
        self.authority.proved_by(sent[0], asked, BoundToken(credential, admitted.bound))

    def known(self, credential: str) -> Pass:
        """Return the pass for a credential.

        What is right passes, whatever else came from its address; what is wrong is counted, and told no more than that
        where its address was wrong too often.
        """
        remembered = self.authority.remembered(credential)
        if remembered:
            return remembered
        try:
            return self.authority.admit(credential)
        except Unauthenticated:
            self._limits.note(FAILURES, self.refuse_after_failures())
            raise

    def count(self, admitted: Pass) -> Pass:
        """Count one request of a client; raise `TooManyRequests` beyond its quota."""
        self._take(admitted.caller.role, admitted.caller.client)
        return admitted

    def count_address(self) -> None:
        """Count one request of an address, where nobody need be known."""
        self._take(ADDRESS, _address())

    def refuse_after_failures(self) -> str:
        """Return the request's address; raise `TooManyRequests` where it was wrong too often."""
        address = _address()
        try:
            self._limits.refuse_when_used_up(FAILURES, address)
        except QuotaUsedUp as refusal:
            g.standing = refusal.headers
            raise
        return address

    def note_failure(self) -> None:
        """Count one wrong credential against the request's address."""
        self._limits.note(FAILURES, _address())

    def address(self) -> str:
        """Return where this request came from, behind the proxies that are trusted."""
        return _address()

    def _take(self, policy: str, key: str) -> None:
        try:
            g.standing = self._limits.take(policy, key)
        except QuotaUsedUp as refusal:
            g.standing = refusal.headers
            raise


def tell_standing(response: Response) -> Response:
    """Say in every counted answer, a refusal included, what is left of the quota."""
    for name, value in g.get("standing", ()):
        response.headers[name] = value
    return response


def challenge(response: Response) -> Response:
    """Say in a refusal by which schemes one may come (RFC 9110 section 11.6.1, RFC 9449 section 7.1)."""
    if response.status_code == HTTPStatus.UNAUTHORIZED and "WWW-Authenticate" in response.headers:
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        offered = 'DPoP algs="ES256"'
        if scheme.lower() == "dpop" and credential:
            offered += ', error="invalid_dpop_proof"' if "proof_refused" in g else ', error="invalid_token"'
        response.headers.add("WWW-Authenticate", offered)
    return response


def _address() -> str:
    return request.remote_addr or "unknown"
