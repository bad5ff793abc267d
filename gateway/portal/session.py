"""A visitor's session: a signed cookie that names the session, which the gateway keeps, and never a key.

The first of two steps of signing in has a cookie of its own, signed for that alone: neither is read as the other.
"""

from __future__ import annotations

from dataclasses import asdict

from flask import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer

from chassis.core.errors import Forbidden
from gateway.door.visitor import Visitor
from gateway.signing_in import STEP_FOR, Step

COOKIE, STEP, DEVICE = "smecredit_session", "smecredit_step", "smecredit_device"
DEVICE_SECONDS = 180 * 24 * 3600
# A working day: a bank's clerk signs in once, and a forgotten browser is closed by the evening.
LIFE_SECONDS = 8 * 3600
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class Sessions:
    """Writes and reads the session cookie; the gateway tests on every call that the key still lives."""

    def __init__(self, secret: str | bytes) -> None:
        self._signer = URLSafeTimedSerializer(secret, salt="portal-session")
        self._step_signer = URLSafeTimedSerializer(secret, salt="portal-sign-in-step")

    def open(self, request: Request, response: Response, visitor: Visitor) -> None:
        """Set the cookie: unreadable for scripts, sent to this site only, over https where the page came by https."""
        response.set_cookie(
            COOKIE,
            self._signer.dumps(asdict(visitor)),
            max_age=LIFE_SECONDS,
            path="/portal",
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
        )
        self.end_step(response)

    def begin(self, request: Request, response: Response, step: Step) -> None:
        """Set the cookie of the first step, in place of any session's."""
        self.close(response)
        response.set_cookie(
            STEP,
            self._step_signer.dumps(step.id),
            max_age=int(STEP_FOR.total_seconds()),
            path="/portal",
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
        )

    def step(self, request: Request) -> Step | None:
        """Return the step that this browser has taken, or None without one, with a forged one, one that is too old."""
        try:
            named = self._step_signer.loads(request.cookies.get(STEP, ""), max_age=int(STEP_FOR.total_seconds()))
        except BadSignature:
            return None
        return Step(named) if isinstance(named, str) else None

    def end_step(self, response: Response) -> None:
        """Remove the cookie of a first step: who leaves the machine leaves no half of a sign-in behind."""
        response.delete_cookie(STEP, path="/portal", httponly=True, samesite="Strict")

    def know(self, request: Request, response: Response, device: str) -> None:
        """Have this device be known at its next sign-in."""
        response.set_cookie(
            DEVICE,
            device,
            max_age=DEVICE_SECONDS,
            path="/portal/sign-in",
            httponly=True,
            samesite="Strict",
            secure=request.is_secure,
        )

    def close(self, response: Response) -> None:
        """Remove the cookie."""
        response.delete_cookie(COOKIE, path="/portal", httponly=True, samesite="Strict")

    def read(self, request: Request) -> Visitor | None:
        """Return the visitor, or None without a cookie, with a forged one and with one that is too old."""
        cookie = request.cookies.get(COOKIE)
        if not cookie:
            return None
        try:
            return Visitor(**self._signer.loads(cookie, max_age=LIFE_SECONDS))
        except (BadSignature, TypeError):
            return None


def refuse_foreign_posts(request: Request) -> None:
    """Raise `Forbidden` for a change that another site's page asked for (CSRF).

    Browsers name the page's origin on every POST; the cookie's SameSite is the first fence and this is the second. The
    scheme counts: a page of this host by http may be anybody's on the way.
    """
    if request.method in SAFE_METHODS:
        return
    origin = request.headers.get("Origin")
    if origin is None or origin != f"{request.scheme}://{request.host}":
        raise Forbidden("This form was not sent from this site. Open the page here and send it again.")
