"""Firm, banks and strangers give, end and use consents in any order: nobody reads what the firm has not agreed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from profile_house import HEADER, ROW, SCOPES, House
from sequences import at_once, play

from services.profile.rights.domain.resource import Resource, table

FIRM = "local:E1"
PURPOSES = ("credit-assessment", "credit-monitoring", "financing-match", "model-training")
READS = {"/features": Resource.FEATURES, "": Resource.ENTERPRISE, "/measures": Resource.MEASURES}
PARTIES = ("firm", "other firm", "bank", "other bank", "platform")
wishes = st.fixed_dictionaries(
    {
        "grantee": st.sampled_from(("bank", "other bank")),
        "purposes": st.sets(st.sampled_from(PURPOSES), min_size=1).map(sorted),
        "fields": st.sets(st.sampled_from(("features", "portrait", "score", "measures")), min_size=1).map(sorted),
    },
    optional={"most_reads_a_day": st.integers(1, 3)},
)
numbers = count()


@dataclass
class Given:
    """A consent as the firm gave it."""

    id: str
    grantee: str
    purposes: list[str]
    fields: list[str]
    cap: int | None
    live: bool = True


class Consents(RuleBasedStateMachine):
    """One firm's consents; every answer is held against what it has given and ended so far."""

    house: House

    @initialize()
    def begin(self) -> None:
        mark = next(numbers)
        make = self.house.tokens
        self.client = {name: f"{name.replace(' ', '-')}-{mark}" for name in PARTIES}
        self.who = {
            "firm": make(role="enterprise", client=self.client["firm"], enterprise=FIRM, scopes=SCOPES),
            "other firm": make(
                role="enterprise", client=self.client["other firm"], enterprise="local:E2", scopes=SCOPES
            ),
            **{name: make(role="bank", client=self.client[name], scopes=SCOPES) for name in ("bank", "other bank")},
            "platform": make(role="platform", client=self.client["platform"], scopes=SCOPES),
        }
        self.given: list[Given] = []
        self.reads = dict.fromkeys(PARTIES, 0)

    @rule(who=st.sampled_from(PARTIES), wish=wishes)
    def give_as_anybody(self, who: str, wish: dict[str, Any]) -> None:
        self.give(who, wish)

    @rule(wish=wishes)
    def give_as_the_firm(self, wish: dict[str, Any]) -> None:
        self.give("firm", wish)

    def give(self, who: str, wish: dict[str, Any]) -> None:
        """A consent is its giver's own: of another firm's nothing opens this one's file."""
        until = (datetime.now(UTC).date() + timedelta(days=9)).isoformat()
        body = {**wish, "grantee": self.client[wish["grantee"]], "valid_until": until}
        headers = self.who[who] | {"Idempotency-Key": str(uuid4())}
        answer = self.house.client.post("/v1/consents", json=body, headers=headers)
        assert answer.status_code in ({201, 422} if "firm" in who else {403}), answer.json
        if who == "firm" and answer.status_code == 201:
            cap = wish.get("most_reads_a_day")
            self.given.append(Given(answer.json["id"], wish["grantee"], wish["purposes"], wish["fields"], cap))

    @rule(who=st.sampled_from(PARTIES), which=st.integers(0, 5))
    def end(self, who: str, which: int) -> None:
        """Only who gave it ends it, once."""
        if self.given:
            one = self.given[which % len(self.given)]
            answer = self._end(who, one)
            assert (answer.status_code == 200) is (who == "firm" and one.live), (who, one, answer.json)
            one.live = one.live and answer.status_code != 200

    def _end(self, who: str, one: Given) -> Any:
        headers = self.who[who] | {"Idempotency-Key": str(uuid4())}
        return self.house.client.application.test_client().post(f"/v1/consents/{one.id}/revoke", headers=headers)

    @rule(who=st.sampled_from(PARTIES), path=st.sampled_from(sorted(READS)), purpose=st.sampled_from(PURPOSES))
    def read(self, who: str, path: str, purpose: str) -> None:
        self.note(who, path, purpose, self._read(who, path, purpose))

    @rule(path=st.sampled_from(sorted(READS)), purpose=st.sampled_from(PURPOSES[:3]))
    def read_as_the_bank(self, path: str, purpose: str) -> None:
        self.read("bank", path, purpose)

    def _read(self, who: str, path: str, purpose: str) -> int:
        headers = self.who[who] | {"Purpose": purpose}
        client = self.house.client.application.test_client()
        return int(client.get(f"/v1/enterprises/{FIRM}{path}", headers=headers).status_code)

    def note(self, who: str, path: str, purpose: str, status: int) -> None:
        if who == "firm":
            assert status == 200
            return
        able = self.able(who, path, purpose)
        assert status in {200, 403, 429}
        if status == 200:
            assert able, (who, path, purpose, self.given)
            self.reads[who] += 1
        else:
            assert all(each.cap for each in able), (who, path, purpose, self.given)

    def able(self, who: str, path: str, purpose: str) -> list[Given]:
        """Return the live consents that open a read."""
        return [
            each
            for each in self.given
            if each.live
            and each.grantee == who
            and purpose in each.purposes
            and purpose in table()[READS[path]].purposes
            and table()[READS[path]].fields & set(each.fields)
        ]

    @rule(path=st.sampled_from(sorted(READS)))
    def end_and_read_at_once(self, path: str) -> None:
        """The read is before the end or after it; nothing is read afterwards."""
        live = [each for each in self.given if each.live and each.grantee == "bank"]
        if not live:
            return
        before = self.able("bank", path, PURPOSES[0])
        ended, status = at_once([lambda: self._end("firm", live[0]), lambda: self._read("bank", path, PURPOSES[0])])
        assert ended.status_code == 200
        if status == 200:
            assert before
            self.reads["bank"] += 1
        live[0].live = False
        self.read("bank", path, PURPOSES[0])

    @invariant()
    def the_firm_finds_every_read_and_no_other(self) -> None:
        """As many lines in its record as there were answers, by whom."""
        if not hasattr(self, "given"):
            return
        path = f"/v1/enterprises/{FIRM}/accesses?limit=500"
        found = [each["client"] for each in self.house.client.get(path, headers=self.who["firm"]).json["items"]]
        for who in ("bank", "other bank", "other firm", "platform"):
            assert found.count(self.client[who]) == self.reads[who]


def test_no_sequence_reads_what_the_firm_did_not_agree_to(house: House) -> None:
    """On SQLite and on PostgreSQL."""
    house.send("invoices.purchase", HEADER + ROW)
    play(Consents, 6 if house.context.database.engine.dialect.name == "postgresql" else 15, house=house)
