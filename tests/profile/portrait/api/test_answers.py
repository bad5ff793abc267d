"""What the service answers in truth, field by field: declared in its document, or said in its dictionary."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from profile_house import House, open_house
from signal_books import work_off
from sqlalchemy import select

from chassis.core.identity import Verifier
from sandbox.contradictions import plant
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.watch.tables import Alert

# What these hold is named by the source, the column of a file, a problem or the code of a standard: it is data, and no
# field of ours.
NAMED_BY_DATA = {
    *("Connector.columns", "Connector.units", "Connector.values", "Connector.constants"),
    *("Split.titles", "Split.sides"),
    *("Import.problem", "Import.parts", "Evidence.by_channel"),
    *("CodeTitles.industry", "CodeTitles.region"),
}
FIRM = "/v1/enterprises/{firm}"
PATHS = (
    *("/v1/book", "/v1/catalogue", "/v1/connectors", "/v1/imports", "/v1/consents", "/v1/subscriptions", "/v1/alerts"),
    *("/v1/enterprises", FIRM, f"{FIRM}/features", f"{FIRM}/portrait", f"{FIRM}/signals", f"{FIRM}/accesses"),
    *(f"{FIRM}/cross-checks", f"{FIRM}/late-payments", f"{FIRM}/late-payments?side=purchase"),
    *(f"{FIRM}/portrait/{key}" for key in ("payment", "operation", "relation", "compliance", "chain", "confidence")),
    *(f"{FIRM}/cross-checks/{key}" for key in ("mirrored-invoice", "declared-sales", "size-class")),
    *(
        f"{FIRM}/evidence?feature={name}"
        for name in ("sales_36m", "tax_punctual_share_24m", "tax_grade", "guarantees_given")
    ),
)
Document = dict[str, Any]


@pytest.fixture(scope="module")
def told(
    tmp_path_factory: pytest.TempPathFactory, verifier: Verifier, tokens: Callable[..., dict[str, str]]
) -> tuple[House, str]:
    """Fill a book with every kind of record, and give a firm an alert, a consent and a look by a bank."""
    home = tmp_path_factory.mktemp("answers")
    house = open_house(f"sqlite:///{home / 'profile.db'}", home, verifier, tokens)
    tables, _ = plant(records(simulate(Plan(firms=40, months=14, seed=4))), seed=4, each=1)
    for kind, table in tables.items():
        done = house.send(kind, gzip.compress(table.write_csv().encode(), 1), f"{kind}.csv.gz")
        assert done["state"] == "done", done
    work_off(house)
    with house.context.database.read() as session:
        firm = session.execute(select(Alert.enterprise).order_by(Alert.id)).scalars().first()
    assert firm is not None
    house.consent(firm, purposes=("credit-monitoring",))
    bank = house.bank("credit-monitoring")
    assert house.client.post("/v1/subscriptions", json={}, headers=bank | {"Idempotency-Key": "1"}).status_code == 201
    assert house.client.get("/v1/alerts", headers=bank).json["items"]  # type: ignore[index]
    return house, firm


def test_every_field_of_every_real_answer_is_declared_and_in_the_dictionary(told: tuple[House, str]) -> None:
    """An undeclared field would be missing from the document, from the clients and from the dictionary unseen."""
    house, firm = told
    document: Document = house.client.get("/openapi.json").json  # type: ignore[assignment]
    words: Document = house.client.get("/dictionary").json  # type: ignore[assignment]
    unknown = set()
    for path in PATHS:
        answer = house.client.get(path.format(firm=firm), headers=_reader(house, path, firm))
        assert answer.status_code == 200, (path, answer.json)
        schema = _schema_of(document, path.partition("?")[0].format(firm=firm))
        unknown |= {f"{path}: {field}" for field in _unknown(document, schema, answer.json, words)}
    assert sorted(unknown) == []


def test_every_moment_is_spelled_in_utc_with_a_z(told: tuple[House, str]) -> None:
    """One spelling on the wire, whoever writes it."""
    house, firm = told
    for path in PATHS:
        body = house.client.get(path.format(firm=firm), headers=_reader(house, path, firm)).text
        assert re.findall(r'"\d{4}-\d\d-\d\dT[^"]*[^Z]"', body) == [], path


def test_a_field_that_is_not_declared_is_found(told: tuple[House, str]) -> None:
    """Deep in a list, and in an object whose fields only the dictionary tells."""
    house, _ = told
    document: Document = house.client.get("/openapi.json").json  # type: ignore[assignment]
    schema = _schema_of(document, "/v1/enterprises/local:E1/signals")
    answer = {"signals": [{"threshold": {"values": {"fires": 1, "odd": 2}}, "strange": 3}]}
    words = {"SignalThreshold.values.fires": {}}
    assert set(_unknown(document, schema, answer, words)) == {"SignalThreshold.values.odd", "Signal.strange"}


def _reader(house: House, path: str, firm: str) -> dict[str, str]:
    if path in {"/v1/alerts", "/v1/subscriptions"}:
        return house.bank("credit-monitoring")
    return house.source if path in {"/v1/imports", "/v1/enterprises"} else house.owner(firm)


def _schema_of(document: Document, path: str) -> Document:
    parts = path.split("/")
    for template, item in document["paths"].items():
        named = template.split("/")
        fits = len(named) == len(parts) and all(a == b or a[:1] == "{" for a, b in zip(named, parts, strict=True))
        if fits and "get" in item:
            found: Document = item["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            return found
    raise LookupError(path)


def _unknown(document: Document, node: Document, said: Any, words: Document, at: str = "") -> Iterator[str]:
    """Give the fields of an answer that neither the schema nor, in an open object, the dictionary knows."""
    node, name = _resolved(document, node)
    at = name or at
    if isinstance(said, list):
        for each in said:
            yield from _unknown(document, node.get("items", {}), each, words, at)
    if not isinstance(said, dict) or at in NAMED_BY_DATA:
        return
    declared = node.get("properties", {})
    for key, value in said.items():
        if key in declared:
            yield from _unknown(document, declared[key], value, words, f"{at}.{key}")
        elif f"{at}.{key}" not in words:
            yield f"{at}.{key}"


def _resolved(document: Document, node: Document) -> tuple[Document, str]:
    """Return what a reference or a nullable one means, and its name."""
    for part in (node, *node.get("anyOf", ()), *node.get("allOf", ()), *node.get("oneOf", ())):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            return document["components"]["schemas"][name], name
    return node, ""
