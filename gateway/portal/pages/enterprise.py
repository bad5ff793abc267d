"""A firm's portrait, as the firm itself sees it and as a bank with its consent does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from chassis.core.errors import NotFound
from chassis.core.moments import today
from gateway.portal import charts, figures, items
from gateway.portal.door import ServiceProblem
from gateway.portal.visit import ask, ask_or, firm_path, own_firm, page, refusal, say, speaking, titled, visitor

ACCESSES_SHOWN = 50
SPARK = (72, 20)
MEASURES: dict[str, str | int] = {"ended": "true", "limit": 100}
PURPOSES = (
    "credit-assessment",
    "financing-match",
    "credit-monitoring",
    "model-training",
    "supervision",
    "procurement",
    "financing-application",
    "financing-acceptance",
)
FIELDS = ("features", "portrait", "score", "records", "measures", "graph")
WINDOW, LIMITS = ("as_of_from", "as_of_until"), ("most_reads_a_day", "most_reads_a_month")
MOST_READS = 1_000_000


@dataclass(frozen=True, slots=True)
class Preset:
    """What a firm often agrees to, to begin the form with: no more than that purpose needs, for so many days."""

    purposes: tuple[str, ...]
    fields: tuple[str, ...]
    days: int


PRESETS = {
    "match": Preset(("financing-match",), ("score",), 30),
    "credit": Preset(("credit-assessment",), ("portrait", "score"), 90),
    "loan": Preset(("credit-assessment", "credit-monitoring"), ("portrait", "score", "measures"), 365),
}


def own() -> ResponseReturnValue:
    """Show a firm its own file: portrait, consents, who looked."""
    return _own_page(form=_preset(request.args.get("preset", "")), errors={}), 200


def grant() -> ResponseReturnValue:
    """Grant a consent as the form says, or show the form again with what is missing."""
    visitor("enterprise")
    errors = _missing(request.form)
    if errors:
        return _own_page(form=request.form, errors=errors), 422
    wanted = {
        "grantee": request.form["grantee"].strip(),
        "purposes": request.form.getlist("purposes"),
        "fields": request.form.getlist("fields"),
        "valid_until": request.form["valid_until"].strip(),
        **_terms(request.form),
    }
    try:
        ask("POST", "/consents", json=wanted, key=request.form.get("nonce"))
    except ServiceProblem as problem:
        if problem.status not in {400, 404, 422}:
            raise
        return _own_page(form=request.form, errors={"grantee": refusal(problem)}), 422
    return redirect(url_for("portal.enterprise_own", did="granted", _anchor="consents"), 303)


def revoke(consent: str) -> ResponseReturnValue:
    """Revoke a consent at once."""
    visitor("enterprise")
    if not consent.replace("_", "").replace("-", "").isalnum():
        raise NotFound("There is no such consent.")
    ask("POST", f"/consents/{consent}/revoke", key=request.form.get("nonce"))
    return redirect(url_for("portal.enterprise_own", did="was_revoked", _anchor="consents"), 303)


def of_applicant(firm: str) -> ResponseReturnValue:
    """Show a bank the portrait of a firm that consented; the read is recorded in the firm's file."""
    visitor("bank", "platform", "operator", "source")
    portrait = ask("GET", firm_path(firm, "portrait"), purpose="credit-assessment")
    late = ask_or(None, "GET", firm_path(firm, "late-payments"), purpose="credit-assessment")
    measures = _items_or_none(ask_or(None, "GET", firm_path(firm, "measures"), purpose="credit-assessment"))
    return page("portrait.html", own=False, late=late, measures=measures, **_drawn(portrait)), 200


def _preset(name: str) -> MultiDict[str, str]:
    """Return the form as a preset fills it in; without one empty: a firm ticks what it agrees to."""
    if name not in PRESETS:
        return MultiDict()
    chosen = PRESETS[name]
    filled = [("purposes", each) for each in chosen.purposes] + [("fields", each) for each in chosen.fields]
    return MultiDict([*filled, ("valid_until", (today() + timedelta(days=chosen.days)).isoformat())])


def _own_page(form: Any, errors: dict[str, str]) -> str:
    firm = own_firm()
    portrait = ask("GET", firm_path(firm, "portrait"))
    did = request.args.get("did")
    return page(
        "portrait.html",
        own=True,
        late=ask_or(None, "GET", firm_path(firm, "late-payments")),
        measures=_items_or_none(ask_or(None, "GET", firm_path(firm, "measures"), query=MEASURES)),
        consents=[_with_state(each) for each in _items(ask_or([], "GET", "/consents"))],
        accesses=_items(ask_or([], "GET", firm_path(firm, "accesses"), query={"limit": ACCESSES_SHOWN})),
        accesses_shown=ACCESSES_SHOWN,
        score=_latest_score(firm),
        evidence=(ask_or(None, "GET", firm_path(firm, "features")) or {}).get("evidence"),
        description=_description(portrait),
        purposes=PURPOSES,
        fields=FIELDS,
        form=form,
        errors=errors,
        notice=say(f"consent.{did}") if did in {"granted", "was_revoked"} else None,
        presets=PRESETS,
        nonce=uuid4().hex,
        **_drawn(portrait),
    )


def _latest_score(firm: str) -> dict[str, Any] | None:
    """Return the newest score that anybody ordered of the firm; None where there is none, or no answer."""
    listed = _items(ask_or({"items": []}, "GET", firm_path(firm, "scores"), query={"limit": 1}))
    return listed[0] if listed else None


def _drawn(portrait: dict[str, Any]) -> dict[str, Any]:
    speaks = speaking()
    months = portrait["months"] if any(row["sales_fen"] or row["purchases_fen"] for row in portrait["months"]) else []
    return {
        "portrait": portrait,
        "firm": portrait["enterprise"],
        "months": months,
        "curves": {
            each["key"]: charts.sparkline(each["trend"], *SPARK)
            for each in portrait["dimensions"]
            if any(score is not None for score in each.get("trend", ()))
        },
        "radar": charts.radar(speaks, portrait["dimensions"]),
        "radar_summary": charts.radar_summary(speaks, portrait["dimensions"]),
        "months_chart": charts.months(speaks, months),
    }


def _description(portrait: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the file says the firm is, a field a line, with the dispute about it, if any."""
    disputed = {mark["item"]["field"]: mark["dispute"] for mark in portrait.get("disputes", ())}
    firm = portrait["enterprise"]
    return [
        {
            "name": name,
            "value": titled(name, firm.get(name)) or items.value_of(speaking(), name, firm.get(name)),
            "dispute": disputed.get(name),
        }
        for name in items.DESCRIBED
    ]


def _missing(form: Any) -> dict[str, str]:
    until = figures.date_of(form.get("valid_until", ""))
    checks = {
        "grantee": (bool(form.get("grantee", "").strip()), "consent.need_grantee"),
        "purposes": (bool(set(form.getlist("purposes")) & set(PURPOSES)), "consent.need_purpose"),
        "fields": (bool(set(form.getlist("fields")) & set(FIELDS)), "consent.need_field"),
        "valid_until": (until is not None and until > today(), "consent.need_date"),
        **{name: (not _given(form, name) or figures.date_of(form[name]), "consent.need_day") for name in WINDOW},
        **{name: (not _given(form, name) or _count(form[name]), "consent.need_count") for name in LIMITS},
    }
    missing = {name: say(text) for name, (fine, text) in checks.items() if not fine}
    first, last = (figures.date_of(form.get(name, "")) for name in WINDOW)
    if first and last and first > last:
        missing["as_of_until"] = say("consent.need_order")
    return missing


def _terms(form: Any) -> dict[str, Any]:
    """Return the optional terms that the form names."""
    days = {name: form[name].strip() for name in WINDOW if _given(form, name)}
    return {**days, **{name: _count(form[name]) for name in LIMITS if _given(form, name)}}


def _given(form: Any, name: str) -> bool:
    return bool(form.get(name, "").strip())


def _count(entered: str) -> int | None:
    text = entered.strip()
    number = int(text) if text.isascii() and text.isdecimal() and len(text) <= len(str(MOST_READS)) else 0
    return number if 1 <= number <= MOST_READS else None


def _with_state(consent: dict[str, Any]) -> dict[str, Any]:
    gone = consent.get("revoked_at")
    late = str(consent.get("valid_until", ""))[:10] < today().isoformat()
    return {**consent, "is": "revoked" if gone else "expired" if late else "live", "terms": _terms_in_words(consent)}


def _terms_in_words(consent: dict[str, Any]) -> list[str]:
    """Return the terms of a consent in words: its window of days and its limits of reads."""
    first, last, a_day, a_month = (consent.get(name) for name in (*WINDOW, *LIMITS))
    window = "consent.window" if first and last else "consent.window_from" if first else "consent.window_until"
    terms = [(window, first or last), ("consent.a_day", a_day), ("consent.a_month", a_month)]
    return [say(name, first=first, last=last, count=value) for name, value in terms if value]


def _items(answer: Any) -> list[dict[str, Any]]:
    return list(answer.get("items", [])) if isinstance(answer, dict) else list(answer)


def _items_or_none(answer: Any) -> list[dict[str, Any]] | None:
    """Return what was listed; None where nobody answered, which is not the same as an empty list."""
    return None if answer is None else _items(answer)
