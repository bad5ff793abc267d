"""Continuations between services: opened like the stored score that they are for, from what it was made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from profile_house import HEADER, House

ROWS = "".join(
    f"E1,{1000 + month},2019/{month}/4,A{month % 3},{month * 100}.00,{month * 13}.00,{month * 113}.00,有效发票\n"
    for month in range(1, 13)
)
NAMES = ["sales_12m", "customers_12m", "purchases_12m"]


def ask(house: House, headers: dict[str, str], **more: Any) -> Any:
    features = house.client.get("/v1/enterprises/E1/features", headers=house.owner()).json
    order = {"enterprise": "local:E1", "what": "score", "features": NAMES, "confirmed": False, **more}
    moment = {name: features[name] for name in ("as_of", "known_at")}
    return house.client.post("/v1/continuations", json={**moment, **order}, headers=headers)


def stock(house: House) -> None:
    """Send a year of sales, and consent for the bank."""
    house.send("enterprises", "企业代号,企业名称\nE1,甲\n")
    house.send("invoices.sale", HEADER.replace("销方", "购方") + ROWS)
    house.consent()


@pytest.fixture
def stocked(furnished: Callable[[Callable[[House], Any]], House]) -> House:
    return furnished(stock)


def test_every_plan_begins_at_the_files_features(stocked: House) -> None:
    told = ask(stocked, stocked.bank()).json
    values = stocked.client.get("/v1/enterprises/E1/features", headers=stocked.owner()).json["values"]
    first = [row for at, row in zip(told["points"], told["values"], strict=True) if at["month"] == 0]
    assert first == [[values[name] for name in NAMES]] * len(told["plans"])
    assert told["since"] == {"sale": "2019-01-04", "purchase": None}


def test_the_look_is_recorded_as_a_read_of_the_score(stocked: House) -> None:
    assert ask(stocked, stocked.bank()).status_code == 200
    seen = stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"]
    assert [(each["what"], each["client"]) for each in seen] == [("score", "bank-1")]


def test_the_enterprise_itself_leaves_no_record(stocked: House) -> None:
    assert ask(stocked, stocked.owner()).status_code == 200
    assert stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"] == []


def test_without_a_consent_nothing_is_told(stocked: House) -> None:
    assert ask(stocked, stocked.bank(client="bank-2")).json["type"] == "/problems/consent-required"


def test_no_other_look_is_opened_by_this_route(stocked: House) -> None:
    assert ask(stocked, stocked.bank(), what="new-score").status_code == 422


def test_a_figure_that_the_catalogue_lacks_is_refused(stocked: House) -> None:
    refused = ask(stocked, stocked.bank(), features=["moon"])
    assert (refused.status_code, refused.json["unknown"]) == (422, ["moon"])
