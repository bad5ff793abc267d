"""API3:2023, property level: nobody writes a member that is not theirs to write, nor reads one that is another's."""

from __future__ import annotations

import re
from typing import Any

import pytest
from documented import document, operations
from knocks import address, body_of
from town import Town

MORE = ("owner", "client", "role", "version", "state", "bank_client", "approved", "created_at", "signed_by")
# The seconds of a moment are no figure.
VALUE = re.compile(r"(?<!\d)(?<!\d:)-?\d+\.\d{6,}")


def _json_body(operation: dict[str, Any]) -> dict[str, Any] | None:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema if schema.get("type") == "object" and schema.get("properties") else None


BODIES = [(f"{m} {path}", operation) for m, path, operation in operations() if _json_body(operation)]
SCOPES = {"bank with consent": "bank", "owner": "enterprise", "operator": "operator", "data source": "source"}


@pytest.mark.parametrize("who", SCOPES)
def test_a_member_that_a_body_does_not_have_is_refused(town: Town, who: str) -> None:
    """Mass assignment: whatever is added to a body that would be taken has it refused, or is not let in at all."""
    taken = []
    for route, operation in BODIES:
        body = body_of(route, operation, town.places(route))
        known = _json_body(operation)["properties"]  # type: ignore[index]
        more = {name: "x" for name in MORE if name not in known}
        if isinstance(body, dict) and more:
            method, asked = route.split()[0], address(route, town.places(route))
            if (answer := town.ask(who, method, asked, {**body, **more})).status < 400:
                taken.append(f"{route}: {answer.status}")
    assert not taken, "\n".join(taken)


def test_every_body_says_that_it_takes_no_other_members() -> None:
    """So a client learns of a slip before it sends it."""
    open_ = [route for route, op in BODIES if _json_body(op).get("additionalProperties") is not False]  # type: ignore[union-attr]
    assert open_ == []


def test_no_picture_or_card_of_a_model_holds_a_firm_s_value(town: Town) -> None:
    """D1: of what a bank without a consent reads of a model, nothing is the owner's figure to six digits."""
    firm = town.ask("owner", "GET", f"/v1/enterprises/{town.enterprise}/features")
    other = town.ask("another enterprise", "GET", f"/v1/enterprises/{town.other}/features")
    mine, theirs = (set(VALUE.findall(each.data.decode())) for each in (firm, other))
    secret = {value[:9] for value in mine - theirs}
    assert len(secret) > 10
    who, place = "bank without consent", f"/v1/models/{town.things['version']}"
    pictures = town.ask(who, "GET", f"{place}/plots").json
    names = [each if isinstance(each, str) else each["name"] for each in pictures["items"]]
    assert {"shap-dependence-1", "shap-summary"} <= set(names)
    pages = [place, f"{place}/validation", *(f"{place}/plots/{name}" for name in names)]
    answers = [town.ask(who, "GET", page) for page in pages]
    assert [answer.status for answer in answers] == [200] * len(pages)
    for page, answer in zip(pages, answers, strict=True):
        text = answer.data.decode()
        found = (re.search(rf"(?<![\d.])(?<!\d:){re.escape(value)}", text) for value in secret)
        told = [text[max(0, each.start() - 120) : each.end() + 40] for each in found if each]
        assert told == [], page
