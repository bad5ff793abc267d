"""A portal's door whose matching service is real, with a product, a match of it, and stand-ins for the others."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlencode

import orjson
from databases import lay
from flask import Flask
from portal_site import StandIn, fixture

from chassis.core.identity import Verifier
from gateway.identity.roles import DEFAULT_SCOPES
from gateway.portal import Answer, Ask, Visitor
from services.matching.app import create_app
from services.matching.settings import PACKAGE, Settings
from services.matching.tables import ProductVersion, StoredMatch

MATCHING = ("applications", "products", "agreement-ledger")
NOWHERE = "http://127.0.0.1:9"  # a firm and a bank move an application without asking another service


@dataclass
class MatchingDoor(StandIn):
    """Asks the real service of applications and products, with the scopes that each role has in the suite."""

    app: Flask = field(kw_only=True)
    tokens: Callable[..., dict[str, str]] = field(kw_only=True)

    def call(self, visitor: Visitor, ask: Ask) -> Answer:
        """Ask the matching service, or the files for what others answer."""
        if ask.path.split("/")[1] not in MATCHING:
            return super().call(visitor, ask)
        scopes = " ".join(DEFAULT_SCOPES[visitor.role])
        token = self.tokens(visitor.role, visitor.client, scopes, enterprise=visitor.enterprise)
        address = f"/v1{ask.path}?{urlencode(ask.query or {})}"
        answer = self.app.test_client().open(
            address, method=ask.method, json=ask.json, headers={**ask.headers, **token}
        )
        return Answer(answer.status_code, answer.json)


def matching_door(folder: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> MatchingDoor:
    """Return a door to a matching service that keeps the products and the match of the fixture files."""
    url = f"sqlite:///{folder / 'matching.db'}"
    lay(url, PACKAGE)
    app = create_app(Settings(folder, url, NOWHERE, NOWHERE, NOWHERE, ""), verifier=verifier)
    match, now = fixture("match"), datetime.now(UTC)
    with app.extensions["database"].begin() as session:
        for product in fixture("products")["items"]:
            key = {"product": product["id"], "version": product["version"], "valid_from": date(2025, 1, 1)}
            session.add(ProductVersion(**key, owner="bank-demo", document=product, published_at=now))
        session.add(
            StoredMatch(
                id=match["id"],
                client="firm-17",
                enterprise=match["enterprise"],
                as_of=date.fromisoformat(match["as_of"]),
                known_at=now,
                catalogue="c1",
                model=None,
                facts={},
                products={each["id"]: each["version"] for each in fixture("products")["items"]},
                answer=orjson.dumps(match),
                created_at=now,
            )
        )
    return MatchingDoor(app=app, tokens=tokens)
