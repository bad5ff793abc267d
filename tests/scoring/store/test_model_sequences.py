"""Trainers, operators and strangers act on models in any order: none serves that four eyes have not looked at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sequences import at_once, play
from sqlalchemy import delete, select

from chassis.data import jobs
from services.scoring.tables import Model, ModelEvent

SCOPES = {"bank": "models:write models:read", "operator": "models:write models:read models:approve"}
PARTIES = ("bank-1", "bank-2", "bank-3", "operator-1", "operator-2")
TRAINED = ("bank-1", "bank-2", "operator-1")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
numbers = count()
who = st.sampled_from(PARTIES)
which = st.integers(0, 3)


class Models(RuleBasedStateMachine):
    """Four models of three trainers, one of which failed its gate."""

    app: Flask
    tokens: Callable[..., dict[str, str]]

    @initialize()
    def begin(self) -> None:
        self.headers = {
            name: self.tokens(client=name, role=role_of(name), scopes=SCOPES[role_of(name)]) for name in PARTIES
        }
        mark = next(numbers)
        self.trainer = {f"mdl_{mark}_{n}": TRAINED[n % 3] for n in range(4)}
        self.failed = f"mdl_{mark}_3"
        self.approved: set[str] = set()
        with self.app.extensions["database"].begin() as session:
            session.execute(delete(ModelEvent))
            session.execute(delete(Model))
            for version, client in self.trainer.items():
                row = Model(version=version, state="candidate", client=client, promote=False, seed=1, created_at=NOW)
                row.card = {"gate": {"passed": version != self.failed}}
                row.job = jobs.enqueue(session, jobs.Kind("none", "none"), {})
                session.add(row)

    def post(self, name: str, version: str, act: str, body: Any = None) -> Any:
        headers = self.headers[name] | {"Idempotency-Key": str(uuid4())}
        return self.app.test_client().post(f"/v1/models/{version}/{act}", json=body or {}, headers=headers)

    def states(self) -> dict[str, str]:
        with self.app.extensions["database"].read() as session:
            return {row.version: row.state for row in session.scalars(select(Model))}

    @rule(name=who, n=which, exception=st.booleans())
    def approve(self, name: str, n: int, exception: bool) -> None:
        """By the operator, of what another trained; one that failed its gate with a reason only."""
        version, before = self._version(n), self.states()
        said = {"note": "seen", "exception": "a reason" if exception else None}
        answer = self.post(name, version, "approve", said)
        if answer.status_code == 200:
            assert role_of(name) == "operator" != self.trainer[version]
            assert name != self.trainer[version]
            assert version != self.failed or exception
            self.approved.add(version)
        else:
            assert self.states() == before

    @rule(name=who, n=which, act=st.sampled_from(("promote", "rollback", "shadow")))
    def act(self, name: str, n: int, act: str) -> None:
        """By who trained it or an operator; a refusal changes nothing."""
        version, before = self._version(n), self.states()
        answer = self.post(name, version, act)
        assert answer.status_code in {200, 403, 409}, answer.json
        if answer.status_code == 200:
            assert name == self.trainer[version] or role_of(name) == "operator"
        else:
            assert self.states() == before

    @rule(n=which)
    def approve_and_promote(self, n: int) -> None:
        """Go the right way, so that sequences come far."""
        version = self._version(n)
        self.approve("operator-2", n, exception=True)
        self.act(self.trainer[version], n, "promote")

    @rule(first=which, second=which)
    def promote_two_at_once(self, first: int, second: int) -> None:
        """One serves in the end."""
        one, two = self._version(first), self._version(second)
        answers = at_once(
            [lambda version=each: self.post(self.trainer[version], version, "promote") for each in (one, two)]  # type: ignore[misc]
        )
        assert all(each.status_code in {200, 409} for each in answers), [each.json for each in answers]

    @rule(n=which)
    def approve_and_promote_at_once(self, n: int) -> None:
        """Promoted after the approval, or refused."""
        version = self._version(n)
        approved, promoted = at_once(
            [
                lambda: self.post("operator-2", version, "approve", {"exception": "a reason"}),
                lambda: self.post(self.trainer[version], version, "promote"),
            ]
        )
        if approved.status_code == 200:
            self.approved.add(version)
        assert promoted.status_code in {200, 409}

    def _version(self, n: int) -> str:
        return list(self.trainer)[n]

    @invariant()
    def one_serves_and_four_eyes_have_seen_it(self) -> None:
        if not hasattr(self, "trainer"):
            return
        states = self.states()
        serving = [version for version, state in states.items() if state == "serving"]
        assert len(serving) <= 1
        assert set(serving) <= self.approved
        assert list(states.values()).count("shadow") <= 1
        told = {version for version, state in states.items() if state in {"approved", "serving", "retired"}}
        assert told <= self.approved


def role_of(name: str) -> str:
    return name.partition("-")[0]


def test_no_sequence_lets_a_model_serve_that_only_its_trainer_has_seen(
    app: Flask, tokens: Callable[..., dict[str, str]]
) -> None:
    """On SQLite and on PostgreSQL."""
    few = 8 if app.extensions["database"].engine.dialect.name == "postgresql" else 20
    play(Models, few, app=app, tokens=tokens)
