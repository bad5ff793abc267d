"""Mandates: which platform may hand in for a firm, or accept for it; given, bounded by a last day, ended at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from chassis.core.moments import today
from gateway.portal import figures
from gateway.portal.door import ServiceProblem
from gateway.portal.visit import ask, firm_path, own_firm, page, say, visitor

PURPOSES = ("financing-application", "financing-acceptance")
# A consent names a field; under these purposes no field opens anything to read (ADR 61).
FIELDS = ("features",)
USUAL_DAYS = 90
AT_ONCE, READS = 200, 5
ACTS_SHOWN = 20


def listing() -> ResponseReturnValue:
    """Show a firm the mandates that it gave, with each use of them; show a platform those that it was given."""
    return _listing()


def given(grantee: str | None = None, enterprise: str | None = None) -> list[dict[str, Any]]:
    """Return the mandates that the visitor gave or was given, the live ones first; of one party where it is named.

    Raises as `ask` does: none given and none readable are told apart.
    """
    found = []
    for consent in _consents():
        mandates = [each for each in consent["purposes"] if each in PURPOSES]
        named = (grantee in (None, consent["grantee"])) and (enterprise in (None, consent["enterprise"]))
        if mandates and named:
            others = [each for each in consent["purposes"] if each not in PURPOSES]
            found.append({**consent, "mandates": mandates, "others": others, "is": _state(consent)})
    return sorted(found, key=lambda each: each["is"] != "live")


@dataclass(frozen=True, slots=True)
class Acts:
    """Uses of mandates, newest first; `read` counts the reads of the file that were looked through, `whole` if all."""

    items: list[dict[str, Any]]
    read: int
    whole: bool


def acts(firm: str) -> Acts:
    """Return when a mandate of the firm was used, and by whom, among its newest thousand reads; raise as `ask` does."""
    found: list[dict[str, Any]] = []
    read, cursor = 0, None
    for _ in range(READS):
        answer = _a_page(firm_path(firm, "accesses"), cursor)
        found += [each for each in answer["items"] if each["purpose"] in PURPOSES]
        read, cursor = read + len(answer["items"]), answer.get("next")
        if not cursor or len(found) >= ACTS_SHOWN:
            break
    return Acts(found[:ACTS_SHOWN], read, whole=not cursor)


def grant() -> ResponseReturnValue:
    """Give a platform a mandate as the form says, or show the form again with what is missing."""
    own_firm()
    form = request.form
    errors = _missing(form)
    if errors:
        return _listing(form, errors, 422)
    wish = {
        "grantee": form["grantee"].strip(),
        "purposes": [each for each in PURPOSES if each in form.getlist("purposes")],
        "fields": FIELDS,
        "valid_until": form["valid_until"].strip(),
    }
    try:
        ask("POST", "/consents", json=wish, key=form.get("nonce") or uuid4().hex)
    except ServiceProblem as problem:
        if problem.status not in {400, 404, 409, 422}:
            raise
        return _listing(form, {"refused": say("mandate.refused")}, problem.status)
    return redirect(url_for("portal.mandates_listing", did="given"), 303)


def end(consent: str) -> ResponseReturnValue:
    """End a mandate at once, with all else that its consent allows."""
    own_firm()
    if not consent.replace("_", "").replace("-", "").isalnum():
        raise NotFound("There is no such consent.")
    try:
        ask("POST", f"/consents/{consent}/revoke", key=request.form.get("nonce") or uuid4().hex)
    except ServiceProblem as problem:
        if problem.status != 409:  # ended in another window: what was wished is so
            raise
    return redirect(url_for("portal.mandates_listing", did="was_ended"), 303)


def _listing(form: Any = None, errors: Mapping[str, str] | None = None, status: int = 200) -> ResponseReturnValue:
    here = visitor("enterprise", "platform")
    did = request.args.get("did")
    return page(
        "mandates.html",
        mandates=given(),
        acts=acts(own_firm()) if here.role == "enterprise" else None,
        purposes=PURPOSES,
        form=form or {},
        errors=errors or {},
        notice=say(f"mandate.{did}") if did in {"given", "was_ended"} else None,
        # A mandate that nobody looks after ends by itself.
        usual_until=(today() + timedelta(days=USUAL_DAYS)).isoformat(),
        nonce=uuid4().hex,
    ), status


def _consents() -> Sequence[Mapping[str, Any]]:
    """Return the visitor's consents, newest first, up to a thousand; raise as `ask` does."""
    found: list[Mapping[str, Any]] = []
    cursor: str | None = None
    for _ in range(READS):
        answer = _a_page("/consents", cursor)
        found += answer["items"]
        cursor = answer.get("next")
        if not cursor:
            break
    return found


def _a_page(path: str, cursor: str | None) -> Any:
    return ask("GET", path, query={"limit": AT_ONCE, **({"cursor": cursor} if cursor else {})})


def _state(consent: Mapping[str, Any]) -> str:
    if consent.get("revoked_at"):
        return "revoked"
    return "expired" if str(consent["valid_until"])[:10] < today().isoformat() else "live"


def _missing(form: Any) -> dict[str, str]:
    until = figures.date_of(form.get("valid_until", ""))
    checks = {
        "grantee": (bool(form.get("grantee", "").strip()), "mandate.need_platform"),
        "purposes": (bool(set(form.getlist("purposes")) & set(PURPOSES)), "mandate.need_purpose"),
        "valid_until": (until is not None and until > today(), "consent.need_date"),
    }
    return {name: say(sentence) for name, (fine, sentence) in checks.items() if not fine}
