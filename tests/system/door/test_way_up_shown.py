"""The way up as people see it: the portal's page and the client, over the real services."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from town import Town

from smecredit.client import Client

BANK = "bank with consent"
TARGET = "AAA"


def key_of(town: Town, who: str) -> str:
    return town.headers[who]["Authorization"].removeprefix("Bearer ")


def page(town: Town, who: str, path: str) -> Any:
    """Sign in to the portal with a key and open a page, in English."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": town.url}
    signed = town.send("no token", "POST", "/portal/sign-in", f"key={key_of(town, who)}".encode(), form)
    cookie = signed.headers["Set-Cookie"].split(";")[0]
    return town.send("no token", "GET", path, None, {"Cookie": f"{cookie}; smecredit_language=en"})


@pytest.fixture(scope="module")
def way(town: Town) -> Any:
    """Return what the client is told of the firm's newest score that the bank may read."""
    town.ask(BANK, "POST", "/v1/scores", {"enterprise": town.enterprise})
    with Client(town.url, key_of(town, BANK)) as bank:
        return bank.recourse(next(bank.scores_of(town.enterprise))["id"], grade=TARGET)


def test_the_bank_s_page_tells_what_the_client_is_told(town: Town, way: Any) -> None:
    shown = page(town, BANK, f"/portal/applicants/{quote(town.enterprise, safe=':')}/way-up?grade={TARGET}")
    assert shown.status == 200, shown.data
    text = shown.data.decode()
    found = way if way["reachable"] else way["nearest"]
    for month in found["path"]:
        assert month["as_of"] in text
    for month in way["carrying_on"]:
        assert f'<td class="n strong">{month["score"]}</td><td>{month["grade"]}</td>' in text
    assert way["model"]["version"] in text


def test_the_look_is_in_the_firm_s_record_as_a_read_of_the_score(town: Town, way: Any) -> None:
    """As the page says; the client that looked is the bank."""
    accesses = town.ask("owner", "GET", f"/v1/enterprises/{town.enterprise}/accesses?limit=100").json["items"]
    assert "score" in {each["what"] for each in accesses if each["client"] == "bank-demo"}


def test_the_firm_opens_its_own(town: Town) -> None:
    shown = page(town, "owner", "/portal/enterprise/way-up")
    assert shown.status == 200, shown.data
    assert "Carrying on alone" in shown.data.decode()


def test_another_bank_opens_nothing(town: Town) -> None:
    shown = page(town, "bank without consent", f"/portal/applicants/{town.enterprise}/way-up")
    assert "Carrying on alone" not in shown.data.decode()
