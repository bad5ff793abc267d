"""Who calls, and whether they may: the token of the request under way."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar, cast

from flask import current_app, g, request

from chassis.core.errors import Forbidden, Unauthenticated
from chassis.core.identity import Caller, Verifier

P = ParamSpec("P")
R = TypeVar("R")


def caller() -> Caller:
    """Return who this request speaks for, verified once a request."""
    if "caller" not in g:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        verifier: Verifier = current_app.extensions["verifier"]
        if scheme.lower() not in verifier.schemes or not token:
            raise Unauthenticated("Send an API key or a token as `Authorization: Bearer …`.")
        g.caller = verifier.verify(token)
    return cast("Caller", g.caller)


def requires(scope: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let an endpoint be called with this scope only."""

    def decorate(endpoint: Callable[P, R]) -> Callable[P, R]:
        @wraps(endpoint)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
            if scope not in caller().scopes:
                raise Forbidden(f"This needs the scope {scope}.", scope=scope, role=caller().role)
            return endpoint(*args, **kwargs)

        guarded.required_scope = scope  # type: ignore[attr-defined]
        document = dict(getattr(endpoint, "_apidoc", {}))
        manual = dict(document.get("manual_doc", {}))
        manual.setdefault("security", [{"bearer": [scope]}])
        guarded._apidoc = {**document, "manual_doc": manual}  # type: ignore[attr-defined]  # where flask-smorest keeps an endpoint's documentation
        return guarded

    return decorate
