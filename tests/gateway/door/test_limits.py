"""Quotas: their headers (draft-ietf-httpapi-ratelimit-headers-11), their end, and who is counted."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from chassis.core.settings import SettingsError
from gateway.door.limits import ADDRESS, DEFAULT_QUOTAS, FAILURES, Counts, Limits, Quota, QuotaUsedUp, read_quotas
from gateway.identity.roles import DEFAULT_SCOPES
from gateway.identity.store import Client

Gateway = Callable[..., Flask]
WRONG = {"Authorization": "Bearer smc_" + "0" * 16 + "_" + "0" * 48}


def limited(gateway: Gateway, **quotas: Quota) -> Flask:
    return gateway(quotas={**DEFAULT_QUOTAS, **quotas})


def bearer(app: Flask, name: str = "bank-1") -> dict[str, str]:
    (key,) = app.extensions["context"].clients.add([Client(name, "bank")])
    return {"Authorization": f"Bearer {key.text}"}


def test_every_answer_tells_the_quota_and_what_is_left(gateway: Gateway) -> None:
    """The two fields of the draft, in its structured form."""
    app = limited(gateway, bank=Quota(100, 60))
    answer = app.test_client().get("/v1/catalogue", headers=bearer(app))
    assert answer.headers["RateLimit-Policy"] == '"bank";q=100;w=60'
    assert re.fullmatch(r'"bank";r=99;t=\d+', answer.headers["RateLimit"])


def test_beyond_the_quota_a_problem_says_when_to_come_back(gateway: Gateway) -> None:
    """429 with Retry-After, the violated policy, and the headers."""
    app = limited(gateway, bank=Quota(2, 60))
    client, headers = app.test_client(), bearer(app)
    assert [client.get("/v1/catalogue", headers=headers).status_code for _ in range(3)] == [200, 200, 429]
    answer = client.get("/v1/catalogue", headers=headers)
    assert answer.content_type == "application/problem+json"
    assert answer.json["violated_policies"] == ["bank"]
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.headers["RateLimit"].startswith('"bank";r=0;t=')


def test_one_clients_quota_is_not_anothers(gateway: Gateway) -> None:
    """A busy bank does not stop its neighbour."""
    app = limited(gateway, bank=Quota(1, 60))
    client = app.test_client()
    first, second = bearer(app, "bank-1"), bearer(app, "bank-2")
    client.get("/v1/catalogue", headers=first)
    assert client.get("/v1/catalogue", headers=first).status_code == 429
    assert client.get("/v1/catalogue", headers=second).status_code == 200


def test_a_client_with_two_keys_has_one_quota(gateway: Gateway) -> None:
    """Keys are for rotation, not for doubling."""
    app = limited(gateway, bank=Quota(1, 60))
    client, first = app.test_client(), bearer(app)
    second = {"Authorization": f"Bearer {app.extensions['context'].clients.add_key('bank-1').text}"}
    client.get("/v1/catalogue", headers=first)
    assert client.get("/v1/catalogue", headers=second).status_code == 429


def test_the_gateways_own_routes_count_too(gateway: Gateway) -> None:
    """The register of clients is limited as everything else."""
    app = limited(gateway, bank=Quota(1, 60))
    client, headers = app.test_client(), bearer(app)
    assert [client.get("/v1/clients", headers=headers).status_code for _ in range(2)] == [403, 429]


def test_an_address_that_guesses_keys_is_stopped_and_a_good_key_from_there_is_not(gateway: Gateway) -> None:
    """After so many wrong keys the address learns no more of them; a good key works, seen before or not."""
    app = limited(gateway, failures=Quota(3, 60))
    client, good, fresh = app.test_client(), bearer(app), bearer(app, "bank-2")
    client.get("/v1/catalogue", headers=good)
    assert [client.get("/v1/catalogue", headers=WRONG).status_code for _ in range(4)] == [401, 401, 401, 429]
    assert client.get("/v1/catalogue", headers=good).status_code == 200
    assert client.get("/v1/catalogue", headers=fresh).status_code == 200
    secret = {"grant_type": "client_credentials", "client_secret": fresh["Authorization"].removeprefix("Bearer ")}
    assert client.post("/oauth/token", data={**secret, "client_id": "bank-2"}).status_code == 200


def test_wrong_secrets_at_the_token_endpoint_are_counted_with_them(gateway: Gateway) -> None:
    """One count for all ways of guessing."""
    app = limited(gateway, failures=Quota(2, 60))
    form = {"grant_type": "client_credentials", "client_id": "bank-1", "client_secret": "x"}
    client = app.test_client()
    assert [client.post("/oauth/token", data=form).status_code for _ in range(3)] == [401, 401, 429]


def test_pages_without_a_key_are_limited_by_address(gateway: Gateway) -> None:
    """The reference is rendered for so many a minute only."""
    app = limited(gateway, address=Quota(1, 60))
    client = app.test_client()
    assert [client.get("/openapi.json").status_code for _ in range(2)] == [200, 429]


def test_a_redis_that_does_not_answer_leaves_the_door_open_and_limited() -> None:
    """Each process then counts for itself."""
    limits = Limits({"bank": Quota(1, 60)}, "redis://127.0.0.1:9/0")
    limits.take("bank", "bank-1")
    with pytest.raises(QuotaUsedUp):
        limits.take("bank", "bank-1")


def test_every_role_has_a_quota() -> None:
    """A role without one would be an error for its first client."""
    assert DEFAULT_SCOPES.keys() | {ADDRESS, FAILURES} == DEFAULT_QUOTAS.keys()


def test_a_quota_can_be_set() -> None:
    """`GATEWAY_RATE_LIMITS` replaces single lines."""
    assert read_quotas("bank=6000/60, enterprise=5/1") == {"bank": Quota(6000, 60), "enterprise": Quota(5, 1)}


@pytest.mark.parametrize("text", ["bank", "bank=0/60", "bank=1/0", "king=1/1", "bank=1/1/1"])
def test_a_quota_that_cannot_be_read_stops_the_start(text: str) -> None:
    """A limit that is not what was meant is worse than none."""
    with pytest.raises(SettingsError, match="GATEWAY_RATE_LIMITS"):
        read_quotas(text)


def test_windows_that_have_ended_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever counts clears away what others left, and no thread is started for it."""
    now = 1_000_000.0
    monkeypatch.setattr("gateway.door.limits.time.time", lambda: now)
    counts = Counts()
    for client in range(100):
        counts.incr(f"client-{client}", 60)
    now += 59
    assert (counts.incr("client-0", 60), counts.get("client-1")) == (2, 1)
    now += 2
    threads = threading.active_count()
    assert (counts.get("client-1"), counts.incr("client-1", 60)) == (0, 1)
    assert list(counts.storage) == ["client-1"] == list(counts.expirations)
    assert threading.active_count() == threads


def test_counts_of_many_threads_add_up() -> None:
    """No request is counted twice or lost."""
    counts = Counts()
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda _: counts.incr("bank", 60), range(2000)))
    assert sorted(told) == list(range(1, 2001))
