"""Reading an enterprise's file: consent first, a record always, the owner freely."""

from __future__ import annotations

import io
from typing import Any

import polars as pl
import pytest
from profile_house import HEADER, ROW, House

from services.profile.portrait.domain.crosscheck import rules
from services.profile.portrait.domain.features import CATALOGUE

FILES = ["", "/features", "/portrait"]


@pytest.fixture
def stocked(house: House) -> House:
    """Return the service with one firm's invoices."""
    house.send("invoices.purchase", HEADER + ROW)
    return house


@pytest.mark.parametrize("path", FILES)
def test_without_a_consent_nobody_but_the_owner_reads_a_file(stocked: House, path: str) -> None:
    """Bank, operator and source alike are refused; the enterprise itself is not."""
    url = f"/v1/enterprises/E1{path}"
    purpose = {"Purpose": "credit-assessment"}
    operator = stocked.tokens(role="operator", client="op", scopes="enterprises:read") | purpose
    for headers in (stocked.bank(), operator, stocked.source | purpose):
        answer = stocked.client.get(url, headers=headers)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/consent-required")
    assert stocked.client.get(url, headers=stocked.owner()).status_code == 200


@pytest.mark.parametrize("path", FILES)
def test_each_read_by_a_third_party_leaves_a_record(stocked: House, path: str) -> None:
    """The enterprise sees who read what, why, and under which consent; its own reads leave none."""
    consent = stocked.consent()
    stocked.client.get(f"/v1/enterprises/E1{path}", headers=stocked.bank() | {"X-Request-Id": "request-1"})
    stocked.client.get(f"/v1/enterprises/E1{path}", headers=stocked.owner())
    [record] = stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"]
    assert (record["client"], record["purpose"], record["consent"]) == ("bank-1", "credit-assessment", consent)
    assert record["request_id"] == "request-1"


@pytest.mark.parametrize(
    ("purpose", "client", "status"),
    [
        ("credit-monitoring", "bank-1", 403),
        ("credit-assessment", "bank-2", 403),
        (None, "bank-1", 422),
        ("fun", "bank-1", 422),
    ],
)
def test_a_consent_covers_its_client_and_purpose_only(
    stocked: House, purpose: str | None, client: str, status: int
) -> None:
    """Neither another bank nor another purpose is covered, and none at all is told what to send."""
    stocked.consent()
    answer = stocked.client.get("/v1/enterprises/E1/features", headers=stocked.bank(purpose, client))
    assert answer.status_code == status


def test_a_revoked_consent_stops_reading_at_once(stocked: House) -> None:
    """The next read is refused; the old record stays."""
    consent = stocked.consent()
    url = "/v1/enterprises/E1/features"
    assert stocked.client.get(url, headers=stocked.bank()).status_code == 200
    assert stocked.client.post(f"/v1/consents/{consent}/revoke", headers=stocked.owner()).status_code == 200
    assert stocked.client.get(url, headers=stocked.bank()).status_code == 403
    assert len(stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"]) == 1
    assert stocked.client.post(f"/v1/consents/{consent}/revoke", headers=stocked.owner()).status_code == 409


def test_nobody_revokes_or_gives_a_consent_for_another(stocked: House) -> None:
    """Consents are the enterprise's own."""
    consent = stocked.consent()
    assert stocked.client.post(f"/v1/consents/{consent}/revoke", headers=stocked.owner("local:E2")).status_code == 404
    given = {"grantee": "b", "purposes": ["credit-assessment"], "fields": ["features"], "valid_until": "2099-01-01"}
    headers = stocked.bank() | {"Idempotency-Key": "k"}
    assert stocked.client.post("/v1/consents", json=given, headers=headers).status_code == 403


def test_stored_features_are_served_until_an_import_touches_the_firm(stocked: House) -> None:
    """A new invoice changes the answer, and what was known before can still be had."""
    url = "/v1/enterprises/E1/features"
    first = stocked.client.get(url, headers=stocked.owner()).json
    assert stocked.client.get(url, headers=stocked.owner()).json == first
    stocked.send("invoices.purchase", HEADER + ROW.replace("1001", "1002"))
    second = stocked.client.get(url, headers=stocked.owner()).json
    assert second["features_sha256"] != first["features_sha256"]
    replay = stocked.client.get(url, query_string={"known_at": first["known_at"]}, headers=stocked.owner()).json
    assert replay == first


def test_an_import_of_another_firm_leaves_stored_features_alone(stocked: House) -> None:
    """Only the firms that an import touches are computed anew."""
    url = "/v1/enterprises/E1/features"
    first = stocked.client.get(url, headers=stocked.owner()).json
    stocked.send("invoices.purchase", HEADER + ROW.replace("E1", "E2"))
    assert stocked.client.get(url, headers=stocked.owner()).json == first


def test_each_day_has_stored_features_of_its_own(stocked: House) -> None:
    """The book's date is the day unless another is asked for; what is stored for one never answers for another."""
    stocked.send("invoices.purchase", HEADER + ROW.replace("1001", "1002").replace("2019/1/4", "2019/6/4"))

    def features(day: str | None = None) -> Any:
        query = {"as_of": day} if day else {}
        return stocked.client.get("/v1/enterprises/E1/features", query_string=query, headers=stocked.owner()).json

    latest, earlier = features(), features("2019-01-04")
    assert (latest["as_of"], earlier["as_of"]) == ("2019-06-04", "2019-01-04")
    assert latest["features_sha256"] != earlier["features_sha256"]
    assert (features(), features("2019-06-04"), features("2019-01-04")) == (latest, latest, earlier)


def test_a_read_that_is_refused_after_the_consent_leaves_no_record(stocked: House) -> None:
    """Record and answer are one transaction: no answer, no record."""
    stocked.consent()
    answer = stocked.client.get("/v1/enterprises/E1/features?as_of=2099-01-01", headers=stocked.bank())
    assert answer.status_code == 422
    assert stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"] == []


def test_a_feature_set_says_the_same_as_each_file(stocked: House) -> None:
    """One or many, computed or stored: the same values and hashes."""
    stocked.send("invoices.purchase", HEADER + ROW.replace("E1", "E2") + ROW.replace("1001", "7"))
    for enterprise in ("local:E1", "local:E2"):
        stocked.consent(enterprise)
    one = stocked.client.get("/v1/enterprises/E1/features", headers=stocked.bank()).json
    tables = [
        pl.read_parquet(io.BytesIO(stocked.client.post("/v1/feature-sets", json={}, headers=stocked.bank()).data))
        for _ in range(2)
    ]
    assert tables[0].equals(tables[1])
    row = tables[0].filter(pl.col("enterprise") == "local:E1").row(0, named=True)
    assert {name: row[name] for name in one["values"]} == one["values"]
    assert row["features_sha256"] == one["features_sha256"]


def test_files_without_consent_are_withheld_from_a_feature_set_and_counted(stocked: House) -> None:
    """A bank gets those that consented, one record each; none at all is a refusal."""
    stocked.send("invoices.purchase", HEADER + ROW.replace("E1", "E2"))
    order = {"enterprises": ["E1", "E2"]}
    assert stocked.client.post("/v1/feature-sets", json=order, headers=stocked.bank()).status_code == 403
    stocked.consent("local:E2")
    answer = stocked.client.post("/v1/feature-sets", json=order, headers=stocked.bank())
    assert answer.headers["Withheld"] == "1"
    assert pl.read_parquet(io.BytesIO(answer.data))["enterprise"].to_list() == ["local:E2"]
    records = stocked.client.get("/v1/enterprises/E2/accesses", headers=stocked.owner("local:E2")).json["items"]
    assert [record["what"] for record in records] == ["feature-set"]


def test_a_firm_without_invoices_has_features_that_are_all_unknown(house: House) -> None:
    """Nothing known is said as null with depth E, not as zero and not as an error."""
    house.client.put("/v1/enterprises/E9", json={"name": "新"}, headers=house.source)
    answer = house.client.get("/v1/enterprises/E9/features", headers=house.owner("local:E9")).json
    assert answer["depth"] == "E"
    assert set(answer["values"].values()) == {None}


def test_the_future_cannot_be_asked_for(cottage: House) -> None:
    """An as-of date after today is refused."""
    cottage.send("invoices.purchase", HEADER + ROW)
    answer = cottage.client.get("/v1/enterprises/E1/features?as_of=2099-01-01", headers=cottage.owner())
    assert answer.status_code == 422


def test_an_unknown_enterprise_is_not_told_apart_from_a_forbidden_one(cottage: House) -> None:
    """Without a consent nobody learns which firms are in the book."""
    assert cottage.client.get("/v1/enterprises/E404/features", headers=cottage.bank()).status_code == 403
    assert cottage.client.get("/v1/enterprises/E404/features", headers=cottage.owner("local:E404")).status_code == 404


def test_a_bank_lists_only_the_firms_that_consented(stocked: House) -> None:
    """The list of a bank grows with consents; an operator sees all."""
    url = "/v1/enterprises"
    assert stocked.client.get(url, headers=stocked.bank()).json["items"] == []
    stocked.consent()
    assert [firm["id"] for firm in stocked.client.get(url, headers=stocked.bank()).json["items"]] == ["local:E1"]
    assert [firm["id"] for firm in stocked.client.get(url, headers=stocked.source).json["items"]] == ["local:E1"]


def test_one_firm_of_the_list_is_found_by_its_id_and_leaves_no_record(stocked: House) -> None:
    """Who a consenting firm is can be asked without opening its file; others stay unseen."""
    url = "/v1/enterprises?id=E1"
    assert stocked.client.get(url, headers=stocked.bank()).json["items"] == []
    stocked.consent()
    assert [firm["id"] for firm in stocked.client.get(url, headers=stocked.bank()).json["items"]] == ["local:E1"]
    assert stocked.client.get("/v1/enterprises?id=E2", headers=stocked.bank()).json["items"] == []
    accesses = stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner())
    assert accesses.json["items"] == []


def test_an_enterprise_is_named_once_and_told_more_of_later(house: House) -> None:
    """What a later PUT leaves out stays; the first answers 201."""
    url = "/v1/enterprises/91350100M000100Y43"
    assert house.client.put(url, json={"name": "甲"}, headers=house.source).status_code == 201
    answer = house.client.put(url, json={"industry": "C"}, headers=house.source)
    assert (answer.status_code, answer.json["name"], answer.json["industry"]) == (200, "甲", "C")
    assert answer.json["id"] == "uscc:91350100M000100Y43"


def test_every_route_to_a_file_needs_a_permit(cottage: House) -> None:
    """Whatever is read below an enterprise refuses a bank without consent, also what is added later."""
    app = cottage.client.application
    own = {"list_accesses"}
    for rule in app.url_map.iter_rules():
        if "<enterprise>" in rule.rule and "GET" in (rule.methods or ()) and rule.endpoint.split(".")[-1] not in own:
            url = rule.rule
            for name, value in {"enterprise": "E1", "rule": rules()[0].key, "dimension": "payment"}.items():
                url = url.replace(f"<{name}>", value)
            asked = {"feature": CATALOGUE[0].name} if url.endswith("/evidence") else {}
            answer = cottage.client.get(url, query_string=asked, headers=cottage.bank())
            assert answer.status_code == 403, url
