"""What the attack judges by: it finds what it is for, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attack.judge import PROBLEM, broken, foreign
from attack.values import Inside
from documented import document, operations
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

GOOD = json.dumps({"type": "/problems/x", "title": "x", "title_zh": "x", "status": 404, "detail": "x"}).encode()
CANARIES = {"owner": ["金丝雀", "73182649", "0.1378370000001"]}


@pytest.mark.parametrize(
    ("status", "kind", "body", "told"),
    [
        (404, PROBLEM, GOOD, None),
        (500, PROBLEM, GOOD, "server error"),
        (502, "text/html", b"<html>", "server error"),
        (404, "text/html", b"<html>", "404 as text/html"),
        (418, PROBLEM, GOOD, None),
        (204, "", b"", "status 204"),
        (200, "application/json", b'{"score":[]}', "200 unlike"),
        (304, "", b"", None),
        (304, "application/json", b"{}", "status 304"),
    ],
)
def test_an_answer_that_breaks_its_word_is_found(status: int, kind: str, body: bytes, told: str | None) -> None:
    found = broken("GET", "/v1/scores/{score_id}", status, kind, body)
    assert (found is None) if told is None else (found or "").startswith(told)


@pytest.mark.parametrize(
    ("who", "sent", "body", "is_found"),
    [
        ("bank", "GET /x", "…金丝雀…", True),
        ("bank", "GET /x", '{"amount_fen":73182649}', True),
        ("bank", "GET /x", '{"amount_fen":173182649}', False),
        ("bank", "GET /x", '{"pd":0.1378370000001}', True),
        ("bank", "GET /x?need=73182649", '{"amount_fen":73182649}', False),
        ("bank", "GET /%E9%87%91%E4%B8%9D%E9%9B%80", "金丝雀", False),
        ("owner", "GET /x", "金丝雀", False),
    ],
)
def test_what_is_another_s_is_found_unless_it_was_asked_with(who: str, sent: str, body: str, is_found: bool) -> None:
    assert (foreign(CANARIES, who, sent, body.encode()) is not None) is is_found


BODIES = [
    content["application/json"]["schema"]
    for _, _, operation in operations()
    if "application/json" in (content := operation.get("requestBody", {}).get("content", {}))
]


@given(st.sampled_from(BODIES), st.randoms(use_true_random=False))
def test_a_body_that_is_made_inside_a_schema_is_inside_it(schema: dict[str, Any], random: Any) -> None:
    """By another validator; patterns aside, which the maker does not read."""
    body = Inside(random, {}).of(schema)
    whole = _without_patterns({**schema, "components": {"schemas": document()["components"]["schemas"]}})
    assert [error.message for error in Draft202012Validator(whole).iter_errors(body)] == []


def _without_patterns(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_patterns(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _without_patterns(each) for name, each in schema.items() if name != "pattern"}
