"""A bank's book of exposures, and the alerts about it: told to that bank alone, with the path."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from profile_house import SCOPES, House
from signal_books import HEADER, work_off

from services.profile.book.domain import public_record
from services.profile.book.domain.departure import names_of
from services.profile.rights.usecases.repair import leave

MONITORING = "credit-monitoring"
LAST = date(2020, 2, 21)
RECORDS = "record,enterprise,number,tier,grade,authority,amount,date,published_on,ends_on,repaired_on\n"
FELL = RECORDS + "dishonest,E3,N1,,,北京一中院,1000,2020-02-01,2020-02-10,,\n"


def sales(*deals: tuple[str, str]) -> str:
    """A year of sales of 100,000 yuan a month."""
    rows = []
    for seller, buyer in deals:
        for ago in range(0, 360, 30):
            day = LAST - timedelta(days=ago)
            rows.append(f"{seller},{len(rows):08},{day:%Y/%m/%d},{buyer},100000.00,0.00,100000.00,有效发票\n")
    return HEADER + "".join(rows)


def lent(firm: str) -> dict[str, Any]:
    return {"enterprise": f"local:{firm}", "exposure_fen": 10**8, "lgd": 0.4, "pd": 0.02}


def state(house: House, *firms: str, client: str = "bank-1", threshold: int = 10**6, status: int = 200) -> Any:
    body = {"threshold_fen": threshold, "exposures": [lent(firm) for firm in firms]}
    answer = house.client.put("/v1/exposures", json=body, headers=house.bank(None, client))
    assert answer.status_code == status, answer.json
    return answer.json


def watching(
    house: House, *firms: str, client: str = "bank-1", fields: tuple[str, ...] = ("graph", "portrait")
) -> None:
    """Let firms consent to a bank's monitoring, and let it subscribe to contagion."""
    for firm in firms:
        house.consent(f"local:{firm}", grantee=client, purposes=(MONITORING,), fields=["graph", "portrait"])
    wish = {"signals": ["contagion", "counterparty-default"]}
    headers = house.bank(MONITORING, client) | {"Idempotency-Key": str(uuid4())}
    assert house.client.post("/v1/subscriptions", json=wish, headers=headers).status_code == 201


def told(house: House, client: str = "bank-1", signal: str = "contagion", state: str = "open") -> list[dict[str, Any]]:
    path = f"/v1/alerts?signal={signal}&state={state}"
    answer = house.client.get(path, headers=house.bank(MONITORING, client))
    assert answer.status_code == 200, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


@pytest.fixture
def lenders(cottage: House) -> House:
    """E1 sells to E2, and E2 to E3; bank-1 lent to E1 and E2, bank-2 too, who may read E1 alone."""
    cottage.send("invoices.sale", sales(("E1", "E2"), ("E2", "E3")))
    watching(cottage, "E1", "E2")
    watching(cottage, "E1", client="bank-2")
    state(cottage, "E1", "E2")
    state(cottage, "E1", "E2", client="bank-2")
    work_off(cottage)
    return cottage


def test_a_fall_two_firms_away_is_an_alert_to_the_bank_whose_book_it_costs(lenders: House) -> None:
    """With the path and the record; to no other bank, and not to the firm."""
    assert told(lenders) == []
    lenders.send("public-records", FELL)
    work_off(lenders)
    [alert] = told(lenders)
    assert alert["enterprise"] == "local:E2"
    assert alert["title"]["zh"] == "风险传导"
    # E2 loses all its equity (3 x 100,000 x 75 % of 15 % of 1.2 million), E1 all of its own through it.
    assert alert["value"] == 2 * round(10**8 * 0.4 * 0.98)
    assert [hop["debtor"] for hop in alert["path"]] == ["local:E3"]
    assert alert["path"][0]["amount_fen"]["value"] == 3 * 100_000_00
    assert [record["number"] for record in alert["records"]] == ["N1"]
    assert told(lenders, "bank-2") == []
    path = "/v1/enterprises/local:E2/signals"
    own = lenders.client.get(path, headers=lenders.owner("local:E2")).json["alerts"]
    assert {each["signal"] for each in own} == {"counterparty-default"}
    [direct] = [each for each in own if each["signal"] == "counterparty-default"]
    assert [hop["debtor"] for hop in direct["path"]] == ["local:E3"]
    other = lenders.bank(MONITORING, "bank-2") | {"Idempotency-Key": str(uuid4())}
    noted = lenders.client.post(f"/v1/alerts/{alert['id']}/acknowledge", json={}, headers=other)
    assert noted.status_code == 404
    rows = lenders.client.get(f"/v1/alerts/{alert['id']}/records", headers=lenders.bank(MONITORING)).json
    assert rows["records_count"] == 1


def test_an_alert_comes_at_the_threshold_once_and_clears_below_it(lenders: House) -> None:
    """A fall that is told again, or another's that does not touch the book, is no second alert."""
    state(lenders, "E1", "E2", threshold=10**12)
    lenders.send("public-records", FELL)
    work_off(lenders)
    assert told(lenders) == []
    state(lenders, "E1", "E2")
    lenders.send("public-records", RECORDS + "dishonest,E9,N2,,,北京一中院,1000,2020-02-01,2020-02-10,,\n")
    work_off(lenders)
    assert len(told(lenders)) == 1
    state(lenders, "E2", threshold=10**12)
    work_off(lenders)
    assert told(lenders) == []
    assert len(told(lenders, state="cleared")) == 1


def test_the_path_is_shown_while_the_ties_of_those_on_it_are_open(lenders: House) -> None:
    """A consent to the portrait alone shows that there is an alert, and not along which partners."""
    lenders.send("public-records", FELL)
    work_off(lenders)
    headers = lenders.owner("local:E2")
    for consent in lenders.client.get("/v1/consents", headers=headers).json["items"]:
        key = headers | {"Idempotency-Key": str(uuid4())}
        lenders.client.post(f"/v1/consents/{consent['id']}/revoke", headers=key)
    assert told(lenders) == []
    lenders.consent("local:E2", purposes=(MONITORING,), fields=["portrait"])
    [alert] = told(lenders)
    assert (alert["path"], alert["subject"], alert["records"], alert["records_count"]) == ([], None, [], 0)
    rows = lenders.client.get(f"/v1/alerts/{alert['id']}/records", headers=lenders.bank(MONITORING)).json
    assert (rows["items"], rows["records_count"]) == ([], 0)


DEFAULTED = "企业代号,是否违约,认定日期\nE3,是,2020-02-01\n"


def test_no_book_and_no_threshold_tells_of_a_default_that_a_lender_keeps(lenders: House) -> None:
    """The attack: state one firm after the other, lower the threshold until it rings, compare with own shocks of each.

    Whatever is stated, what the bank sees is what it would see had the other lender said nothing.
    """
    lenders.send("outcomes", DEFAULTED)
    work_off(lenders)
    for book in (("E1", "E2"), ("E1",), ("E2",)):
        for threshold in (10**6, 0):
            state(lenders, *book, threshold=threshold)
            work_off(lenders)
            assert told(lenders) == told(lenders, state="cleared") == []


def test_a_default_that_the_bank_itself_stated_is_told_to_it_and_to_no_other(lenders: House) -> None:
    """With its path and value; another bank with the same book sees nothing, also after it cleared."""
    watching(lenders, "E2", client="bank-2")
    mine = lenders.tokens(role="source", client="bank-1", scopes=SCOPES)
    sent = lenders.client.post("/v1/imports?kind=outcomes&filename=o.csv", data=DEFAULTED.encode(), headers=mine)
    assert sent.status_code == 202, sent.json
    work_off(lenders)
    [alert] = told(lenders)
    assert (alert["withheld"], alert["subject"], alert["value"] > 0) == (False, "local:E3", True)
    assert [hop["debtor"] for hop in alert["path"]] == ["local:E3"]
    assert told(lenders, "bank-2") == []


def test_a_repaired_record_takes_the_alert_back(lenders: House) -> None:
    imported = lenders.send("public-records", FELL)
    work_off(lenders)
    assert told(lenders)
    key = lenders.source | {"Idempotency-Key": str(uuid4())}
    body = {"reason": "sent by mistake"}
    answer = lenders.client.post(f"/v1/imports/{imported['id']}/withdraw", json=body, headers=key)
    assert answer.status_code < 300, answer.json
    work_off(lenders)
    assert told(lenders) == []
    assert told(lenders, state="cleared") == []


OTHER = RECORDS + "dishonest,E4,N2,,,北京一中院,1000,2020-02-01,2020-02-10,,\n"


@pytest.mark.parametrize("act", ["repair", "take-back"])
def test_of_two_that_fell_only_what_still_stands_is_told(lenders: House, act: str) -> None:
    """A path from a firm whose record is gone, and what it cost, are told no more; the other's fall is told anew."""
    lenders.send("invoices.sale", sales(("E2", "E4")))
    imported = lenders.send("public-records", FELL)
    lenders.send("public-records", OTHER)
    work_off(lenders)
    assert {each["number"] for alert in told(lenders) for each in alert["records"]} == {"N1", "N2"}
    if act == "repair":
        rows = lenders.context.lakes["public-records"].read(1, ["local:E3"], without=())
        [name] = names_of(public_record.DATASET, rows)
        with lenders.context.database.begin() as session:
            leave(lenders.context, session, "local:E3", {name: "N1"}, "rep_1", "source-1", lenders.context.now())
        assert told(lenders) == []
    else:
        key = lenders.source | {"Idempotency-Key": str(uuid4())}
        body = {"reason": "sent by mistake"}
        lenders.client.post(f"/v1/imports/{imported['id']}/withdraw", json=body, headers=key)
    work_off(lenders)
    [alert] = told(lenders)
    assert (alert["subject"], [each["number"] for each in alert["records"]]) == ("local:E4", ["N2"])
    assert alert["path"][0]["debtor"] == "local:E4"


def test_a_book_is_its_banks_own_and_versioned(cottage: House) -> None:
    """The same again changes nothing; an older version is refused; another bank reads its own."""
    first = state(cottage, "E2", "E1")
    assert (first["version"], [each["enterprise"] for each in first["exposures"]]) == (1, ["local:E1", "local:E2"])
    assert state(cottage, "E2", "E1") == first
    assert state(cottage, "E1")["version"] == 2
    stale = cottage.bank(None) | {"If-Match": '"1"'}
    body = {"threshold_fen": 1, "exposures": []}
    assert cottage.client.put("/v1/exposures", json=body, headers=stale).status_code == 412
    other = cottage.client.get("/v1/exposures", headers=cottage.bank(None, "bank-2")).json
    assert (other["version"], other["exposures"]) == (0, [])
    assert cottage.client.get("/v1/exposures", headers=cottage.bank(None)).json["version"] == 2
    for odd in ({"exposures": [lent("E1"), lent("E1")]}, {"threshold_fen": -1}):
        refused = cottage.client.put("/v1/exposures", json={**body, **odd}, headers=cottage.bank(None))
        assert refused.status_code == 422
