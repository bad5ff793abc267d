"""One OpenAPI 3.1 document of the whole suite, merged from the services' own; pure, so that it works offline too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from gateway.door.routes import route_of
from gateway.reference.own_routes import OWN_PATHS
from gateway.reference.preface import INFO, SECURITY_SCHEMES, TAGS

Document = dict[str, Any]
METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
OWN = "gateway"
NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9]+")


def merged_spec(specs: Mapping[str, Document]) -> Document:
    """Return the public document of the suite.

    `specs` maps a service (`profile`, `scoring`, `matching`, and `gateway` for its own routes) to its document. Only
    routes that the gateway really sends to that service are taken. Components of one name and one meaning are
    shared; of one name and different meanings, each gets its service's name in front. The result depends on the
    content alone, not on the order of `specs`.
    """
    parts = {name: _public(name, specs[name]) for name in sorted(specs)}
    clashes = _clashes(parts)
    paths: Document = deepcopy(OWN_PATHS)
    components: dict[str, Document] = {}
    for name, part in parts.items():
        renamed = _renamed(part, name, clashes)
        for path, item in renamed["paths"].items():
            paths[path] = {**paths.get(path, {}), **item}
        for kind, entries in renamed["components"].items():
            components.setdefault(kind, {}).update(entries)
    _number_operations(paths)
    used = {tag for operation in _operations(paths) for tag in operation.get("tags", ())}
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/", "description": "This gateway"}],
        "security": [{"bearer": []}],
        "tags": _tags(used),
        "paths": dict(sorted(paths.items())),
        "components": {
            **{kind: dict(sorted(entries.items())) for kind, entries in sorted(components.items())},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def _public(service: str, spec: Document) -> Document:
    """Return a copy of what the gateway serves of a document: its public paths and the components they need."""
    paths = {
        path: deepcopy(item)
        for path, item in spec.get("paths", {}).items()
        if service == OWN or ((route := route_of(path)) and route.service == service)
    }
    for operation in _operations(paths):
        operation["security"] = _security(operation.get("security"))
        operation.setdefault("tags", [service])
    components = {kind: entries for kind, entries in spec.get("components", {}).items() if kind != "securitySchemes"}
    needed = _needed(paths, components)
    kept = {
        kind: {name: deepcopy(entry) for name, entry in entries.items() if (kind, name) in needed}
        for kind, entries in components.items()
    }
    return {"paths": paths, "components": {kind: entries for kind, entries in kept.items() if entries}}


def _security(declared: list[Document] | None) -> list[Document]:
    """Say for each operation that a key or a token opens it, and with which scope."""
    scopes = sorted({scope for entry in declared or [] for needed in entry.values() for scope in needed})
    if declared == []:
        return []
    return [{"oauth2": scopes}, {"bearer": scopes}]


def _needed(paths: Document, components: Document) -> set[tuple[str, str]]:
    """Return the components that the paths refer to, directly or through others."""
    needed: set[tuple[str, str]] = set()
    waiting = list(_references(paths))
    while waiting:
        kind, name = waiting.pop()
        if (kind, name) not in needed and name in components.get(kind, {}):
            needed.add((kind, name))
            waiting.extend(_references(components[kind][name]))
    return needed


def _clashes(parts: Mapping[str, Document]) -> set[tuple[str, str]]:
    """Return the component names that mean different things in different services.

    Two components that read alike still differ where they refer to a name that does, so this runs to a fixed point.
    """
    found: dict[tuple[str, str], list[Document]] = {}
    for part in parts.values():
        for kind, entries in part["components"].items():
            for name, entry in entries.items():
                found.setdefault((kind, name), []).append(entry)
    shared = {key: entries for key, entries in found.items() if len(entries) > 1}
    clashes = {key for key, entries in shared.items() if any(entry != entries[0] for entry in entries)}
    while True:
        more = {
            key
            for key, entries in shared.items()
            if key not in clashes and any(reference in clashes for reference in _references(entries[0]))
        }
        if not more:
            return clashes
        clashes |= more


def _renamed(part: Document, service: str, clashes: set[tuple[str, str]]) -> Document:
    def name_of(kind: str, name: str) -> str:
        return f"{service.capitalize()}{name}" if (kind, name) in clashes else name

    def rewrite(node: Any) -> Any:
        if isinstance(node, list):
            return [rewrite(each) for each in node]
        if not isinstance(node, dict):
            return node
        copy = {key: rewrite(value) for key, value in node.items()}
        reference = _reference(node)
        if reference:
            copy["$ref"] = f"#/components/{reference[0]}/{name_of(*reference)}"
        return copy

    return {
        "paths": rewrite(part["paths"]),
        "components": {
            kind: {name_of(kind, name): rewrite(entry) for name, entry in entries.items()}
            for kind, entries in part["components"].items()
        },
    }


def _references(node: Any) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        reference = _reference(node)
        if reference:
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _reference(node: Document) -> tuple[str, str] | None:
    target = node.get("$ref")
    if not isinstance(target, str) or not target.startswith("#/components/"):
        return None
    kind, _, name = target.removeprefix("#/components/").partition("/")
    return kind, name


def _operations(paths: Document) -> Iterator[Document]:
    for item in paths.values():
        for method, operation in item.items():
            if method in METHODS:
                yield operation


def _number_operations(paths: Document) -> None:
    """Give each operation an id from its route: unique by construction and the same in every release."""
    for path, item in paths.items():
        words = [
            f"by_{word[1:-1]}" if word.startswith("{") else word for word in path.split("/") if word not in {"", "v1"}
        ]
        for method, operation in item.items():
            if method in METHODS:
                operation["operationId"] = NOT_IN_A_NAME.sub("_", "_".join([method, *words]))


def _tags(used: set[str]) -> list[Document]:
    known = [tag for tag in TAGS if tag["name"] in used]
    return known + [{"name": name} for name in sorted(used - {tag["name"] for tag in TAGS})]
