"""Banks and strangers publish products in any order, and firms apply: nothing that was published is ever another."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any
from uuid import uuid4

from bank_products import a_product
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sequences import at_once, play

SCOPES = "applications:write applications:read products:write products:read"
NEED = {"amount_fen": 50_000_000, "months": 12}
PARTIES = ("bank", "other bank", "firm", "platform")
TERMS = ([3, 24], [6, 12], [12, 36], [1, 60])
numbers = count()
terms = st.sampled_from(TERMS)
which = st.integers(0, 1)


class Products(RuleBasedStateMachine):
    """Two products; what each version says is held against what its bank has put."""

    app: Flask
    tokens: Callable[..., dict[str, str]]

    @initialize()
    def begin(self) -> None:
        mark = next(numbers)
        self.who = {
            "bank": self.tokens(role="bank", client="bank-1", scopes=SCOPES),
            "other bank": self.tokens(role="bank", client="bank-2", scopes=SCOPES),
            "firm": self.tokens(
                role="enterprise",
                client=f"firm-{mark}",
                enterprise="local:E1",
                scopes="applications:write applications:read products:read",
            ),
            "platform": self.tokens(role="platform", client="platform-1", scopes="products:read"),
        }
        self.ids = [f"p{mark}-{n}" for n in range(2)]
        self.owner: dict[str, str] = {}
        self.put_so_far: dict[str, list[list[int]]] = {each: [] for each in self.ids}
        self.applied: dict[str, tuple[str, int]] = {}

    def send(
        self, name: str, product: str, months: list[int], *, version: int | None = None, post: bool = False
    ) -> Any:
        headers = self.who[name] | {"Idempotency-Key": str(uuid4())} | ({"If-Match": f'"{version}"'} if version else {})
        body = a_product(id=product, months=months)
        client = self.app.test_client()
        if post:
            return client.post("/v1/products", json=body, headers=headers)
        return client.put(f"/v1/products/{product}", json=body, headers=headers)

    @rule(name=st.sampled_from(PARTIES), n=which, months=terms, post=st.booleans(), back=st.integers(0, 2))
    def publish(self, name: str, n: int, months: list[int], post: bool, back: int) -> None:
        """A bank publishes; the first to publish a product is whose it is."""
        product = self.ids[n]
        known = self.put_so_far[product]
        expected = None if post or not back else max(len(known) - back + 1, 1)
        answer = self.send(name, product, months, version=expected, post=post)
        self.note(name, product, months, expected, answer)

    def note(self, name: str, product: str, months: list[int], expected: int | None, answer: Any) -> None:
        known = self.put_so_far[product]
        assert answer.status_code in {200, 201, 403, 404, 409, 412, 422}, answer.json
        if answer.status_code not in {200, 201}:
            return
        assert "bank" in name
        assert self.owner.setdefault(product, name) == name
        assert expected in {None, len(known)} or not known
        if not known or known[-1] != months:
            known.append(months)
        assert answer.json["version"] == len(known)

    @rule(n=which)
    def put_two_at_once(self, n: int) -> None:
        """Of two who have read the same version, one is told that it has passed."""
        product = self.ids[n]
        known = self.put_so_far[product]
        if not known:
            return
        first, second = [each for each in TERMS if each != known[-1]][:2]
        owner, version = self.owner[product], len(known)
        answers = at_once(
            [lambda months=each: self.send(owner, product, months, version=version) for each in (first, second)]  # type: ignore[misc]
        )
        assert sorted(each.status_code for each in answers) == [200, 412], [each.json for each in answers]
        known.append(first if answers[0].status_code == 200 else second)

    @rule(n=which)
    def apply(self, n: int) -> None:
        """An application is for the version that the firm could read."""
        product = self.ids[n]
        headers = self.who["firm"] | {"Idempotency-Key": str(uuid4())}
        wish = {"enterprise": "local:E1", "products": [product], "need": NEED}
        answer = self.app.test_client().post("/v1/applications", json=wish, headers=headers)
        if answer.status_code == 201:
            (one,) = answer.json["applications"]
            assert one["id"] not in self.applied
            self.applied[one["id"]] = (product, len(self.put_so_far[product]))

    @invariant()
    def every_version_says_what_its_bank_put(self) -> None:
        if not hasattr(self, "ids"):
            return
        client = self.app.test_client()
        for product, known in self.put_so_far.items():
            for version, months in enumerate(known, 1):
                read = client.get(f"/v1/products/{product}?version={version}", headers=self.who["platform"])
                assert read.json["months"] == months
            beyond = client.get(f"/v1/products/{product}?version={len(known) + 1}", headers=self.who["platform"])
            assert beyond.status_code == 404
        for application, (product, version) in self.applied.items():
            read = client.get(f"/v1/applications/{application}", headers=self.who["firm"]).json
            assert (read["product"], read["product_version"]) == (product, version)


def test_no_sequence_changes_what_was_published(
    app: Flask, tokens: Callable[..., dict[str, str]], neighbours: Any
) -> None:
    """On SQLite and on PostgreSQL."""
    few = 6 if "postgresql" in app.extensions["context"].settings.database_url else 15
    play(Products, few, app=app, tokens=tokens)
