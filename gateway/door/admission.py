"""Who sends this request, and is their quota left? For the proxy, the gateway's own routes and the portal."""

from __future__ import annotations

from flask import Response, g, request

from chassis.core.errors import Unauthenticated
from chassis.core.identity import AUDIENCE, Caller, Verifier
from gateway.door.limits import ADDRESS, FAILURES, Limits, QuotaUsedUp
from gateway.identity.authority import Authority, Pass
from gateway.identity.roles import GATEWAY


class Admission(Verifier):
    """Lets a request in by its credential, within its quota.

    It stands where a service has its verifier, so that the gateway's own routes take API keys as well.
    """

    def __init__(self, authority: Authority, limits: Limits) -> None:
        self.authority = authority
        self._limits = limits

    def check(self) -> None:
        """Do nothing: the keys are this gateway's own."""

    def verify(self, token: str) -> Caller:
        """Return who a request to one of the gateway's own routes speaks for, and count the request."""
        admitted = self.count(self.known(token))
        if admitted.audience not in (AUDIENCE, GATEWAY):
            raise Unauthenticated("The token is for another service; ask POST /oauth/token for one without audience.")
        return admitted.caller

    def of_request(self) -> Pass:
        """Return the pass of whoever sent this request, and count the request."""
        scheme, _, credential = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not credential:
            raise Unauthenticated(
                "Send an API key or a token as `Authorization: Bearer …`. POST /oauth/token gives tokens, the operator "
                "gives keys."
            )
        admitted = self.count(self.known(credential))
        g.caller = admitted.caller
        return admitted

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


def _address() -> str:
    return request.remote_addr or "unknown"
