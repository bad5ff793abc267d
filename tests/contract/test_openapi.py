"""The committed OpenAPI is what the code says, is valid, and names scopes that somebody has."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.identity.roles import DEFAULT_SCOPES

ROOT = Path(__file__).parents[2]
COMMITTED = ROOT / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the committed document."""
    found: dict[str, Any] = json.loads(COMMITTED.read_bytes())
    return found


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from (item[method] for method in ("get", "post", "put", "delete", "patch") if method in item)


def test_the_committed_document_is_what_the_code_says(tmp_path: Path) -> None:
    """A change to a route is a change to the file, in the same commit: `make openapi`."""
    written = tmp_path / "openapi.json"
    subprocess.run([sys.executable, ROOT / "docs" / "openapi.py", written], cwd=ROOT, check=True, capture_output=True)
    assert written.read_bytes() == COMMITTED.read_bytes(), "run `make openapi` and commit docs/openapi.json"


def test_the_document_is_valid_openapi(document: dict[str, Any]) -> None:
    """By the schema of OpenAPI 3.1."""
    validator = pytest.importorskip("openapi_spec_validator", reason="pip install openapi-spec-validator")
    validator.validate(document)


def test_every_operation_has_an_id_of_its_own(document: dict[str, Any]) -> None:
    """Client generators name functions by it."""
    ids = [operation["operationId"] for operation in operations(document)]
    assert len(ids) == len(set(ids))


def test_every_operation_says_in_a_line_what_it_does(document: dict[str, Any]) -> None:
    """The summary is the first line of the endpoint's docstring."""
    assert [operation["operationId"] for operation in operations(document) if not operation.get("summary")] == []


def test_every_scope_is_had_by_some_role(document: dict[str, Any]) -> None:
    """A route that nobody may call is a mistake in the table of roles."""
    needed = {
        scope
        for operation in operations(document)
        for entry in operation["security"]
        for scopes in entry.values()
        for scope in scopes
    }
    assert needed <= frozenset().union(*DEFAULT_SCOPES.values())


def test_every_theme_has_a_chinese_and_an_english_name(document: dict[str, Any]) -> None:
    """The reference is read in both languages."""
    assert [tag["name"] for tag in document["tags"] if "x-displayName" not in tag] == []


# They store nothing, or what they answer with is a secret that is kept for no key.
WITHOUT_KEY = {
    "/oauth/token",
    "/v1/clients",
    "/v1/clients/{client}/disable",
    "/v1/clients/{client}/keys",
    "/v1/bidder-screens",
    "/v1/feature-sets",
    "/v1/import-previews",
    "/v1/receipt-verifications",
    "/v1/receivable-quotes",
    "/v1/score-sets",
    "/v1/scores/{score_id}/recourse",
}


def test_every_post_that_stores_takes_an_idempotency_key(document: dict[str, Any]) -> None:
    """A client may send any write again; PUT and DELETE are the same twice by what they are."""
    without = {
        path
        for path, item in document["paths"].items()
        if "post" in item and "Idempotency-Key" not in {each.get("name") for each in item["post"].get("parameters", [])}
    }
    assert without == WITHOUT_KEY
