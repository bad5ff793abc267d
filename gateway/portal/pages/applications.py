"""Applications: a bank's inbox, a firm's own, a platform's; one of them with its offers, and every move of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

import orjson
from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from chassis.core.errors import NotFound, UpstreamUnavailable
from chassis.core.moments import today
from chassis.web.preconditions import etag_of
from gateway.portal import applications as words
from gateway.portal.door import ServiceProblem
from gateway.portal.pages import mandates, moves
from gateway.portal.visit import Listing, ask, ask_or, named_firm, named_firms, page, say, speaking, visitor

PARTIES = ("bank", "enterprise", "platform")
A_PAGE = 20
PRODUCTS_READ = 200
# The service filters by ids; names and parts of ids are sought here, in so many of its pages until one of ours is full.
PAGES_READ = 10
FILTERS = ("state", "product", "enterprise")
# What the page says was done: each move, and a hand-in that found its application.
DONE = frozenset({*moves.MOVES, "drafted", "existing"})
REFUSED_ON_PAGE = frozenset({400, 403, 409, 412, 422})
Row = dict[str, Any]


def listing() -> ResponseReturnValue:
    """List the visitor's applications, newest first, as the filters of the address choose."""
    here = visitor(*PARTIES)
    states = words.STATES_OF_BANK if here.role == "bank" else words.STATES
    chosen = {name: request.args.get(name, "").strip() for name in FILTERS}
    chosen = {name: value for name, value in chosen.items() if value and (name != "state" or value in states)}
    products = {each["id"]: each for each in _items("/products", PRODUCTS_READ)}
    listed = _listed(chosen, products)
    firms = {} if here.role == "enterprise" else named_firms(each["enterprise"] for each in listed.items)
    return page(
        "applications.html",
        rows=[_row(each, products, firms) for each in listed.items],
        states=states,
        chosen=chosen,
        cursor=listed.cursor,
        next=listed.next,
        notice=_notice(request.args.get("did")),
    ), 200


def _notice(did: str | None) -> Any:
    """Return what a hand-in of several products comes to; drafts are seen by no bank."""
    if did == "kept":
        return say("applying.kept")
    return say("applying.handed_in") if did == "handed_in" else None


def one(application: str) -> ResponseReturnValue:
    """Show an application: what comes next, its terms, every offer and move."""
    return _page(application)


def move(application: str, event: str) -> ResponseReturnValue:
    """Make a move as its form says, or show the page again with what is missing, refused or has changed meanwhile."""
    visitor(*PARTIES)
    form = request.form
    statement = moves.read(event, form)
    if statement.errors:
        return _page(application, event, statement.errors, 422)
    path = f"/applications/{named(application)}/{event}"
    # Sent twice it is one move; with something else in it, another. What was seen is part of neither.
    key = uuid5(NAMESPACE_URL, f"{form.get('nonce') or uuid4().hex} {path} {orjson.dumps(statement.said)!r}").hex
    # An acceptance names its offer, which the service compares: its refusal tells more than that something changed.
    seen = None if event == "accept" else form.get("seen") or None
    try:
        ask("POST", path, json=statement.said, key=key, version=seen)
    except ServiceProblem as problem:
        if problem.status not in REFUSED_ON_PAGE:
            raise
        return _page(application, event, _refused(problem, application), problem.status)
    return redirect(url_for("portal.applications_one", application=application, did=event), 303)


def named(application: str) -> str:
    """Return an application's id; raise `NotFound` for what can be none."""
    if not application.replace("_", "").replace("-", "").isalnum():
        raise NotFound("There is no such application.")
    return application


def _refused(problem: ServiceProblem, application: str) -> dict[str, Any]:
    """Return why a move was refused: beside its field where it names one of the form, else above the form."""
    title = ""
    if problem.slug == "product-used-up":
        title = words.title(speaking(), _product(problem.document), {"product": problem.document.get("product", "")})
    sentence = words.refusal(speaking(), problem, title)
    field = problem.document.get("field")
    return {moves.FIELD_OF[field] if field in moves.FIELD_OF and problem.status == 422 else "refused": sentence}


def _page(
    application: str, event: str = "", errors: Mapping[str, Any] | None = None, status: int = 200
) -> ResponseReturnValue:
    here = visitor(*PARTIES)
    found = ask("GET", f"/applications/{named(application)}")
    product = _product(found)
    given = _mandates(here.role, found)
    acting = frozenset(each["grantee"] for each in given or ())
    speaks = speaking()
    did = request.args.get("did", "")
    return page(
        "application.html",
        application=found,
        seen=etag_of(found),
        product=product,
        product_title=words.title(speaks, product, found),
        firm=None if here.role == "enterprise" else named_firms([found["enterprise"]]).get(found["enterprise"]),
        due=words.due(speaks, found, today()),
        mine=words.PARTY_OF[here.role],
        offers=words.offers(found),
        ranges=words.ranges(found, product),
        figure=lambda name, value: words.figure(speaks, name, value),
        who=lambda each: words.who(speaks, each, here.client, acting),
        mandates=given,
        moves=moves.offered(here.role, found["moves"], given),
        tried=event,
        form=request.form if event else {},
        errors=errors or {},
        notice=say(f"did.{did}") if did in DONE else None,
        nonce=uuid4().hex,
    ), status


def _mandates(role: str, application: Row) -> list[Row] | None:
    """Return the firm's mandates that bear on an application.

    None for a bank, which sees none, and while they cannot be read: the page does without, and says nothing of them.
    """
    if role == "bank":
        return None
    try:
        return mandates.given(enterprise=application["enterprise"])
    except (ServiceProblem, UpstreamUnavailable):
        return None


def titled(listed: Iterable[Row]) -> list[Row]:
    """Return applications with the titles of their products; the product's id where it cannot be read."""
    products = {each["id"]: each for each in _items("/products", PRODUCTS_READ)}
    found = [(each, products.get(each["product"]) or _product(each)) for each in listed]
    return [{**each, "title": words.title(speaking(), product, each)} for each, product in found]


def _row(application: Row, products: Mapping[str, Row], firms: Mapping[str, Row]) -> Row:
    product = products.get(application["product"]) or _product(application)
    due = words.due(speaking(), application, today())
    return {
        **application,
        "title": words.title(speaking(), product, application),
        "lender": product["bank"] if product else application["bank"],
        "firm": firms.get(application["enterprise"], {"id": application["enterprise"]}),
        "due": due,
        "mine": due.turn == words.PARTY_OF[visitor().role],
        # What was agreed or is offered, else what is asked for.
        "sum": application.get("terms") or application["need"],
    }


def _listed(chosen: Mapping[str, str], products: Mapping[str, Row]) -> Listing:
    """Return a page of the list; what is sought by name, page by page of the service's until ours is full."""
    exact = _exact(chosen, products)
    wanted = _wanted({name: said for name, said in chosen.items() if name not in exact}, products)
    first = cursor = request.args.get("cursor")
    found: list[Row] = []
    for _ in range(PAGES_READ):
        query: dict[str, str | int] = {"limit": A_PAGE, **exact, **({"cursor": cursor} if cursor else {})}
        answer = ask("GET", "/applications", query=query)
        found += [each for each in answer["items"] if wanted(each)]
        cursor = answer.get("next")
        if cursor is None or len(found) >= A_PAGE:
            break
    return Listing(found, first, cursor)


def _exact(chosen: Mapping[str, str], products: Mapping[str, Row]) -> dict[str, str]:
    """Return the filters that the service applies itself: the state, and each id that is known as it was typed."""
    firm = named_firm(chosen["enterprise"]) if "enterprise" in chosen else None
    found = {
        "state": chosen.get("state", ""),
        "product": chosen["product"] if chosen.get("product") in products else "",
        "enterprise": firm["id"] if firm else "",
    }
    return {name: value for name, value in found.items() if value}


def _wanted(chosen: Mapping[str, str], products: Mapping[str, Row]) -> Callable[[Row], bool]:
    """Return whether an application is of the product and firm that were typed, by name or id."""
    product, firm = chosen.get("product", "").casefold(), chosen.get("enterprise", "").casefold()
    titled = {name for name, each in products.items() if any(product in t.casefold() for t in each["title"].values())}
    # Names are of those that consented; the id is known of all.
    firms = _items("/enterprises", PRODUCTS_READ) if firm else []
    called = {each["id"] for each in firms if firm in str(each.get("name") or "").casefold()}

    def wanted(row: Row) -> bool:
        of_product = not product or row["product"] in titled or product in row["product"].casefold()
        return of_product and (not firm or row["enterprise"] in called or firm in row["enterprise"].casefold())

    return wanted


def _items(path: str, limit: int) -> list[Row]:
    answer = ask_or({"items": []}, "GET", path, query={"limit": limit})
    return list(answer["items"])


def _product(application: Mapping[str, Any]) -> Row | None:
    """Return the version of the product that an application keeps; None where it cannot be read."""
    version = application.get("product_version")
    query = {"version": version} if version else None
    product: Row | None = ask_or(None, "GET", f"/products/{application['product']}", query=query)
    return product
