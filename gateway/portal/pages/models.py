"""A model's page: what it is for, how it does on firms it never saw, for whom, and who let it serve."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from flask import Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound
from gateway.portal.language import pick
from gateway.portal.pictures import in_words
from gateway.portal.visit import answered, ask, ask_or, features, page, speaking, visitor

ROLES = ("bank", "platform", "operator")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
# In the order of the page; a model has those that could be drawn of it.
PICTURES = ("roc", "ks", "calibration", "scores", "stability", "shap-summary")
DEPENDENCE = ("shap-dependence-1", "shap-dependence-2", "shap-dependence-3")
SUBJECTS = 12
# Asked for by a link: each score of a year is read for it.
DRIFT = "drift"
SEGMENTS = ("size_class", "region", "industry", "depth")
# What its trainer or the operator may decide about a model, and in which state.
DECISIONS = {
    "promote": ("POST", "promote"),
    "rollback": ("POST", "rollback"),
    "shadow": ("POST", "shadow"),
    "end-shadow": ("DELETE", "shadow"),
}
OPEN = {
    "candidate": ("shadow",),
    "approved": ("promote", "shadow"),
    "shadow": ("end-shadow",),
    "serving": ("rollback",),
    "retired": ("promote", "shadow"),
}
# Pictures carry their styles inside; as an image's document they run nothing and load nothing.
DOCUMENT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"
PICTURE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def model(version: str) -> ResponseReturnValue:
    """Show a model."""
    here = visitor(*ROLES)
    answer = ask("GET", f"/models/{_named(version)}")
    governs = here.role == "operator" or here.client == answer.get("trained_by")
    drawn = ask_or({"items": []}, "GET", f"/models/{version}/plots")["items"]
    card = answer.get("card") or {}
    validation = card.get("validation") or {}
    return page(
        "model.html",
        model=answer,
        card=card,
        validation=validation,
        nonce=uuid4().hex,
        decisions=OPEN.get(answer["state"], ()) if governs else (),
        pictures=[name for name in PICTURES if name in drawn],
        dependence=_dependence(card, drawn),
        segments=[
            (name, validation["segments"][name]) for name in SEGMENTS if validation.get("segments", {}).get(name)
        ],
        drift=_drift(version) if DRIFT in request.args else None,
        drifting=DRIFT in request.args,
        importance=[{**each, "title": _title(each["feature"])} for each in card.get("importance", [])[:12]],
    )


def approve(version: str) -> ResponseReturnValue:
    """Approve a model that somebody else trained."""
    visitor("operator")
    key = request.form.get("nonce") or uuid4().hex
    said = {name: request.form.get(name, "").strip() or None for name in ("note", "exception")}
    ask("POST", f"/models/{_named(version)}/approve", json=said, key=key)
    return redirect(url_for("portal.models_model", version=version), 303)


def decide(version: str, decision: str) -> ResponseReturnValue:
    """Promote a model, take it back, or let it run in the shadow; the service knows who may."""
    visitor("bank", "operator")
    if decision not in DECISIONS:
        raise NotFound("There is no such decision about a model.")
    method, part = DECISIONS[decision]
    said = {"note": request.form.get("note", "").strip() or None} if decision == "rollback" else {}
    key = request.form.get("nonce") or uuid4().hex
    ask(method, f"/models/{_named(version)}/{part}", json=said if method == "POST" else None, key=key)
    return redirect(url_for("portal.models_model", version=version), 303)


def picture(version: str, name: str) -> ResponseReturnValue:
    """Answer one picture of a model."""
    visitor(*ROLES)
    plot = ask("GET", f"/models/{_named(version)}/plots/{_named(name)}")
    # A version never changes, and so neither do its pictures; their words follow the reader's language.
    headers = {"Content-Security-Policy": PICTURE_POLICY, "Cache-Control": "private, max-age=3600", "Vary": "Cookie"}
    titles = {name: pick(speaking(), known["title"]) for name, known in features().items()}
    return Response(in_words(speaking(), plot["svg"], titles), mimetype="image/svg+xml", headers=headers)


def _drift(version: str) -> Mapping[str, Any] | None:
    """Return the last month of a model's scores against its training firms, the surest shifts first; None for none."""
    report = ask_or({"months": []}, "GET", "/drift", query={"model": version})
    if not report["months"]:
        return None
    month = report["months"][-1]
    subjects = sorted(month["subjects"], key=lambda each: (each["p_adjusted"], -each["psi"]))[:SUBJECTS]
    return {**month, "subjects": subjects, "alerts": report["alerts"]}


def validation(version: str) -> ResponseReturnValue:
    """Answer a model's validation document in the visitor's language, a page that prints."""
    visitor(*ROLES)
    document = answered("GET", f"/models/{_named(version)}/validation", query={"lang": speaking()})
    headers = {"Content-Security-Policy": DOCUMENT_POLICY, "Cache-Control": "private, no-cache"}
    return Response(document.file, mimetype="text/html", headers=headers)


def _named(part: str) -> str:
    if not NAME.fullmatch(part):
        raise NotFound("There is no such model or picture.")
    return part


def _dependence(card: Mapping[str, Any], drawn: list[str]) -> list[tuple[str, Any]]:
    """Name each dependence picture with the title of its feature, as the card lists them."""
    strongest = [each["feature"] for each in (card.get("validation") or {}).get("dependence", [])]
    return [(name, _title(feature)) for name, feature in zip(DEPENDENCE, strongest, strict=False) if name in drawn]


def _title(feature: str) -> Mapping[str, str]:
    known = features().get(feature)
    return known["title"] if known else {"zh": feature, "en": feature}
