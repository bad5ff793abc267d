"""What the tests take from the document: that a route which tells of an enterprise is not overlooked."""

from __future__ import annotations

from typing import Any

import pytest
from documented import tells

COMPONENTS = {
    "schemas": {
        "Firm": {"type": "object", "properties": {"enterprise": {"type": "string"}}},
        "Page": {"type": "object", "properties": {"items": {"type": "array", "items": {"$ref": "#/x/Firm"}}}},
        "Tree": {"type": "object", "properties": {"below": {"type": "array", "items": {"$ref": "#/x/Tree"}}}},
    }
}
TEXT = {"type": "string"}
COUNT = {"type": ["integer", "null"]}
DOCUMENT: dict[str, Any] = {"paths": {"/v1/things/{id}": {"get": {}}}, "components": COMPONENTS}


def answering(schema: dict[str, Any], media_type: str = "application/json", status: str = "200") -> dict[str, Any]:
    return {"responses": {status: {"content": {media_type: {"schema": schema}}}}}


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(answering({"$ref": "#/x/Firm"}), id="it names an enterprise"),
        pytest.param(answering({"$ref": "#/x/Page"}, status="202"), id="a part of a part names one"),
        pytest.param(answering({"anyOf": [TEXT, {"$ref": "#/x/Firm"}]}), id="it may name one"),
        pytest.param(answering({"allOf": [{"$ref": "#/x/Firm"}]}), id="it is combined from what names one"),
        pytest.param(answering({"type": "object", "properties": {"seller": TEXT}}), id="a seller is one"),
        pytest.param(answering({"type": "object", "properties": {"size_class": TEXT}}), id="a description is of one"),
        pytest.param(answering({"type": "object", "properties": {"facts": {"type": "object"}}}), id="a part is open"),
        pytest.param(answering({"type": "object", "additionalProperties": {}}), id="it is a map of anything"),
        pytest.param(answering({"type": "array", "items": {}}), id="it is a list of anything"),
        pytest.param(answering({}), id="nothing is said of it"),
        pytest.param(answering(TEXT, "application/vnd.apache.parquet"), id="it is a file"),
        pytest.param({"responses": {"200": {"description": "Lines"}}}, id="it has no content that is said"),
        pytest.param(
            answering(TEXT) | {"parameters": [{"in": "header", "name": "Purpose"}]}, id="it asks for the purpose"
        ),
    ],
)
def test_an_operation_tells_of_an_enterprise_where(operation: dict[str, Any]) -> None:
    assert tells("/v1/figures", operation, DOCUMENT)


@pytest.mark.parametrize("path", ["/v1/enterprises/{enterprise}/notes", "/v1/things/{id}/notes"])
def test_an_operation_tells_of_an_enterprise_by_its_place(path: str) -> None:
    """Below an enterprise, or below a thing that tells of one."""
    document = DOCUMENT | {"paths": {"/v1/things/{id}": {"get": answering({"$ref": "#/x/Firm"})}}}
    assert tells(path, answering(TEXT), document)


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param(answering({"type": "object", "properties": {"title": TEXT}}), id="its words are said"),
        pytest.param(answering({"type": "object", "properties": {"enterprises": COUNT}}), id="it counts"),
        pytest.param(answering({"type": "object", "additionalProperties": TEXT}), id="it is a map of words"),
        pytest.param(answering({"$ref": "#/x/Tree"}), id="it has parts of its own kind"),
        pytest.param(answering({"$ref": "#/x/Firm"}, status="404"), id="only a refusal names one"),
        pytest.param({"responses": {"204": {"description": "Done"}}}, id="it answers nothing"),
    ],
)
def test_an_operation_tells_of_nobody_where(operation: dict[str, Any]) -> None:
    assert not tells("/v1/things/{id}/notes", operation, DOCUMENT)
