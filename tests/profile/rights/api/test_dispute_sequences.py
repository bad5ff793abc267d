"""Firm, operator and strangers act on disputes in any order: none is ended but by whose it is to end, and only once."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from profile_house import HEADER, SCOPES, House
from sequences import at_once, play
from sqlalchemy import delete

from services.profile.rights.tables import Dispute

FIRM = "local:E1"
SALES = HEADER.replace("销方单位代号", "购方单位代号")
PARTIES = ("firm", "other firm", "bank", "operator")
DECISIONS = ("confirmed", "unresolved", "corrected")
ENDED = frozenset({"confirmed", "unresolved", "withdrawn"})


class Disputes(RuleBasedStateMachine):
    """The disputes of one firm about two records; every answer is held against what was said and decided so far."""

    house: House
    records: list[str]

    @initialize()
    def begin(self) -> None:
        with self.house.context.database.begin() as session:
            session.execute(delete(Dispute))
        make = self.house.tokens
        self.who = {
            "firm": self.house.owner(),
            "other firm": make(role="enterprise", client="other", enterprise="local:E2", scopes=SCOPES),
            "bank": self.house.bank(),
            "operator": self.house.operator,
        }
        self.states: dict[str, str] = {}
        self.about: dict[str, str] = {}

    def post(self, who: str, path: str, body: Any = None) -> Any:
        headers = self.who[who] | {"Idempotency-Key": str(uuid4())}
        return self.house.client.application.test_client().post(path, json=body, headers=headers)

    @rule(who=st.sampled_from(PARTIES), which=st.integers(0, 1))
    def open(self, who: str, which: int) -> None:
        """Only of one's own file, and an item once at a time."""
        item = {"kind": "invoices", "record": self.records[which]}
        body = {"item": item, "reason": "not-ours", "statement": "Not ours."}
        answer = self.post(who, "/v1/disputes", body)
        free = not any(
            self.about[each] == self.records[which] and state == "open" for each, state in self.states.items()
        )
        assert (answer.status_code == 201) is (who == "firm" and free), (who, answer.json)
        if answer.status_code == 201:
            self.states[answer.json["id"]], self.about[answer.json["id"]] = "open", self.records[which]

    @rule(who=st.sampled_from(PARTIES), which=st.integers(0, 9))
    def withdraw(self, who: str, which: int) -> None:
        if found := self._one(which):
            answer = self.post(who, f"/v1/disputes/{found}/withdraw")
            self._note(found, "withdrawn", answer, lawful=who == "firm")

    @rule(who=st.sampled_from(PARTIES), which=st.integers(0, 9), decision=st.sampled_from(DECISIONS))
    def decide(self, who: str, which: int, decision: str) -> None:
        if found := self._one(which):
            answer = self._decided(who, found, decision)
            # Nobody has stated the record anew: nothing is corrected by saying so.
            self._note(found, decision, answer, lawful=who == "operator" and decision != "corrected")

    def _decided(self, who: str, found: str, decision: str) -> Any:
        body = {"decision": decision, "reply": "As the tax office has it."}
        body |= {"correction": "restated"} if decision == "corrected" else {}
        return self.post(who, f"/v1/disputes/{found}/decision", body)

    @rule(which=st.integers(0, 9))
    def withdraw_and_decide_at_once(self, which: int) -> None:
        """One of the two is done."""
        found = self._one(which)
        if found is None or self.states[found] in ENDED:
            return
        ended, decided = at_once(
            [
                lambda: self.post("firm", f"/v1/disputes/{found}/withdraw"),
                lambda: self._decided("operator", found, "confirmed"),
            ]
        )
        assert sorted((ended.status_code, decided.status_code)) == [200, 409]
        self.states[found] = "withdrawn" if ended.status_code == 200 else "confirmed"

    def _one(self, which: int) -> str | None:
        return list(self.states)[which % len(self.states)] if self.states else None

    def _note(self, found: str, state: str, answer: Any, *, lawful: bool) -> None:
        assert (answer.status_code == 200) is (lawful and self.states[found] == "open"), answer.json
        if answer.status_code == 200:
            self.states[found] = state

    @invariant()
    def each_stands_as_its_parties_left_it(self) -> None:
        """The firm reads them so, another firm finds none, and what is marked is open or unresolved."""
        if not getattr(self, "states", None):
            return
        listed = self.house.client.get("/v1/disputes?limit=500", headers=self.who["firm"]).json["items"]
        assert {each["id"]: each["state"] for each in listed} == self.states
        for found in list(self.states)[-1:]:
            assert self.house.client.get(f"/v1/disputes/{found}", headers=self.who["other firm"]).status_code == 404
        marks = self.house.client.get(f"/v1/enterprises/{FIRM}", headers=self.who["firm"]).json["disputes"]
        wanted = {found for found, state in self.states.items() if state in {"open", "unresolved"}}
        assert {each["dispute"] for each in marks} == wanted


def test_no_sequence_ends_a_dispute_but_by_whose_it_is_to_end(house: House) -> None:
    """On SQLite and on PostgreSQL."""
    rows = [f"E1,{n},2019/{n}/4,A1,{n}00.00,13.00,{n}13.00,有效发票\n" for n in (1, 2)]
    house.send("invoices.sale", SALES + "".join(rows))
    found = house.client.get(f"/v1/enterprises/{FIRM}/evidence?feature=sales_36m", headers=house.owner()).json["items"]
    records = [each["name"] for each in found]
    few = 6 if house.context.database.engine.dialect.name == "postgresql" else 15
    play(Disputes, few, house=house, records=records)
