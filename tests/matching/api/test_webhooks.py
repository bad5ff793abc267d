"""Endpoints as their client tends them: addresses, filters, tests, enabling, deliveries and replays."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from watching import WATCHED

from chassis.data import presence
from services.matching.context import Context
from services.matching.tables import WebhookEndpoint
from services.matching.usecases import notify

HOOK = {"url": "https://example.com/hook"}
Tokens = Callable[..., dict[str, str]]


class Owner:
    """A client with endpoints."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    def post(self, path: str, body: Any = None) -> Any:
        headers = {**self._headers, "Idempotency-Key": str(uuid4())}
        return self._client.post(f"/v1/webhooks{path}", json={} if body is None else body, headers=headers)

    def get(self, path: str = "") -> Any:
        return self._client.get(f"/v1/webhooks{path}", headers=self._headers)

    def put(self, path: str, body: Any) -> Any:
        return self._client.put(f"/v1/webhooks{path}", json=body, headers=self._headers)

    def hook(self, **more: Any) -> str:
        return str(self.post("", {**HOOK, **more}).json["id"])


@pytest.fixture
def owner(client: FlaskClient, tokens: Tokens) -> Owner:
    return Owner(client, tokens(client="bank-1", scopes="webhooks:write"))


@pytest.fixture
def other(client: FlaskClient, tokens: Tokens) -> Owner:
    return Owner(client, tokens(client="bank-2", scopes="webhooks:write"))


def put_aside(here: Context, hook: str, why: str) -> None:
    with here.database.begin() as session:
        mine = update(WebhookEndpoint).where(WebhookEndpoint.id == hook)
        session.execute(mine.values(put_aside=why, put_aside_at=datetime.now(UTC)))


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://[x/", "https://example.com:99999/", "https://example.com:abc", "https://a:0/"]
)
def test_an_address_that_cannot_be_one_is_refused(owner: Owner, url: str) -> None:
    answer = owner.post("", {"url": url})
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/address-refused")
    assert owner.get().json["items"] == []


@pytest.mark.parametrize("events", [["application.*"], ["notice.repaired", "application.offer"], None])
def test_a_filter_is_kept_and_can_be_changed(owner: Owner, events: list[str] | None) -> None:
    hook = owner.hook(events=events)
    assert owner.get().json["items"][0]["events"] == (events and sorted(events))
    assert owner.put(f"/{hook}/events", {"events": ["notice.*"]}).json["events"] == ["notice.*"]
    assert owner.put(f"/{hook}/events", {"events": None}).json["events"] is None


@pytest.mark.parametrize("event", ["application.offered", "scores.*", "*", "application", "notice.", "notice.A", ""])
def test_an_event_that_is_never_told_is_refused(owner: Owner, event: str) -> None:
    """A filter with a slip of the pen would be silent for ever."""
    answer = owner.post("", {**HOOK, "events": [event]})
    assert (answer.status_code, answer.json["type"]) == (422, "/problems/event-unknown")
    hook = owner.hook()
    assert owner.put(f"/{hook}/events", {"events": [event]}).status_code == 422


def test_a_test_message_waits_in_its_turn(owner: Owner) -> None:
    """Whatever the endpoint wants else; the list says what it is, and of which endpoint."""
    hook, second = owner.hook(events=["notice.*"]), owner.hook()
    answer = owner.post(f"/{hook}/test")
    assert (answer.status_code, answer.json["state"], answer.json["attempts"]) == (201, "pending", 0)
    assert answer.json["message"]["type"] == "endpoint.test"
    assert [each["id"] for each in owner.get(f"/deliveries?endpoint={hook}").json["items"]] == [answer.json["id"]]
    assert owner.get(f"/deliveries?endpoint={second}").json["items"] == []
    assert owner.get("/deliveries?state=delivered").json["items"] == []
    assert owner.get("/deliveries?state=bogus").status_code == 400


def test_nothing_is_sent_on_wish_to_an_endpoint_that_is_put_aside(owner: Owner, here: Context) -> None:
    """Neither a test nor a replay, until it is enabled again."""
    hook = owner.hook()
    message = owner.post(f"/{hook}/test").json["id"]
    put_aside(here, hook, "gone")
    for path in (f"/{hook}/test", f"/deliveries/{message}/replay"):
        answer = owner.post(path)
        assert (answer.status_code, answer.json["type"]) == (409, "/problems/endpoint-not-enabled")
    shown = owner.get().json["items"][0]
    assert (shown["enabled"], shown["put_aside"]) == (False, "gone")
    enabled = owner.post(f"/{hook}/enable")
    assert (enabled.status_code, enabled.json["enabled"], enabled.json["put_aside"]) == (200, True, None)
    assert owner.post(f"/deliveries/{message}/replay").status_code == 200


@pytest.mark.parametrize(("why", "waiting"), [("gone", 0), ("unanswered", 1)])
def test_events_wait_for_who_does_not_answer_and_not_for_who_is_gone(
    owner: Owner, here: Context, why: str, waiting: int
) -> None:
    put_aside(here, owner.hook(), why)
    with here.database.begin() as session:
        notify.enqueue(session, "application.submit", {}, clients=["bank-1"])
    items = owner.get("/deliveries").json["items"]
    assert [(each["state"], each["due_at"]) for each in items] == [("pending", None)] * waiting


def test_another_s_endpoint_is_none(owner: Owner, other: Owner) -> None:
    hook = owner.hook()
    for path in ("secret", "enable", "test"):
        assert other.post(f"/{hook}/{path}").status_code == 404
    assert other.put(f"/{hook}/events", {"events": None}).status_code == 404


@pytest.mark.parametrize("hours", [-1, 169])
def test_an_overlap_has_an_end(owner: Owner, hours: int) -> None:
    """A week at most."""
    hook = owner.hook()
    assert owner.post(f"/{hook}/secret", {"overlap_hours": hours}).status_code == 422
    answer = owner.post(f"/{hook}/secret", {"overlap_hours": 1})
    assert answer.status_code == 201
    assert answer.json["former_secret_until"] is not None
    assert answer.headers["Cache-Control"] == "no-store"


def test_readiness_and_metrics_tell_of_messages_that_nobody_sends(
    client: FlaskClient, owner: Owner, here: Context
) -> None:
    """Also where a postman says that it is there."""
    presence.beat(here.database, "worker_1", "deliveries")
    owner.post(f"/{owner.hook()}/test")
    assert "deliveries" not in client.get("/readyz", **WATCHED).json["degraded"]
    with here.database.begin() as session:
        session.execute(update(notify.WebhookDelivery).values(created_at=datetime(2026, 1, 1, tzinfo=UTC)))
    assert "due" in client.get("/readyz", **WATCHED).json["degraded"]["deliveries"]
    lines = dict(
        line.rsplit(" ", 1) for line in client.get("/metrics", **WATCHED).text.splitlines() if "webhook_late" in line
    )
    assert float(lines['webhook_late_seconds{post="deliveries"}']) > 60
    with here.database.begin() as session:
        session.execute(update(WebhookEndpoint).values(put_aside="unanswered"))
    assert "deliveries" not in client.get("/readyz", **WATCHED).json["degraded"]
