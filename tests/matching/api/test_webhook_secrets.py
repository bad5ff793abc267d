"""The secret of an endpoint is shown to who made it, and is in no answer that is kept."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text


def test_no_kept_answer_holds_a_secret(app: Flask, client: FlaskClient, tokens: Callable[..., dict[str, str]]) -> None:
    """The same request again gets the same secret, as its first answer may have been lost; not once it is deleted."""
    headers = tokens(scopes="webhooks:write") | {"Idempotency-Key": "k-1"}
    first, again = (
        client.post("/v1/webhooks", json={"url": "https://example.com/hook"}, headers=headers) for _ in range(2)
    )
    assert first.status_code == again.status_code == 201
    assert first.json == again.json
    assert first.json["secret"].startswith("whsec_")
    with app.extensions["database"].read() as session:
        kept = session.execute(text("select answer from idempotency_keys")).scalars().all()
    assert len(kept) == 1
    assert "whsec_" not in str(kept)
    assert client.delete(f"/v1/webhooks/{first.json['id']}", headers=headers).status_code == 204
    gone = client.post("/v1/webhooks", json={"url": "https://example.com/hook"}, headers=headers)
    assert gone.status_code == 404
