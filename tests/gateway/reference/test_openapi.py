"""One document from many: what is shared, what is renamed, what stays out; and the page made from it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from gateway.reference.openapi import merged_spec

Document = dict[str, Any]
CLOSED_PORT = "http://127.0.0.1:9"
TEXT = {"type": "string"}


def spec(paths: dict[str, str], **schemas: Document) -> Document:
    """Return a small document: path → the schema that its GET answers with."""
    return {
        "paths": {
            path: {
                "get": {
                    "tags": ["scores"],
                    "summary": f"Read {path}",
                    "security": [{"bearer": ["scores:read"]}],
                    "responses": {"200": {"content": {"application/json": {"schema": ref(name)}}}},
                }
            }
            for path, name in paths.items()
        },
        "components": {"schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}}},
    }


def ref(name: str) -> Document:
    return {"$ref": f"#/components/schemas/{name}"}


def answered(document: Document, path: str) -> Document:
    """Return the schema that a path answers with, references followed."""

    def follow(node: Any) -> Any:
        if isinstance(node, dict) and "$ref" in node:
            return follow(document["components"]["schemas"][node["$ref"].rsplit("/", 1)[-1]])
        if isinstance(node, dict):
            return {key: follow(value) for key, value in node.items()}
        return node

    found: Document = follow(
        document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    )
    return found


def test_a_component_with_one_meaning_is_shared() -> None:
    """Both services say Problem and mean the same."""
    merged = merged_spec(
        {"profile": spec({"/v1/book": "Same"}, Same=TEXT), "scoring": spec({"/v1/scores": "Same"}, Same=TEXT)}
    )
    assert merged["components"]["schemas"] == {"Same": TEXT}


def test_a_name_with_two_meanings_is_told_apart() -> None:
    """Each service's own meaning stays behind its own route."""
    merged = merged_spec(
        {
            "profile": spec({"/v1/book": "Page"}, Page=TEXT),
            "scoring": spec({"/v1/scores": "Page"}, Page={"type": "integer"}),
        }
    )
    assert merged["components"]["schemas"].keys() == {"ProfilePage", "ScoringPage"}
    assert answered(merged, "/v1/book") == TEXT
    assert answered(merged, "/v1/scores") == {"type": "integer"}


def test_what_refers_to_a_name_with_two_meanings_is_told_apart_too() -> None:
    """Two lists that read alike hold different things."""
    listing = {"type": "object", "properties": {"items": ref("Item")}}
    merged = merged_spec(
        {
            "profile": spec({"/v1/book": "List"}, List=listing, Item=TEXT),
            "scoring": spec({"/v1/scores": "List"}, List=listing, Item={"type": "integer"}),
        }
    )
    assert answered(merged, "/v1/book")["properties"]["items"] == TEXT
    assert answered(merged, "/v1/scores")["properties"]["items"] == {"type": "integer"}


SCHEMAS = st.recursive(
    st.sampled_from([TEXT, {"type": "integer"}]),
    lambda inner: st.dictionaries(st.sampled_from("ab"), inner | st.sampled_from(["A", "B"]).map(ref), max_size=2).map(
        lambda properties: {"type": "object", "properties": properties}
    ),
    max_leaves=3,
)


@given(st.fixed_dictionaries({"profile": SCHEMAS, "scoring": SCHEMAS, "matching": SCHEMAS}), SCHEMAS, SCHEMAS)
def test_no_route_changes_its_meaning_by_merging(tops: dict[str, Document], one: Document, two: Document) -> None:
    """Whatever the names, following the references from a route gives what the service said."""
    paths = {"profile": "/v1/book", "scoring": "/v1/scores", "matching": "/v1/matches"}
    plain = {"type": "object", "properties": {"a": TEXT}}
    specs = {
        name: spec({paths[name]: "Top"}, Top=top, A=plain if name == "profile" else _flat(one), B=_flat(two))
        for name, top in tops.items()
    }
    merged = merged_spec(specs)
    for name, path in paths.items():
        assert answered(merged, path) == answered(specs[name], path)


def _flat(schema: Document) -> Document:
    """Return a schema without references, so that following ends."""
    return schema if "$ref" not in json.dumps(schema) else {"type": "boolean"}


def test_the_order_of_the_services_does_not_matter() -> None:
    """The committed file changes when the code does, and only then."""
    first = {"profile": spec({"/v1/book": "P"}, P=TEXT), "scoring": spec({"/v1/scores": "P"}, P={"type": "integer"})}
    assert merged_spec(first) == merged_spec(dict(reversed(first.items())))


def test_the_services_own_documents_are_left_as_they_are() -> None:
    """Merging is pure."""
    given_spec = spec({"/v1/book": "P"}, P=TEXT)
    before = deepcopy(given_spec)
    merged_spec({"profile": given_spec})
    assert given_spec == before


def test_routes_that_the_gateway_does_not_send_there_stay_out() -> None:
    """Neither a service's inner routes nor another service's."""
    merged = merged_spec({"profile": spec({"/metrics": "P", "/v1/scores": "P", "/v1/book": "P"}, P=TEXT, Unused=TEXT)})
    assert not merged["paths"].keys() & {"/metrics", "/v1/scores"}
    assert "Unused" not in merged["components"]["schemas"]


def test_an_operation_says_which_scope_opens_it() -> None:
    """A token with the scope, or a key whose role has it."""
    operation = merged_spec({"scoring": spec({"/v1/scores": "P"}, P=TEXT)})["paths"]["/v1/scores"]["get"]
    assert operation["security"] == [{"oauth2": ["scores:read"]}, {"bearer": ["scores:read"]}]


def test_the_gateway_serves_the_document_of_its_services(client: FlaskClient, service: Any) -> None:
    """Asked from the running services, and unchanged for those who have it."""
    _say(service)
    answer = client.get("/openapi.json")
    assert {"/v1/scores", "/v1/clients", "/oauth/token"} <= answer.json["paths"].keys()
    assert answer.json["openapi"].startswith("3.1")
    again = client.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_a_missing_service_is_named_in_the_document(gateway: Callable[..., Flask], settings: Any, service: Any) -> None:
    """The others are shown without it."""
    _say(service)
    client = gateway(backends={**settings.backends, "matching": CLOSED_PORT}).test_client()
    document = client.get("/openapi.json").json
    assert document["x-missing"] == ["matching"]
    assert "/v1/scores" in document["paths"]


def test_the_page_shows_every_route_with_its_fields(client: FlaskClient, service: Any) -> None:
    """In Chinese and English, and without a script."""
    _say(service)
    answer = client.get("/docs")
    page = answer.text
    assert "/v1/scores" in page
    assert "信用评分" in page
    assert "grade" in page
    assert "<script" not in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_what_a_service_says_is_text_on_the_page(client: FlaskClient, service: Any) -> None:
    """Markup in a description is shown, not obeyed."""
    _say(service, description="<img src=x onerror=alert(1)>")
    assert "<img" not in client.get("/docs").text


@pytest.mark.parametrize("path", ["/docs/static/reference.css", "/.well-known/jwks.json"])
def test_what_the_page_and_the_services_need_is_served(client: FlaskClient, path: str) -> None:
    """The style sheet is packaged, the keys are public."""
    assert client.get(path).status_code == 200


def _say(service: Any, **more: str) -> None:
    schema = {"type": "object", "properties": {"grade": {"type": "string", **more}}}
    body = json.dumps(spec({"/v1/scores": "Score"}, Score=schema)).encode()
    service.answers["/openapi.json"] = (200, {"Content-Type": "application/json"}, body)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/dictionary"])
def test_what_is_the_same_to_all_is_packed_for_who_takes_that(client: FlaskClient, path: str) -> None:
    """The same bytes, many times smaller; under an entity tag of its own."""
    plain = client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
    packed = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) * 3 < len(plain.data)
    assert "Accept-Encoding" in plain.vary
    assert "Accept-Encoding" in packed.vary
    assert packed.headers.get("ETag", "1") != plain.headers.get("ETag", "2")
