"""The OpenAPI document as a reader wants it: by theme, each route with its fields as flat rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

Document = dict[str, Any]
METHODS = ("get", "post", "put", "patch", "delete")
DEEPEST = 6
CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a body: how deep it lies, its name, its type, and what it means."""

    depth: int
    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Body:
    """A request or an answer: its media types and fields."""

    title: str
    description: str
    media: tuple[str, ...]
    fields: tuple[Field, ...]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a route: its name, where it stands (path, query, header), its type and what it means."""

    name: str
    place: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One route with one method."""

    anchor: str
    method: str
    path: str
    summary: str
    description: str
    scopes: tuple[str, ...]
    public: bool
    parameters: tuple[Parameter, ...]
    request: Body | None
    answers: tuple[Body, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A theme with its operations."""

    anchor: str
    title: str
    description: str
    operations: tuple[Operation, ...]


def sections(document: Document) -> list[Section]:
    """Return the document's operations by tag, in the order of the tags."""
    by_tag: dict[str, list[Operation]] = {}
    for path, item in document["paths"].items():
        shared = item.get("parameters", [])
        for method in METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["other"])[0]
                by_tag.setdefault(tag, []).append(_operation(document, method, path, item[method], shared))
    return [
        Section(
            tag["name"], tag.get("x-displayName", tag["name"]), tag.get("description", ""), tuple(by_tag[tag["name"]])
        )
        for tag in document.get("tags", [])
        if tag["name"] in by_tag
    ]


def marked(text: str) -> Markup:
    """Return text for a page: what stands in backquotes is shown as code, all markup as text."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 -- escaped above


def _operation(document: Document, method: str, path: str, node: Document, shared: list[Document]) -> Operation:
    security: list[dict[str, list[str]]] = node["security"] if "security" in node else document.get("security", [])
    return Operation(
        anchor=node["operationId"],
        method=method.upper(),
        path=path,
        summary=node.get("summary", ""),
        description=node.get("description", ""),
        scopes=tuple(sorted({scope for entry in security for scopes in entry.values() for scope in scopes})),
        public=not security,
        parameters=tuple(_parameter(document, each) for each in [*shared, *node.get("parameters", [])]),
        request=_body(document, "", node["requestBody"]) if "requestBody" in node else None,
        answers=tuple(_body(document, status, answer) for status, answer in sorted(node.get("responses", {}).items())),
    )


def _parameter(document: Document, node: Document) -> Parameter:
    parameter = _resolved(document, node)
    return Parameter(
        name=parameter["name"],
        place=parameter["in"],
        type=_type(document, parameter.get("schema", {})),
        required=bool(parameter.get("required")),
        description=_description(parameter),
    )


def _body(document: Document, title: str, node: Document) -> Body:
    body = _resolved(document, node)
    content: Document = body.get("content", {})
    first: Document = next(iter(content.values()), {})
    schema = first.get("schema", {})
    return Body(title, body.get("description", ""), tuple(content), tuple(_fields(document, schema, 0)))


def _fields(document: Document, node: Document, depth: int) -> Iterator[Field]:
    """Yield the fields of a schema, those of inner objects below their own; a list shows what it holds."""
    schema = _resolved(document, node)
    while schema.get("type") == "array" or "items" in schema:
        schema = _resolved(document, schema.get("items", {}))
    if depth > DEEPEST:
        return
    for part in schema.get("allOf", []):
        yield from _fields(document, part, depth)
    required = set(schema.get("required", []))
    for name, inner in schema.get("properties", {}).items():
        yield Field(depth, name, _type(document, inner), name in required, _description(_resolved(document, inner)))
        yield from _fields(document, inner, depth + 1)


def _type(document: Document, node: Document) -> str:
    schema = _resolved(document, node)
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    variants: list[Document] | None = schema.get("anyOf") or schema.get("oneOf")
    if variants:
        return " | ".join(_type(document, each) for each in variants)
    kinds = schema.get("type", "object" if "properties" in schema or "allOf" in schema else "any")
    if isinstance(kinds, list):
        return " | ".join(str(kind) for kind in kinds)
    if kinds == "array":
        return f"list of {_type(document, schema.get('items', {}))}"
    return str(schema.get("format", kinds)) if kinds == "string" else str(kinds)


def _resolved(document: Document, node: Document) -> Document:
    for _ in range(DEEPEST):
        target = node.get("$ref")
        if not isinstance(target, str):
            return node
        part: Any = document
        for step in target.removeprefix("#/").split("/"):
            part = part.get(step, {})
        node = part
    return {}


def _description(node: Document) -> str:
    return str(node.get("description") or node.get("title") or "")
