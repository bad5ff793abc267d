"""One visit to a page: who is here, in which language, and what the services answer to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast
from urllib.parse import quote

from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for

from chassis.core.errors import Forbidden, NotFound, Unauthenticated, UpstreamUnavailable
from gateway.door.visitor import Answer, Ask, Visitor
from gateway.portal import figures, items, language
from gateway.portal.door import Door, SecondDoor, ServiceProblem
from gateway.portal.session import Sessions
from gateway.signing_in import Step


@dataclass(frozen=True, slots=True)
class Portal:
    """What the pages stand on, kept in `app.extensions["portal"]`."""

    door: Door
    sessions: Sessions
    assets: str | None
    second: SecondDoor | None = None
    # The feature catalogue by name; asked for once a process, since it changes with a release.
    features: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    reason_codes: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    # What codes of industries and regions are called; from the catalogue, too.
    titles: dict[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of a list: its items, the cursor that opened it, and the cursor of the next page."""

    items: list[dict[str, Any]]
    cursor: str | None
    next: str | None


def portal() -> Portal:
    """Return the portal of this application."""
    return cast("Portal", current_app.extensions["portal"])


def signed_in() -> Visitor | None:
    """Return who is signed in, if anybody."""
    if "visitor" not in g:
        g.visitor = portal().sessions.read(request)
    return cast("Visitor | None", g.visitor)


def become(here: Visitor) -> None:
    """Take somebody whose session is opened in this visit for signed in, on the page that answers it."""
    g.visitor = here


def visitor(*roles: str) -> Visitor:
    """Return who is signed in; raise `Unauthenticated` for nobody and `Forbidden` for another role than these."""
    here = signed_in()
    if here is None:
        raise Unauthenticated("Sign in first.")
    if roles and here.role not in roles:
        raise Forbidden("Your role does not open this page.", role=here.role)
    return here


def second() -> SecondDoor:
    """Return the way to second factors; raise `NotFound` in an installation where nobody signs in by a password."""
    here = portal().second
    if here is None:
        raise NotFound("Nobody signs in by a password here.")
    return here


def enter(here: Visitor | Step, back: str) -> Response:
    """Open the session of who has signed in and lead them on; of who has taken one step of two, to the second.

    What happened to a person's second factors elsewhere is told before the page that was asked for.
    """
    if isinstance(here, Step):
        response = make_response(redirect(url_for("portal.entry_second_step", back=back or None), 303))
        portal().sessions.begin(request, response, here)
        return response
    target = inside(back)
    if here.person is not None and portal().second is not None and second().untold(here):
        target = url_for("portal.factors_listing", back=target)
    response = make_response(redirect(target, 303))
    portal().sessions.open(request, response, here)
    return response


def inside(back: str) -> str:
    """Return the address if it is a page of the portal, else the first page: no redirect leads to another site."""
    fits = back.startswith("/portal/") and "\\" not in back and "//" not in back and back.isprintable()
    return back if fits else url_for("portal.entry_home")


def ask(method: str, path: str, **how: Any) -> Any:
    """Ask a service as the visitor (`how` as in `Ask`) and return the JSON; raise `ServiceProblem` for a refusal."""
    return answered(method, path, **how).data


def answered(method: str, path: str, **how: Any) -> Answer:
    """Ask a service as the visitor and return its answer, also where that is a file; raise as `ask` does."""
    answer = portal().door.call(visitor(), Ask(method, path, **how))
    if answer.status == 401:
        raise Unauthenticated("The session has ended.")
    if answer.status in {502, 503, 504}:
        raise UpstreamUnavailable(str((answer.data or {}).get("detail", "A service does not answer.")))
    if answer.status >= 400:
        raise ServiceProblem(answer.status, answer.data if isinstance(answer.data, Mapping) else {})
    return answer


def ask_list(path: str, limit: int, *, purpose: str | None = None, **filters: str) -> Listing:
    """Ask for the page of a list that the address's `cursor` opens; without one, for the first."""
    query: dict[str, str | int] = {"limit": limit, **filters}
    if cursor := request.args.get("cursor"):
        query["cursor"] = cursor
    answer = ask("GET", path, query=query, purpose=purpose)
    return Listing(answer["items"], cursor, answer.get("next"))


def ask_or(fallback: Any, method: str, path: str, **how: Any) -> Any:
    """Call a service for a part that the page can do without; a refusal or silence gives the fallback."""
    try:
        return ask(method, path, **how)
    except (ServiceProblem, UpstreamUnavailable):
        return fallback


def features() -> Mapping[str, Mapping[str, Any]]:
    """Return the feature catalogue by name (title, unit, …); nothing while it cannot be read."""
    known = portal().features
    if not known:
        catalogue = ask_or({"features": []}, "GET", "/catalogue")
        known.update({each["name"]: each for each in [*catalogue["features"], *catalogue.get("indicators", ())]})
        portal().titles.update((catalogue.get("codes") or {}).get("titles") or {})
    return known


def titled(kind: str, code: str | None) -> str:
    """Return what a code of an `industry` or a `region` is called; the code itself where the catalogue lacks it.

    The code of a group or class of the industries (`C3411`) is called as its division.
    """
    if not code or kind not in {"industry", "region"}:
        return ""
    features()
    called = portal().titles.get(kind, {})
    heads = (code, code[:3], code[:1]) if kind == "industry" else (code, f"{code:0<6}")
    return next((language.pick(speaking(), called[each]) for each in heads if each in called), code)


def reason_codes() -> Mapping[str, Mapping[str, Any]]:
    """Return what each code of a reason stands for; nothing while it cannot be read."""
    known = portal().reason_codes
    if not known:
        known.update({each["code"]: each for each in ask_or({"codes": []}, "GET", "/reason-codes")["codes"]})
    return known


def firm_path(enterprise: str, *rest: str) -> str:
    """Return `/enterprises/{id}/…`; raise `NotFound` for an id that no enterprise can have."""
    if not enterprise or len(enterprise) > 100 or "/" in enterprise or enterprise.startswith("."):
        raise NotFound("No enterprise has such an id.")
    return "/".join(("/enterprises", quote(enterprise, safe=":"), *rest))


def named_firms(ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the firms by id, of those that consented: opening a file instead would leave a record in it."""
    asked = {firm: named_firm(firm) for firm in dict.fromkeys(ids)}
    return {firm: found for firm, found in asked.items() if found}


def named_firm(firm: str) -> dict[str, Any] | None:
    """Return a firm of those that consented; None for another, and where nobody answers."""
    answer = ask_or({"items": []}, "GET", "/enterprises", query={"id": firm, "limit": 1})
    return answer["items"][0] if answer["items"] else None


def own_firm() -> str:
    """Return the visitor's own enterprise; raise `Forbidden` for another role and for a key without one."""
    here = visitor("enterprise")
    if here.enterprise is None:
        raise Forbidden("This key belongs to no enterprise; ask the operator to issue one that names it.")
    return here.enterprise


def speaking() -> language.Language:
    """Return the language of this visit."""
    return language.chosen(request)


def say(key: str, **values: object) -> str:
    """Return a sentence in the visit's language."""
    return language.text(speaking(), key, **values)


def refusal(problem: ServiceProblem) -> str:
    """Return why a service refused, in the visit's language: English is no help to a reader of Chinese.

    Where the detail has no Chinese, what the problem is called is told instead.
    """
    detail = language.half(speaking(), problem.detail)
    if speaking() == "en" or language.HAN.search(detail):
        return detail
    return str(problem.document.get("title_zh") or say("error.other_title"))


def page(template: str, **values: Any) -> str:
    """Render a page with the vocabulary that every template uses."""
    return render_template(f"portal/{template}", **vocabulary(), **values)


def vocabulary() -> dict[str, Any]:
    """Return the names that templates may use: texts, figures, the visitor, the language."""
    speaks = speaking()
    here = signed_in()
    return {
        "lang": speaks,
        "other_lang": language.other(speaks),
        "t": say,
        "term": lambda section, name: language.term(speaks, section, name),
        "titled": titled,
        "pick": lambda said: language.pick(speaks, said),
        "half": lambda said: language.half(speaks, said),
        "money": lambda fen: figures.money(speaks, fen),
        "amount": lambda fen: figures.amount(speaks, fen),
        "money_unit": figures.MONEY_UNIT[speaks][1],
        "measure": lambda value, unit=None: figures.measure(speaks, value, unit),
        "number": figures.number,
        "percent": figures.percent,
        "tax_rate": figures.tax_rate,
        "points": figures.points,
        "exact_yuan": figures.exact_yuan,
        "exact_rate": figures.exact_rate,
        "day": figures.day,
        "day_in_words": lambda value: figures.day_in_words(speaks, value),
        "date_of_day": figures.date_of_day,
        "instant": figures.instant,
        "clock": lambda dispute: items.clock(speaks, dispute, datetime.now(UTC)),
        "visitor": here,
        "assets": portal().assets,
    }
