"""The OpenAPI document of the matching service is valid and complete."""

from __future__ import annotations

from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from chassis.core.identity import Verifier
from services.matching.app import create_app
from services.matching.settings import Settings


def test_the_document_is_valid_and_every_operation_says_what_it_does(tmp_path: Path, verifier: Verifier) -> None:
    """OpenAPI 3.1, a summary each, the header of a write, and the scope."""
    settings = Settings(tmp_path, f"sqlite:///{tmp_path}/m.db", "http://p", "http://s", "http://g", "")
    document = create_app(settings, verifier=verifier).test_client().get("/openapi.json").json
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    operations = {
        f"{verb} {path}": op
        for path, verbs in document["paths"].items()
        for verb, op in verbs.items()
        if verb != "parameters"
    }
    assert all(operation["summary"] and operation["security"] for operation in operations.values())
    assert {"post /v1/matches", "get /v1/match-batches/{batch_id}/results", "put /v1/products/{product_id}"} <= set(
        operations
    )
    assert "Idempotency-Key" in [item["name"] for item in operations["post /v1/matches"]["parameters"]]
