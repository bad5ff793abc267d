"""Sending a file: looked at, corrected, its mapping saved, imported; by the roles that send data."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from portal_site import StandIn

from gateway.portal import Answer
from gateway.portal.pages.sending import corrected

ORIGIN = {"Origin": "http://localhost"}


def guess(column: str) -> dict[str, Any]:
    words = {"zh": f"字段{column}", "en": column}
    return {"column": column, "title": words, "confidence": 0.9, "reason": {"zh": "已收录", "en": "known"}}


DECLARED = {
    "kind": "payments",
    "columns": {"过账日": "date"},
    "dates": {"date": "%d.%m.%Y"},
    "made": ["reference"],
    "split": {"amount": "amount_fen", "by": "direction", "titles": {"in": "收", "out": "付"}},
}
CHOICES = [{"column": name, "title": guess(name)["title"]} for name in ("date", "reference", "amount_fen/in")]
FOUND: dict[str, Any] = {
    "kind": "payments",
    "confidence": 0.8,
    "connector": None,
    "declaration": DECLARED,
    "enterprise": None,
    "kinds": [],
    "notes": ["name the enterprise"],
    "tables": [
        {
            "sheet": None,
            "columns": [
                {"title": "过账日", "taken": guess("date"), "others": [], "examples": ["31.01.2024"]},
                {"title": "<b>", "taken": None, "others": [], "examples": []},
            ],
            "choices": CHOICES,
            "missing": [],
            "rows": [
                {"line": 2, "values": {"date": "2024-01-31", "amount_fen": 1130}, "yuan": {"amount_fen": "11.30"}}
            ],
            "checked": 1,
            "accepted": 1,
            "rejected": 0,
            "rejects": [],
            "notes": [],
        }
    ],
}


def form(**fields: str) -> dict[str, Any]:
    return {"file": (io.BytesIO(b"a,b\n1,2\n"), "flow.csv"), **fields}


@pytest.fixture
def asked(door: StandIn) -> StandIn:
    """Return the stand-in, with a suite that takes files."""
    door.answers |= {
        "POST /import-previews": Answer(200, FOUND),
        "PUT /connectors/my-bank": Answer(201, {"name": "my-bank", "version": 1}),
        "POST /imports": Answer(202, {"id": "imp_1"}),
    }
    return door


def test_a_file_is_looked_at_in_place(signed_in: Any, asked: StandIn) -> None:
    """Only this part of the page; each column with a box of our fields, titles of files escaped."""
    answer = signed_in("smc_source").post(
        "/portal/import-previews", data=form(enterprise="E1"), headers={**ORIGIN, "HX-Request": "true"}
    )
    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert '<option value="date" selected>' in answer.text
    assert "&lt;b&gt;" in answer.text
    assert "11.30" in answer.text
    [call] = asked.asked("POST /import-previews")
    assert call["query"] == {"enterprise": "E1", "filename": "flow.csv"}


@pytest.mark.parametrize("declaration", ["{", "[" * 100 + "]" * 100, "[1]", '{"a": "\\ud800"}'])
def test_a_mapping_that_is_none_any_more_is_refused(signed_in: Any, asked: StandIn, declaration: str) -> None:
    sent = form(kind="payments", proposed="payments", declaration=declaration, name="my-bank")
    answer = signed_in("smc_source").post("/portal/imports", data=sent, headers=ORIGIN)
    assert answer.status_code == 422
    assert asked.asked("PUT /connectors/my-bank") == []


def test_the_corrected_mapping_is_saved_and_the_file_imported_with_it(signed_in: Any, asked: StandIn) -> None:
    """What is left out, what is divided, and what stays of the proposal."""
    chosen = {"title-0": "过账日", "column-0": "date", "title-1": "收", "column-1": "amount_fen/in"}
    chosen |= {"title-2": "付", "column-2": "amount_fen/out", "title-3": "备注", "column-3": ""}
    sent = form(kind="payments", proposed="payments", declaration=json.dumps(DECLARED), name="my-bank", **chosen)
    answer = signed_in("smc_source").post("/portal/imports", data=sent, headers=ORIGIN)
    assert answer.status_code == 303
    [saved] = asked.asked("PUT /connectors/my-bank")
    assert saved["json"] == DECLARED | {"ignored": ["备注"]}
    [imported] = asked.asked("POST /imports")
    assert imported["query"] == {"kind": "payments", "filename": "flow.csv", "connector": "my-bank"}


def test_electronic_invoices_are_sent_as_they_are(signed_in: Any, asked: StandIn) -> None:
    """They need no mapping; as which kind, the page offers."""
    packed = {**FOUND, "form": "xml", "kind": None, "confidence": None, "declaration": None, "tables": []}
    asked.answers["POST /import-previews"] = Answer(200, packed)
    client = signed_in("smc_source", "en")
    page = client.post("/portal/import-previews", data=form(), headers={**ORIGIN, "HX-Request": "true"}).text
    assert '<option value="invoices" selected>' in page
    assert "<button>Import</button>" in page
    sent = client.post("/portal/imports", data=form(kind="invoices"), headers=ORIGIN)
    assert sent.headers["Location"].startswith("/portal/imports/imp_1")


def test_what_fits_is_imported_without_a_mapping(signed_in: Any, asked: StandIn) -> None:
    """Unless a column was corrected: then the mapping needs a name."""
    same = {"kind": "payments", "title-0": "日期", "column-0": "date", "taken-0": "date", "owner": "uscc:1"}
    client = signed_in("smc_source", "en")
    assert client.post("/portal/imports", data=form(**same), headers=ORIGIN).status_code == 303
    assert asked.asked("POST /imports")[0]["query"]["enterprise"] == "uscc:1"
    refused = client.post("/portal/imports", data=form(**{**same, "column-0": "due_on"}), headers=ORIGIN)
    assert (refused.status_code, "Name the mapping" in refused.text) == (422, True)
    assert len(asked.asked("POST /imports")) == 1


def test_a_firm_sends_its_own_and_a_bank_sends_nothing(signed_in: Any, asked: StandIn) -> None:
    """Whose data it is, the session says."""
    firm = signed_in("smc_firm")
    assert 'name="enterprise"' not in firm.get("/portal/imports").text
    assert firm.post("/portal/imports", data=form(kind="payments", owner="uscc:1"), headers=ORIGIN).status_code == 303
    assert "enterprise" not in asked.asked("POST /imports")[0]["query"]
    assert signed_in("smc_bank").get("/portal/imports").status_code == 403


def test_a_refusal_and_a_missing_file_are_told_on_the_page(signed_in: Any, asked: StandIn) -> None:
    asked.answers["POST /import-previews"] = Answer(
        422, {"type": "/problems/empty-file", "detail": "no rows / 没有数据行"}
    )
    client = signed_in("smc_source")
    refused = client.post("/portal/import-previews", data=form(), headers=ORIGIN)
    assert (refused.status_code, "没有数据行" in refused.text) == (422, True)
    assert client.post("/portal/import-previews", data={}, headers=ORIGIN).status_code == 400


def test_an_amount_without_a_direction_goes_by_its_sign() -> None:
    chosen = {"日期": "date", "金额": "amount_fen", "备注": ""}
    found = corrected({"kind": "payments"}, chosen)
    assert found["split"] == {"amount": "amount_fen", "by": "direction", "signed": ["金额"]}
    assert found["columns"] == {"日期": "date"}
    assert "split" not in corrected({"kind": "payments"}, chosen | {"收支": "direction"})
