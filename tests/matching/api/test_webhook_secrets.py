"""The secret of an endpoint is shown once, to who ordered it, and is kept nowhere in clear."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from kept_secrets import places_of

from services.matching.context import Context
from services.matching.tables import NoticeCursor

HOOK = {"url": "https://example.com/hook"}
Tokens = Callable[..., dict[str, str]]


@pytest.fixture
def owner(tokens: Tokens) -> dict[str, str]:
    return tokens(scopes="webhooks:write")


def post(client: FlaskClient, who: dict[str, str], path: str, key: str, body: Any = None) -> Any:
    return client.post(path, json={} if body is None else body, headers={**who, "Idempotency-Key": key})


def test_a_repetition_gets_the_answer_without_the_secret_and_is_told(
    client: FlaskClient, owner: dict[str, str]
) -> None:
    """The same endpoint, and how to get another secret where the first answer was lost."""
    first, again = (post(client, owner, "/v1/webhooks", "k-1", HOOK) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["secret"].startswith("whsec_")
    assert first.json["note"] is None
    assert again.json["secret"] is None
    assert "/secret" in again.json["note"]["en"]
    assert again.headers["Idempotency-Replayed"] == "true"
    same = {"secret": None, "note": None}
    assert {**first.json, **same} == {**again.json, **same}


def test_no_secret_is_kept_in_clear(client: FlaskClient, owner: dict[str, str], here: Context, tmp_path: Path) -> None:
    """Neither in a table nor in a file, after it was made, changed twice, and asked for again."""
    made = post(client, owner, "/v1/webhooks", "k-1", HOOK).json
    secrets = [made["secret"]]
    for key in ("k-2", "k-3"):
        secrets.append(post(client, owner, f"/v1/webhooks/{made['id']}/secret", key).json["secret"])
        post(client, owner, f"/v1/webhooks/{made['id']}/secret", key)
    assert len(set(secrets)) == 3
    assert places_of(secrets, here.database, tmp_path) == []


def test_the_search_finds_a_secret_that_is_kept(here: Context, tmp_path: Path) -> None:
    """Else the one above could not fail: in a table, and in a file in another form."""
    with here.database.begin() as session:
        session.add(NoticeCursor(id=1, after="whsec_c2VjcmV0IG9mIGEgaG9vaw=="))
    (tmp_path / "log").write_bytes(b"said " + b"secret of a hook".hex().encode())
    found = places_of(["whsec_c2VjcmV0IG9mIGEgaG9vaw=="], here.database, tmp_path)
    assert "notice_cursor.after" in found
    assert str(tmp_path / "log") in found
