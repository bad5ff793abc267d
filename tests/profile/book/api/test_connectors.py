"""Connectors of a sender's own: saved, chosen by an import, replaced, retired; nobody else's business."""

from __future__ import annotations

from typing import Any

import pytest
from profile_house import House, counts
from sqlalchemy import update

from services.profile.book.tables import SavedConnector

MINE: dict[str, Any] = {
    "kind": "payments",
    "title": {"zh": "某行流水", "en": "Statement of some bank"},
    "columns": {"记账日": "date", "编号": "reference", "收付": "direction", "数额": "amount_fen"},
    "values": {"direction": {"收": "in", "付": "out"}},
    "ignored": ["备注"],
}
FILE = "记账日,编号,收付,数额,备注\n2024-01-05,T1,收,11.30,x\n2024-01-06,T2,付,1.00,\n"
URL = "/v1/connectors/some-bank"


def send(house: House, file: str = FILE, connector: str = "some-bank", **headers: str) -> Any:
    query = f"kind=payments&connector={connector}&enterprise=E1"
    return house.client.post(f"/v1/imports?{query}", data=file.encode(), headers=house.source | headers)


def put(house: House, document: dict[str, Any] = MINE, url: str = URL, **headers: str) -> Any:
    return house.client.put(url, json=document, headers=house.source | headers)


def test_a_saved_connector_reads_the_next_file(house: House) -> None:
    """No file in the package, no restart: it is there for the worker as soon as it is saved."""
    saved = put(house)
    assert (saved.status_code, saved.json["version"], saved.json["owner"]) == (201, 1, "source-1")
    done = send(house)
    house.worker.run_once()
    assert (done.json["connector"], counts(house.state(done.json["id"]))) == ("some-bank@1", (2, 2, 0, 0))


def test_an_import_keeps_the_version_of_its_receipt(house: House) -> None:
    """What is saved between receipt and reading changes nothing, nor does it end what was received."""
    put(house)
    sent = send(house, **{"Idempotency-Key": "k"})
    assert put(house, MINE | {"values": {"direction": {"收": "out", "付": "in"}}}).json["version"] == 2
    assert house.client.delete(URL, headers=house.source).status_code == 204
    house.worker.run_once()
    assert counts(house.state(sent.json["id"])) == (2, 2, 0, 0)
    assert send(house).json["type"] == "/problems/unknown-connector"


def test_the_same_key_and_file_are_one_import_whatever_was_saved_between(cottage: House) -> None:
    """The sender asked for the same."""
    put(cottage)
    first = send(cottage, **{"Idempotency-Key": "k"})
    put(cottage, MINE | {"about": "changed"})
    assert send(cottage, **{"Idempotency-Key": "k"}).json["id"] == first.json["id"]
    assert send(cottage, connector="some-bank@2").json["connector"] == "some-bank@2"


def test_a_star_means_any_version_but_there_must_be_one(cottage: House) -> None:
    """`If-Match: *` (RFC 9110, section 13.1.1)."""
    assert put(cottage, **{"If-Match": "*"}).status_code == 412
    put(cottage)
    assert put(cottage, MINE | {"about": "second"}, **{"If-Match": "*"}).json["version"] == 2


def test_versions_stay_and_the_same_again_is_none(house: House) -> None:
    """Each version is read as it was saved; a retired name goes on counting."""
    put(house)
    assert (put(house).status_code, put(house).json["version"]) == (200, 1)
    assert put(house, MINE | {"about": "second"}, **{"If-Match": '"1"'}).json["version"] == 2
    assert put(house, MINE | {"about": "third"}, **{"If-Match": '"1"'}).status_code == 412
    house.client.delete(URL, headers=house.source)
    assert put(house).json["version"] == 3
    listed = house.client.get(f"{URL}/versions", headers=house.source).json["items"]
    assert [(one["version"], one["declaration"].get("about")) for one in listed] == [
        (3, None),
        (2, "second"),
        (1, None),
    ]


def test_another_client_finds_nothing(house: House) -> None:
    """Neither to read nor to import with; the operator sees everybody's."""
    put(house)
    other = house.tokens(role="source", client="source-2", scopes="imports:write imports:read")
    assert house.client.get(URL, headers=other).status_code == 404
    assert house.client.delete(URL, headers=other).status_code == 404
    query = "/v1/imports?kind=payments&connector=some-bank&enterprise=E1"
    assert house.client.post(query, data=FILE.encode(), headers=other).json["type"] == "/problems/unknown-connector"
    owners = {
        who: {one["owner"] for one in house.client.get("/v1/connectors?limit=100", headers=headers).json["items"]}
        for who, headers in (("other", other), ("owner", house.source), ("operator", house.operator))
    }
    assert owners == {"other": {None}, "owner": {None, "source-1"}, "operator": {None, "source-1"}}
    assert house.client.get(f"{URL}?owner=source-1", headers=house.operator).json["owner"] == "source-1"


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "poems"}, "poems"),
        ({"columns": {"记账日": "day"}}, "day"),
        ({"columns": {"记账日": "date"}}, "reference"),
        ({"values": {"direction": {"收": "income"}}}, "values.direction: income"),
        ({"values": {"date": {"x": "y"}}}, "values.date"),
        ({"dates": {"date": "%Q"}}, "dates.date"),
        ({"constants": {"purpose": "fun"}}, "constants.purpose"),
        ({"units": {"amount_fen": "dollar"}}, "dollar"),
        ({"column": {}}, "column"),
        ({"columns": {"x": 1}}, "columns"),
    ],
)
def test_a_declaration_that_cannot_serve_is_refused_with_its_field(
    cottage: House, change: dict[str, Any], word: str
) -> None:
    """Before anything is imported with it."""
    refused = put(cottage, MINE | change)
    assert (refused.status_code, word in refused.json["detail"]) == (422, True), refused.json


@pytest.mark.parametrize(("name", "status"), [("bank-statement", 409), ("My.Bank", 422), ("a@1", 422), ("x" * 61, 422)])
def test_a_name_that_cannot_be_had_is_refused(cottage: House, name: str, status: int) -> None:
    """A shipped one, or none that an import could name."""
    assert put(cottage, url=f"/v1/connectors/{name}").status_code == status


def test_one_that_does_not_fit_this_release_is_listed_and_can_be_mended(cottage: House) -> None:
    """A release may drop a column: the list stays readable, and so does the declaration."""
    put(cottage)
    with cottage.context.database.begin() as session:
        session.execute(update(SavedConnector).values(declared='{"kind":"payments","columns":{"记账日":"gone"}}'))
    listed = cottage.client.get("/v1/connectors?limit=100", headers=cottage.source).json["items"]
    assert [one["version"] for one in listed if one["name"] == "some-bank"] == [1]
    assert cottage.client.get(URL, headers=cottage.source).json["declaration"]["columns"] == {"记账日": "gone"}
    refused = send(cottage).json
    assert refused["type"] == "/problems/connector-refused"
    assert "重新保存" in refused["detail"]
    assert put(cottage).json["version"] == 2


def test_a_shipped_connector_shows_its_declaration_to_start_from(cottage: House) -> None:
    """What comes with the service can be saved under a name of one's own as it is."""
    listed = cottage.client.get("/v1/connectors?limit=100", headers=cottage.source).json["items"]
    for one in listed:
        shown = cottage.client.get(f"/v1/connectors/{one['name']}", headers=cottage.source).json
        saved = put(cottage, shown["declaration"], url=f"/v1/connectors/my-{one['name']}")
        assert saved.status_code == 201, saved.json
