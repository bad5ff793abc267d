"""A cursor of ours holds what its columns hold; any other is refused on every database."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient


@pytest.mark.parametrize("path", ["/v1/products", "/v1/applications", "/v1/webhooks", "/v1/webhooks/deliveries"])
@pytest.mark.parametrize("values", [[1], [True], [0], [None], [1.5]])
def test_a_cursor_of_another_kind_is_refused(
    client: FlaskClient, tokens: Callable[..., dict[str, str]], path: str, values: Any
) -> None:
    """PostgreSQL breaks off over text beside a number, where SQLite compares them."""
    cursor = base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")
    headers = tokens(scopes="products:read applications:read webhooks:write")
    assert client.get(f"{path}?cursor={cursor}", headers=headers).status_code == 400
