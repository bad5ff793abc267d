"""API7:2023, requests that the suite makes for a caller: none goes to an address inside."""

from __future__ import annotations

import pytest
from documented import document, operations
from town import Town

INSIDE = (
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://2130706433/x",
    "https://0177.0.0.1/x",
    "https://[::1]/x",
    "https://[::ffff:127.0.0.1]/x",
    "https://[::ffff:0:127.0.0.1]/x",
    "https://[64:ff9b::a00:1]/x",
    "https://[::7f00:1]/x",
    "https://[fec0::1]/x",
    "https://169.254.169.254/latest/meta-data",
    "https://100.100.100.200/x",
    "https://user:pw@example.com/x",
    "https://example.com\\@127.0.0.1/x",
    "http://example.com/x",
    "https://[x/",
    "https://example.com:99999/x",
    "https://example.com:abc/x",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
)


@pytest.mark.parametrize("url", INSIDE)
def test_no_webhook_is_taken_for_an_address_inside(town: Town, url: str) -> None:
    """D18: also one that carries an IPv4 address, is site-local, or is a cloud's metadata.

    A name of digits may pass, and is refused when it is sent to (`tests/chassis/core/test_webhooks.py`).
    """
    answer = town.ask("bank without consent", "POST", "/v1/webhooks", {"url": url})
    if answer.status == 201:
        assert url in {"https://2130706433/x", "https://0177.0.0.1/x"}
        town.ask("bank without consent", "DELETE", f"/v1/webhooks/{answer.json['id']}")
    else:
        assert answer.status == 422, answer.data


def test_a_webhook_is_the_only_address_that_a_caller_gives() -> None:
    """By the OpenAPI: where another body takes a URL, this file must ask it, too."""
    found = set()
    for method, path, operation in operations():
        content = operation.get("requestBody", {}).get("content", {})
        if any(_takes_a_url(each.get("schema", {}), frozenset()) for each in content.values()):
            found.add(f"{method} {path}")
    # A document of an application is named by its address and its digest, and nobody here fetches it.
    assert {route for route in found if not route.endswith("/{event}")} <= {
        "POST /v1/webhooks",
        "POST /v1/applications",
    }
    assert "POST /v1/webhooks" in found


def _takes_a_url(schema: object, seen: frozenset[str]) -> bool:
    if isinstance(schema, list):
        return any(_takes_a_url(each, seen) for each in schema)
    if not isinstance(schema, dict):
        return False
    if name := str(schema.get("$ref", "")).rpartition("/")[2]:
        return name not in seen and _takes_a_url(document()["components"]["schemas"][name], seen | {name})
    return (
        schema.get("format") in {"uri", "url"}
        or "url" in schema.get("properties", {})
        or any(_takes_a_url(each, seen) for each in schema.values())
    )
