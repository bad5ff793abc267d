"""A whole running suite with everybody in it who may knock at its door, for tests of what each of them gets."""

from __future__ import annotations

import json
import os
import time
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import copytree
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
import urllib3
from joserfc import jwt
from joserfc.jwk import ECKey
from knocks import FEATURE, PRODUCT, address, body_of
from sqlalchemy import Engine, create_engine, text

from chassis.core.identity import AUDIENCE, ISSUER
from gateway.identity.roles import DEFAULT_SCOPES
from smecredit.running import home, journey
from smecredit.running.ports import Addresses, free_port
from smecredit.running.suite import Suite

PATIENCE_SECONDS = 120.0
FIELDS = ["features", "portrait", "score", "records", "measures", "graph"]
BANK = journey.GRANTEE  # every firm of the demonstration consents to it


@dataclass
class Town:
    """A running suite, who is in it by the header that they come with, and the things that the bank has made.

    All tests share the owner's `enterprise` and the `other`; the `disputant` is a firm whose file one test changes.
    """

    addresses: Addresses
    folder: Path
    enterprise: str
    other: str
    disputant: str
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    things: dict[str, Any] = field(default_factory=dict)
    # Firms whose owners have come: what these do may change their files.
    came: set[str] = field(default_factory=set)
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=60))

    @property
    def url(self) -> str:
        """The gateway's address."""
        return self.addresses.of("gateway")

    def ask(
        self, who: str, method: str, path: str, body: Any = None, *, service: str = "gateway", **headers: str
    ) -> Answer:
        """Send JSON as somebody, with a purpose and a key as a careful client would; to a service past the gateway."""
        sent = {"Purpose": "credit-assessment", "Idempotency-Key": str(uuid4()), **self.headers[who], **headers}
        if body is not None:
            sent["Content-Type"] = "application/json"
        content = None if body is None else json.dumps(body).encode()
        return self.send(who, method, path, content, sent, self.addresses.of(service))

    def send(
        self, who: str, method: str, path: str, body: bytes | None, headers: dict[str, str], to: str | None = None
    ) -> Answer:
        """Send bytes as somebody, with these headers."""
        asked = (to or self.url) + quote(path, safe="/?=&:{}")
        reply = self.http.request(method, asked, headers={**self.headers[who], **headers}, body=body)
        return Answer(reply.status, dict(reply.headers), reply.data)

    def imported(self, who: str, sent: Answer) -> Any:
        """Return what came of an import that somebody handed in, once it is over."""
        assert sent.status == 202, sent.data
        until = time.monotonic() + PATIENCE_SECONDS
        while (state := self.ask(who, "GET", f"/v1/imports/{sent.json['id']}").json)["state"] in {"queued", "running"}:
            assert time.monotonic() < until, state
            time.sleep(0.1)
        return state

    def places(self, route: str) -> dict[str, Any]:
        """Return what to write into a route's path and body: the firms, and the things that there are.

        `batches/id` is the `id` of paths below `/v1/batches` only: two kinds of things may have one name.
        """
        below = route.split("/")[2] + "/"
        things = {name.removeprefix(below): thing for name, thing in self.things.items()}
        return {"enterprise": self.enterprise, "other": self.other, "dimension": "operation", "n": "0", **things}

    def knock(self, who: str, route: str, operation: dict[str, Any], **headers: str) -> Answer:
        """Ask a documented route of the things that there are."""
        places = self.places(route)
        return self.ask(
            who, route.split(maxsplit=1)[0], address(route, places), body_of(route, operation, places), **headers
        )


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


@contextmanager
def open_town(folder: Path, demonstrated: Path, **settings: str) -> Iterator[Town]:
    """Run a suite on a copy of a demonstration's home, with everybody in it, and quotas that no test uses up."""
    copytree(demonstrated, folder / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMECREDIT_HOME", str(folder))
        patch.setenv("GATEWAY_RATE_LIMITS", "failures=1000000/60,address=1000000/60,enterprise=1000000/60")
        for name, value in settings.items():
            patch.setenv(name, value)
        with Suite(folder / "home", free_port()) as suite:
            town = _settled(suite)
            _consent(town)
            wait_for_peers(town)
            _make(town)
            wait_for_peers(town)
            yield town


def wait_for_peers(town: Town) -> None:
    """Wait until what was sent is worked off: a portrait asked for meanwhile may have to be asked for again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    under_way = "SELECT count(*) FROM jobs WHERE queue IN ('imports', 'peers') AND state IN ('queued', 'running')"
    database = database_of(town.folder, "profile")
    while _rows(database, under_way) != [(0,)]:
        assert time.monotonic() < deadline, "the figures of peers were never made"
        time.sleep(0.2)
    database.dispose()


def database_of(folder: Path, service: str) -> Engine:
    """Return the database of a service of the suite on a home: a file there, unless the environment names another."""
    url = os.environ.get(f"{service.upper()}_DATABASE_URL", f"sqlite:///{folder / service}.db")
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://"))


def _rows(database: Engine, statement: str) -> list[tuple[Any, ...]]:
    with database.connect() as connection:
        return [tuple(row) for row in connection.execute(text(statement))]


def _settled(suite: Suite) -> Town:
    """Choose the town's firms among those that the demonstration has scored, and bring everybody in."""
    keys = home.keys(suite.home)
    town = Town(suite.addresses, suite.home, *_scored(suite, keys[BANK])[:3])
    _bring_in(town, keys)
    return town


def _scored(suite: Suite, key: str) -> list[str]:
    database = database_of(suite.home, "scoring")
    ((batch,),) = _rows(database, "SELECT id FROM score_batches")
    database.dispose()
    told = urllib3.request("GET", f"{suite.url}/v1/score-batches/{batch}/results", headers=_bearer(key))
    assert told.status == 200, told.data
    entries = [json.loads(line) for line in told.data.splitlines()]
    return [entry["enterprise"] for entry in entries if "problem" not in entry]


def _bring_in(town: Town, keys: dict[str, str]) -> None:
    town.headers |= {"bank with consent": _bearer(keys[BANK]), "operator": _bearer(keys["operator-demo"])}
    town.headers |= {"platform": _bearer(keys["platform-demo"]), "data source": _bearer(keys["source-demo"])}
    banks = ["bank without consent", "bank with expired", "bank with revoked", "bank for another purpose"]
    made = town.ask(
        "operator", "POST", "/v1/clients", [{"id": f"door-{number}", "role": "bank"} for number in range(len(banks))]
    )
    assert made.status == 201, made.data
    town.headers |= {bank: _bearer(each["key"]) for bank, each in zip(banks, made.json, strict=True)}
    (buyer,) = town.ask("operator", "POST", "/v1/clients", [{"id": "buyer-1", "role": "buyer"}]).json
    town.headers["buyer"] = _bearer(buyer["key"])
    firms = {"owner": town.enterprise, "another enterprise": town.other, "disputant": town.disputant}
    for who, firm in firms.items():
        bring_in(town, who, firm)
    town.headers |= {"no token": {}} | {name: _bearer(token) for name, token in _false_tokens(town).items()}


def bring_in(town: Town, who: str, firm: str) -> None:
    """Give the owner of a firm a key, and let it come with that as `who`."""
    (client,) = (each["id"] for each in _clients(town) if each["enterprise"] == firm)
    town.headers[who] = _bearer(town.ask("operator", "POST", f"/v1/clients/{client}/keys").json["key"])
    town.came.add(firm)


def firms(town: Town) -> list[str]:
    """Return the firms that have an owner who may come."""
    return [each["enterprise"] for each in _clients(town) if each["enterprise"]]


def _clients(town: Town) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = town.ask("operator", "GET", f"/v1/clients?cursor={cursor}").json
        found, cursor = found + page["items"], page["next"]
    return found


def _false_tokens(town: Town) -> dict[str, str]:
    """Return tokens that the gateway's own key signed and that prove nothing all the same, and an unsigned one."""
    now = int(time.time())
    (published,) = json.loads(town.http.request("GET", f"{town.url}/.well-known/jwks.json").data)["keys"]
    key = ECKey.import_key((town.folder / "signing-key.pem").read_text())
    good = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": BANK,
        "role": "bank",
        "scope": " ".join(DEFAULT_SCOPES["bank"]),
        "iat": now,
        "exp": now + 300,
    }
    header = {"alg": "ES256", "kid": published["kid"]}
    # Written by hand: a library that is worth using does not make such a token.
    unsigned = ".".join(_base64url(json.dumps(part)) for part in ({"alg": "none"}, good)) + "."
    return {
        "expired token": jwt.encode(header, good | {"iat": now - 600, "exp": now - 300}, key),
        "wrong audience": jwt.encode(header, good | {"aud": "another-suite"}, key),
        "alg none": unsigned,
    }


def _consent(town: Town) -> None:
    """Have the owner consent to all banks but one; then let one consent end, revoke one, leave one for monitoring.

    It and the other firm consent to the buyer too.
    """
    until = (datetime.now(UTC).date() + timedelta(days=30)).isoformat()
    assess, monitor = ["credit-assessment", "financing-match"], ["credit-monitoring"]
    for firm in ("owner", "another enterprise"):
        wish = {"grantee": "buyer-1", "purposes": ["procurement"], "fields": FIELDS, "valid_until": until}
        given = town.ask(firm, "POST", "/v1/consents", wish)
        assert given.status == 201, given.data
    for number, grantee, purposes in (
        (0, BANK, assess + monitor),
        (1, "door-1", assess),
        (2, "door-2", assess),
        (3, "door-3", monitor),
    ):
        wish = {"grantee": grantee, "purposes": purposes, "fields": FIELDS, "valid_until": until}
        given = town.ask("owner", "POST", "/v1/consents", wish)
        assert given.status == 201, given.data
        if number == 2:
            ended = town.ask("owner", "POST", f"/v1/consents/{given.json['id']}/revoke")
            assert ended.status == 200, ended.data
    yesterday = datetime.now(UTC).date() - timedelta(days=1)
    database = database_of(town.folder, "profile")
    with database.begin() as book:
        over = "UPDATE consents SET valid_until = :day WHERE grantee = 'door-1'"
        book.execute(text(over), {"day": yesterday if database.dialect.name == "postgresql" else yesterday.isoformat()})
    database.dispose()


def _make(town: Town) -> None:
    """Have the bank make one thing of each kind about the owner, so that there is something to knock for."""
    bank, things = "bank with consent", town.things
    things["score_id"] = _made(town, bank, "POST /v1/scores")["id"]
    score = town.ask(bank, "GET", f"/v1/scores/{things['score_id']}").json
    things["grade"], things["another_grade"] = score["grade"], "D" if score["grade"] == "B" else "B"
    things["receipt"] = town.ask(bank, "GET", f"/v1/scores/{things['score_id']}/receipt").json
    things["match_id"] = _made(town, bank, "POST /v1/matches")["id"]
    things["version"] = town.ask(bank, "GET", "/v1/models").json["items"][0]["version"]
    things["product_id"] = PRODUCT["id"]
    things["consent_id"] = town.ask("owner", "GET", "/v1/consents").json["items"][0]["id"]
    checks = town.ask("owner", "GET", f"/v1/enterprises/{town.enterprise}/cross-checks").json
    things["rule"] = checks["rules"][0]["rule"]
    things["dispute_id"] = _dispute(town)
    things["import_id"] = _import(town)
    _made(town, bank, "POST /v1/subscriptions")
    things["alert_id"] = town.knock(bank, "GET /v1/alerts", {}, Purpose="credit-monitoring").json["items"][0]["id"]
    _made(town, bank, "POST /v1/churn-curves")
    _agree(town)
    _order(town)


def _agree(town: Town) -> None:
    """Let the other firm and the bank agree on a loan: the first entry of the agreement ledger."""
    need = {"amount_fen": PRODUCT["amount_fen"][0], "months": PRODUCT["months"][0]}
    wish = {"enterprise": town.other, "products": [PRODUCT["id"]], "need": need}
    handed_in = town.ask("another enterprise", "POST", "/v1/applications", wish)
    assert handed_in.status == 201, handed_in.data
    place = f"/v1/applications/{handed_in.json['applications'][0]['id']}"
    terms = {**need, "rate": PRODUCT["rate"]["cap"]}
    offered = town.ask("bank with consent", "POST", f"{place}/offer", {"terms": terms})
    assert offered.status == 200, offered.data
    agreed = town.ask("another enterprise", "POST", f"{place}/accept", {"offer": offered.json["offer"]})
    assert agreed.status == 200, agreed.data


def _import(town: Town) -> str:
    """Hand in a file of which nothing is taken: it may be taken back without a loss to anybody."""
    sent = town.ask("data source", "POST", "/v1/imports?kind=outcomes", [{"enterprise": "nobody", "defaulted": "?"}])
    state = town.imported("data source", sent)
    assert state["state"] == "done", state
    return str(state["id"])


def _dispute(town: Town) -> str:
    evidence = f"/v1/enterprises/{town.enterprise}/evidence?feature={FEATURE}"
    record = town.ask("owner", "GET", evidence).json["items"][0]["name"]
    town.things["record"] = record
    item = {"kind": "invoices", "record": record}
    dispute = {"item": item, "reason": "wrong-amount", "statement": "It was half of that."}
    made = town.ask("owner", "POST", "/v1/disputes", dispute)
    assert made.status == 201, made.data
    return str(made.json["id"])


def _order(town: Town) -> None:
    """Have the bank order what workers do, and wait until all of it is done."""
    orders = {
        "score-batches/batch_id": "POST /v1/score-batches",
        "match-batches/batch_id": "POST /v1/match-batches",
        "allocation_id": "POST /v1/allocations",
        "assignment_id": "POST /v1/assignments",
        "run_id": "POST /v1/products/{product_id}/dry-runs",
    }
    bank = "bank with consent"
    town.things |= {name: _made(town, bank, route)["id"] for name, route in orders.items()}
    for name, route in orders.items():
        below = f"{address(route, town.places(route))}/{town.things[name]}"
        until = time.monotonic() + 60
        while (job := town.ask(bank, "GET", below).json)["state"] != "done":
            assert job["state"] in {"queued", "running"}, job
            assert time.monotonic() < until, job
            time.sleep(0.1)


def _made(town: Town, who: str, route: str) -> Any:
    made = town.knock(who, route, {})
    assert made.status in {201, 202}, made.data
    return made.json


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _base64url(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()
