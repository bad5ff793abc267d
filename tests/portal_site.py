"""A door that answers from fixture files in the shapes of the public routes, for the portal's own tests."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import ledger_books
from flask import Flask

from chassis.core.errors import Unauthenticated, UpstreamUnavailable
from chassis.core.moments import today
from gateway.portal import Answer, Ask, Visitor, make_portal
from services.matching.domain.application import Party, State, possible_moves
from services.matching.domain.loan_offer import expired

FIXTURES = Path(__file__).parent / "gateway" / "portal" / "fixtures"
VISITORS = {
    "smc_firm": Visitor("firm-17", "k1", "enterprise", "local:E17"),
    "smc_thin": Visitor("firm-88", "k2", "enterprise", "local:E88"),
    "smc_bank": Visitor("bank-demo", "k3", "bank"),
    "smc_platform": Visitor("platform-demo", "k4", "platform"),
    "smc_operator": Visitor("operator-demo", "k5", "operator"),
    "smc_source": Visitor("source-demo", "k6", "source"),
    "smc_buyer": Visitor("buyer-demo", "k7", "buyer"),
}
NOBODY: dict[str, Any] = {"items": [], "next": None}
CONSENT_REQUIRED = {"type": "/problems/consent-required", "status": 403, "detail": "No live consent covers this."}
NOT_FOUND = {"type": "/problems/enterprise-not-found", "status": 404, "detail": "There is no such enterprise."}

# Which file answers which route; the first that fits.
ROUTES = (
    (r"GET /enterprises/local:E88/portrait", "portrait_empty"),
    (r"GET /enterprises/local:E17", "enterprise"),
    (r"GET /enterprises/local:E17/portrait", "portrait"),
    (r"GET /enterprises/local:E17/portrait/[a-z]+", "dimension"),
    (r"GET /enterprises/local:E17/evidence", "evidence"),
    (r"GET /enterprises/local:E17/invoices/rec_[0-9a-f]+/lines", "invoice_lines"),
    (r"GET /enterprises/local:E17/late-payments", "late"),
    (r"GET /enterprises/local:E88/late-payments", "late_empty"),
    (r"GET /enterprises/local:E88/portrait/[a-z]+", "dimension_empty"),
    (r"GET /enterprises/local:E17/scores", "scores"),
    (r"GET /enterprises/local:E17/cross-checks", "cross_checks"),
    (r"GET /enterprises/local:E17/cross-checks/number-missing", "cross_check_pairs"),
    (r"GET /enterprises/local:E17/accesses", "accesses"),
    (r"GET /enterprises/local:E17/measures", "measures"),
    (r"GET /measures", "measures_all"),
    (r"GET /measure-bases", "measure_bases"),
    (r"GET /enterprises", "enterprises"),
    (r"GET /enterprises/local:E17/signals", "signals"),
    (r"GET /alerts", "alerts"),
    (r"GET /subscriptions", "subscriptions"),
    (r"GET /consents", "consents"),
    (r"GET /imports", "imports"),
    (r"GET /disputes", "disputes"),
    (r"GET /applications", "applications"),
    (r"GET /repairs", "repairs"),
    (r"GET /notices", "notices"),
    (r"GET /retention", "retention"),
    (r"GET /models", "models"),
    (r"GET /models/mdl_1", "model"),
    (r"GET /drift", "drift"),
    (r"GET /models/mdl_1/plots", "pictures"),
    (r"GET /models/mdl_1/plots/[a-z0-9-]+", "picture"),
    (r"GET /book", "book"),
    (r"GET /book/date", "book_date"),
    (r"GET /catalogue", "catalogue"),
    (r"GET /reason-codes", "reason_codes"),
    (r"GET /applications/app_1", "application"),
    (r"GET /products", "products"),
    (r"GET /matches/mat_1", "match"),
    (r"POST /matches", "match"),
    (r"POST /scores/scr_01JX0001/recourse", "way_up"),
)

IMPORTED: dict[str, Any] = {
    "id": "imp_1",
    "rejected": 0,
    "progress": None,
    "notes": [],
    "warnings": [],
    "ignored_columns": [],
    "withdrawal": None,
}
DELIVERY: dict[str, Any] = {
    "id": "whd_1",
    "endpoint": "whe_1",
    "sequence": 7,
    "attempts": 3,
    "state": "pending",
    "due_at": "2026-01-02T00:00:00Z",
    "last_status": 503,
    "last_error": None,
    "created_at": "2026-01-01T00:00:00Z",
    "delivered_at": None,
    "message": {"type": "application.submitted", "timestamp": "2026-01-01T00:00:00Z", "data": {"id": "app_1"}},
}

# Lists that may be asked for what is open only: route, filter, its value, and the file that answers.
OPEN = (("GET /notices", "open", "true", "notices_open"), ("GET /disputes", "state", "open", "disputes_open"))


@dataclass
class StandIn:
    """A `Door` over fixture files. `calls` keeps what was asked; `down` silences all; filters in `refused` are 400.

    `answers` overrides, also one page of a list (`GET /x?cursor=c2`).
    """

    calls: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    down: bool = False

    def sign_in(self, api_key: str) -> Visitor:
        """Return whose key this is."""
        if api_key not in VISITORS:
            raise Unauthenticated("This key is not known.")
        return VISITORS[api_key]

    def sign_in_person(self, login: str, password: str, device: str = "") -> Visitor:
        """Know nobody by a password: the real gateway's tests do."""
        raise Unauthenticated("This login is not known.")

    def device_of(self, login: str, device: str) -> str:
        """Know no device."""
        return ""

    def accept_invitation(self, code: str, password: str) -> Visitor:
        """Have invited nobody."""
        raise Unauthenticated("This invitation is not known.")

    def change_password(self, visitor: Visitor, current: str, new: str) -> Visitor:
        """Know no password."""
        raise Unauthenticated("The current password is not right.")

    def sign_out(self, visitor: Visitor) -> None:
        """End nothing: a visitor here has a key."""

    def call(self, visitor: Visitor, ask: Ask) -> Answer:
        """Answer from the files."""
        route = f"{ask.method} {ask.path}"
        self.calls.append(
            {"client": visitor.client, "route": route, "json": ask.json, "query": ask.query, **ask.headers}
        )
        if visitor.client in self.revoked:
            raise Unauthenticated("The key was revoked.")
        if self.down:
            raise UpstreamUnavailable("profile does not answer.")
        query = ask.query or {}
        if self.refused & query.keys():
            return Answer(400, {"type": "/problems/invalid", "detail": "This is none."})
        if route == "GET /enterprises" and {"id", "name"} & query.keys():
            override = self.answers.get(f"{route}?purpose={query.get('purpose')}")
            override = override or self.answers.get(f"{route}?id={query.get('id')}")
            return override or Answer(200, _listed({name: query[name] for name in ("id", "name") if name in query}))
        opened = self.answers.get(f"{route}?cursor={query['cursor']}") if "cursor" in query else None
        told = opened or self.answers.get(route) or _filtered(route, query) or _answer(route)
        return _to(visitor, told) if route.startswith("GET /applications/") else told

    def asked(self, route: str) -> list[dict[str, Any]]:
        """Return the calls of one route."""
        return [call for call in self.calls if call["route"] == route]


def _filtered(route: str, query: Mapping[str, str | int]) -> Answer | None:
    """Return the answer of a list that was asked for what is open only, or of one dispute or score of a list."""
    if route == "GET /applications":
        named = {name: query[name] for name in ("product", "enterprise") if name in query}
        items = [each for each in fixture("applications")["items"] if named.items() <= each.items()]
        return Answer(200, {"items": items, "next": None})
    for listed, name, value, file in OPEN:
        if route == listed and query.get(name) == value:
            return Answer(200, fixture(file))
    if route.startswith("GET /scores/"):
        return Answer(200, fixture("scores")["items"][0] | {"disputes": marks(), "undisputed": None})
    if route == "GET /consents" and query:
        return Answer(200, {"items": fixture("consents")["items"] + fixture("mandates")["items"], "next": None})
    for path, file in (("/disputes", "disputes_open"), ("/products", "products")):
        found = [each for each in fixture(file)["items"] if route == f"GET {path}/{each['id']}"]
        if found:
            return Answer(200, found[0])
    return None


def _to(visitor: Visitor, told: Answer) -> Answer:
    """Return an application as one of its parties is told it: with the moves that are theirs (matching's own rules)."""
    if told.status != 200 or "state" not in told.data:
        return told
    party = Party.BANK if visitor.role == "bank" else Party.APPLICANT
    over = expired(date.fromisoformat(told.data["expires_on"]), today()) if told.data["expires_on"] else False
    moves = possible_moves(State(told.data["state"]), party, offer_expired=over)
    return Answer(200, {**told.data, "moves": moves})


def _answer(route: str) -> Answer:
    for pattern, name in ROUTES:
        if re.fullmatch(pattern, route):
            return Answer(200, fixture(name))
    if re.fullmatch(r"GET /enterprises/[^/]+/(scores|accesses|measures)", route):
        return Answer(200, NOBODY)
    if route.startswith("GET /enterprises/"):
        return Answer(404, NOT_FOUND)
    return Answer(201, {"id": "new_1"})


def _listed(named: Mapping[str, Any]) -> dict[str, Any]:
    return {"items": [each for each in fixture("enterprises")["items"] if named.items() <= each.items()], "next": None}


def fixture(name: str) -> Any:
    """Return a fixture file's JSON."""
    return json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))


def serve_all(door: StandIn) -> None:
    """Let the services answer with what no file holds, too: a ledger, endpoints of webhooks and their deliveries."""
    book = ledger_books.bundle()
    size = int(book["checkpoint"].splitlines()[1])
    endpoint = {"id": "whe_1", "url": "https://bank.example/hook", "events": ["application.offered"], "enabled": True}
    door.answers |= {
        "GET /ledger/checkpoint": Answer(200, {"size": size, "root": "", "note": book["checkpoint"]}),
        "GET /ledger/keys": Answer(200, {"origin": "test", "keys": [ledger_books.KEY]}),
        "GET /ledger/entries": Answer(200, {"size": size, "root": "", "items": book["entries"], "next": None}),
        "GET /webhooks": Answer(200, {"items": [endpoint | {"failures": 2, "due_at": None}], "next": None}),
        "GET /webhooks/deliveries": Answer(200, {"items": [DELIVERY], "next": None}),
        "GET /imports/imp_1": Answer(200, fixture("imports")["items"][0] | IMPORTED),
        "GET /enterprises/local:E88/signals": Answer(200, fixture("signals")),
    }


def marks() -> list[dict[str, Any]]:
    """Return the marks of the disputes of the fixture, as every read of a file has them."""
    named = ("state", "item", "reason", "statement", "opened_at", "due_at")
    return [{"dispute": each["id"], **{name: each[name] for name in named}} for each in fixture("disputes")["items"]]


def make_site(door: StandIn) -> Flask:
    """Return a small application that holds only the portal."""
    app = Flask("portal-under-test")
    app.register_blueprint(make_portal(door, "a secret of the tests"))
    return app
