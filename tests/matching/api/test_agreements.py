"""Several parties act out of turn, and no sequence of theirs reaches terms that they have not agreed to."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import rfc8785
from bank_products import a_product
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sequences import at_once, play
from sqlalchemy import update

from chassis.core.moments import today
from services.matching.context import Context
from services.matching.domain.application import EVENTS
from services.matching.tables import Application, ApplicationOffer

SCOPES = "applications:write applications:read products:write products:read"
AMOUNTS = (1, 1_000_000, 40_000_000, 50_000_000, 50_000_001, 10**15)
NEED = {"amount_fen": 50_000_000, "months": 12}
PARTIES = ("bank", "firm", "platform", "other bank", "other firm")
terms = st.fixed_dictionaries(
    {
        "amount_fen": st.sampled_from(AMOUNTS),
        "months": st.sampled_from((1, 3, 12, 13, 600)),
        "rate": st.sampled_from((0.0, 0.035, 0.0435, 0.09, 0.24, 0.36, 1.0)),
    }
)
fair = st.just({"amount_fen": 40_000_000, "months": 12, "rate": 0.0435})
said = st.fixed_dictionaries(
    {},
    optional={
        "reason": st.just("because"),
        "terms": st.one_of(fair, terms),
        "offer": st.integers(1, 4),
        "drawn_fen": st.sampled_from(AMOUNTS),
    },
)
numbers = count()


class Agreements(RuleBasedStateMachine):
    """One application; every answer is compared with what the parties have said and been granted so far."""

    app: Flask
    tokens: Callable[..., dict[str, str]]
    neighbours: Any

    @initialize(platform_applies=st.booleans())
    def hand_in(self, platform_applies: bool) -> None:
        self.let(given=True)
        client, enterprise = f"firm-{next(numbers)}", "local:E1"
        self.who = {
            "bank": self.tokens(role="bank", client="bank-1", scopes=SCOPES),
            "firm": self.tokens(role="enterprise", client=client, enterprise=enterprise, scopes=SCOPES),
            "platform": self.tokens(role="platform", client="platform-1", scopes=SCOPES),
            "other bank": self.tokens(role="bank", client="bank-2", scopes=SCOPES),
            "other firm": self.tokens(role="enterprise", client="firm", enterprise="local:E2", scopes=SCOPES),
        }
        product = f"p{next(numbers)}"
        self.post("bank", "/v1/products", a_product(id=product))
        order = {"enterprise": enterprise, "products": [product], "need": NEED}
        opened = self.post("platform" if platform_applies else "firm", "/v1/applications", order)
        self.place = "/v1/applications/" + opened.json["applications"][0]["id"]
        self.inside = {"bank", "firm"} | ({"platform"} if platform_applies else set())
        self.offered: dict[int, Any] = {}
        self.agreed: int | None = None
        self.drawn: int | None = None
        self.over = False

    def post(self, who: str, path: str, body: Any) -> Any:
        headers = self.who[who] | {"Idempotency-Key": str(uuid4())}
        return self.app.test_client().post(path, json=body, headers=headers)

    @rule(who=st.sampled_from(PARTIES), event=st.sampled_from(sorted(EVENTS)), body=said)
    def act(self, who: str, event: str, body: dict[str, Any]) -> None:
        """Make any move as anybody, with whatever said."""
        self.note(who, event, body, self.post(who, f"{self.place}/{event}", body))

    @rule(body=fair)
    def offer(self, body: dict[str, Any]) -> None:
        self.act("bank", "offer", {"terms": body})

    @rule(who=st.sampled_from(("firm", "platform")), back=st.integers(0, 1))
    def accept(self, who: str, back: int) -> None:
        """Accept the newest offer, or the one before it."""
        self.act(who, "accept", {"offer": max(len(self.offered) - back, 1)})

    @rule(drawn=st.sampled_from(AMOUNTS))
    def disburse(self, drawn: int) -> None:
        self.act("bank", "disburse", {"drawn_fen": drawn})

    @rule(body=fair)
    def accept_while_the_bank_offers(self, body: dict[str, Any]) -> None:
        """Of an acceptance and a new offer at once, one is made: nobody accepts terms that had been replaced."""
        if not self.offered:
            return
        accepting = {"offer": max(self.offered)}
        accepted, offered = at_once(
            [
                lambda: self.post("firm", f"{self.place}/accept", accepting),
                lambda: self.post("bank", f"{self.place}/offer", {"terms": body}),
            ]
        )
        assert {accepted.status_code, offered.status_code} != {200}
        self.note("firm", "accept", accepting, accepted)
        self.note("bank", "offer", {"terms": body}, offered)

    @rule(given=st.booleans())
    def let(self, given: bool) -> None:
        """Give the platform the firm's mandate, or revoke it."""
        self.mandated = given
        self.neighbours.withheld = set() if given else {"local:E1"}

    @rule()
    def let_expire(self) -> None:
        """Let the last day of the offer that stands be over."""
        application = self.place.rsplit("/", 1)[1]
        context: Context = self.app.extensions["context"]
        with context.database.begin() as session:
            over = {"expires_on": today() - timedelta(days=1)}
            session.execute(update(Application).where(Application.id == application).values(over))
            mine = ApplicationOffer.application == application
            session.execute(update(ApplicationOffer).where(mine).values(over))
        self.over = True

    def note(self, who: str, event: str, body: dict[str, Any], answer: Any) -> None:
        assert answer.status_code in (200, 403, 404, 409, 422), answer.json
        if answer.status_code != 200:
            return
        assert who in self.inside
        assert who != "platform" or self.mandated
        assert (who == "bank") is (EVENTS[event].by == "bank")
        assert ("terms" in body, "offer" in body, "drawn_fen" in body) == tuple(
            event == each for each in ("offer", "accept", "disburse")
        )
        if event == "offer":
            self.offered[answer.json["offer"]], self.over = body["terms"], False
        if event == "accept":
            assert not self.over
            self.agreed = body["offer"]
        if event == "disburse":
            self.drawn = body["drawn_fen"]

    @invariant()
    def nobody_is_bound_by_what_it_has_not_agreed_to(self) -> None:
        """Terms are the bank's offer, in force by the firm's acceptance of that number, and drawn within."""
        found = self.app.test_client().get(self.place, headers=self.who["firm"]).json
        assert found["terms"] == self.offered.get(found["offer"])
        assert [each["number"] for each in found["offers"]] == list(range(1, len(self.offered) + 1))
        for each in found["offers"]:
            document, offered = each["document"], self.offered[each["number"]]
            assert {name: document[name] for name in ("amount_fen", "months")} == {
                name: offered[name] for name in ("amount_fen", "months")
            }
            assert float(document["rate"]) == offered["rate"]
            assert each["sha256"] == hashlib.sha256(rfc8785.dumps(document)).hexdigest()
            assert (each["state"] == "accepted") is (each["number"] == self.agreed)
            assert (each["ledger_entry"] is not None) is (each["number"] == self.agreed)
        self._within(found)

    def _within(self, found: dict[str, Any]) -> None:
        for offered in self.offered.values():
            assert 1_000_000 <= offered["amount_fen"] <= NEED["amount_fen"]
            assert 3 <= offered["months"] <= NEED["months"]
            assert 0.035 <= offered["rate"] <= 0.09
        if found["state"] in ("accepted", "disbursed", "repaid", "defaulted"):
            assert found["offer"] == self.agreed is not None
        assert found["drawn_fen"] == self.drawn
        if self.drawn is not None:
            assert self.agreed is not None
            assert self.drawn <= self.offered[self.agreed]["amount_fen"]


def test_no_sequence_reaches_terms_that_the_parties_did_not_agree_to(
    app: Flask, tokens: Callable[..., dict[str, str]], neighbours: Any
) -> None:
    """Bank, firm, platform and strangers, in any order, with anything said; on PostgreSQL fewer sequences."""
    few = 8 if "postgresql" in app.extensions["context"].settings.database_url else 25
    play(Agreements, few, app=app, tokens=tokens, neighbours=neighbours)
