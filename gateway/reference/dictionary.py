"""The data dictionary of the suite: every field of every answer, named by the service that answers it; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.door.routes import route_of
from gateway.reference.openapi import METHODS, OWN

Document = dict[str, Any]
Terms = Mapping[str, Mapping[str, str]]
Place = tuple[str, str, str]  # service, schema, field


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The entries in order, and the fields of answers that no service has words for."""

    entries: list[Document] = field(default_factory=list)
    missing: list[Place] = field(default_factory=list)

    def lines_to_add(self) -> list[str]:
        """Return what is missing as the lines to write, each after the file that it belongs in."""
        folders = {service: OWN if service == OWN else f"services/{service}" for service, _, _ in self.missing}
        return [
            f'{folders[service]}/dictionary.toml: {name} = ["", "", "", ""]  # in {schema}'
            for service, schema, name in self.missing
        ]


def merged_dictionary(document: Document, tables: Mapping[str, Terms]) -> Dictionary:
    """Return the dictionary of a merged OpenAPI document; `tables` holds each service's words.

    A service that is not among the tables did not answer: its fields are neither entries nor missing.
    """
    dictionary = Dictionary()
    for place in sorted(set(_places(document))):
        service, schema, name = place
        if service not in tables:
            continue
        term = tables[service].get(f"{schema}.{name}") or tables[service].get(name)
        if term is None:
            dictionary.missing.append(place)
        else:
            dictionary.entries.append(_entry(service, schema, name, term))
    for service, terms in sorted(tables.items()):
        # What an open object holds: Features.values.sales_12m.
        inner = ((key.split(".", 1), term) for key, term in terms.items() if key.count(".") > 1)
        dictionary.entries.extend(_entry(service, schema, name, term) for (schema, name), term in inner)
    return dictionary


def _entry(service: str, schema: str, name: str, term: Mapping[str, str]) -> Document:
    title = {"zh": term["zh"], "en": term["en"]}
    rest = {"unit": term["unit"] or None, "source": term["source"]}
    return {"service": service, "schema": schema, "field": name, "title": title, **rest}


def _places(document: Document) -> Iterator[Place]:
    for path, item in document["paths"].items():
        route = route_of(path)
        service = route.service if route else OWN
        for method, operation in item.items():
            if method in METHODS:
                yield from _answered(document, service, operation)


def _answered(document: Document, service: str, operation: Document) -> Iterator[Place]:
    seen: set[str] = set()
    for answer in operation.get("responses", {}).values():
        _, response = _resolved(document, answer)
        for content in response.get("content", {}).values():
            yield from _fields(document, service, operation["operationId"], content.get("schema", {}), seen)


def _fields(document: Document, service: str, schema: str, node: Document, seen: set[str]) -> Iterator[Place]:
    name, definition = _resolved(document, node)
    if name in seen:
        return
    if name:
        seen.add(name)
        schema = name.removeprefix(service.capitalize()) or name
    inner = [definition["items"]] if "items" in definition else []
    for part in (*definition.get("allOf", ()), *definition.get("anyOf", ()), *definition.get("oneOf", ()), *inner):
        yield from _fields(document, service, schema, part, seen)
    for key, value in definition.get("properties", {}).items():
        yield service, schema, key
        yield from _fields(document, service, schema, value, seen)


def _resolved(document: Document, node: Document) -> tuple[str, Document]:
    """Return what a reference names, and its name; any other node as it is."""
    name, target = "", node.get("$ref")
    while isinstance(target, str):
        kind, _, name = target.removeprefix("#/components/").partition("/")
        node = document["components"][kind][name]
        target = node.get("$ref")
    return name, node
