"""Credit repair over HTTP: a repaired record is in no answer, whatever moment is asked for, and everybody is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from profile_house import HEADER, House

from chassis.core.identity import Caller
from services.profile.book.domain.departure import name_of
from services.profile.book.domain.public_record import DATASET
from services.profile.rights.usecases.dispute import item_of
from services.profile.rights.usecases.repair import Decided
from services.profile.rights.usecases.repair import repair as repaired
from services.profile.watch.usecases import look

FILE = "/v1/enterprises/E1"
SALES = HEADER.replace("销方单位代号", "购方单位代号")
TITLES = "record,enterprise,number,tier,authority,date,published_on,ends_on,repaired_on\n"
PENALTY = "penalty,E1,P-1,general,市场监督管理局,2026-02-01,2026-02-10,2027-02-10,\n"


def stock(house: House) -> House:
    """Give a house a firm with invoices up to today's year, and a penalty that is displayed."""
    house.send("invoices.sale", SALES + "E1,1,2026/11/4,A1,100.00,13.00,113.00,有效发票\n")
    house.send("public-records", TITLES + PENALTY)
    house.consent()
    assert penalties(house, house.bank()) == ["P-1"]
    return house


@pytest.fixture
def stocked(cottage: House) -> House:
    return stock(cottage)


@pytest.fixture
def stocked_everywhere(house: House) -> House:
    return stock(house)


def records(house: House, moment: str = "", feature: str = "penalties_general") -> list[Any]:
    path = f"{FILE}/evidence?feature={feature}{moment}"
    return list(house.client.get(path, headers=house.owner()).json["items"])


def penalties(house: House, headers: dict[str, str]) -> list[str]:
    """Return the penalties that a reader is shown or that count in the portrait."""
    found = house.client.get(f"{FILE}/portrait/compliance", headers=headers).json
    counted = {each["name"]: each["value"] for each in found["features"]}["penalties_general"]
    return ["P-1"] if counted else []


def repair(house: House, record: str, decided_on: str = "2026-06-01", key: str | None = None) -> Any:
    body = {
        "enterprise": "E1",
        "record": record,
        "decided_on": decided_on,
        "authority": "市场监督管理局",
        "document": "修复决定 2026-7",
    }
    headers = house.operator | {"Idempotency-Key": key or str(uuid4())}
    return house.client.post("/v1/repairs", json=body, headers=headers)


def test_a_repaired_record_leaves_every_moment(stocked_everywhere: House) -> None:
    """The portrait of a day before the repair, as known before it, has no place for it either."""
    house = stocked_everywhere
    (one,) = records(house)
    before = house.book()["known_at"].replace("+", "%2B")
    assert repair(house, one["name"]).status_code == 201
    for moment in ("", "&as_of=2026-05-01", f"&known_at={before}"):
        assert records(house, moment) == [], moment
    assert penalties(house, house.bank()) == []


def test_a_repair_that_a_source_states_is_one_too(stocked: House) -> None:
    stated = PENALTY.replace(",\n", ",2026-06-01\n")
    assert stocked.send("public-records", TITLES + stated)["accepted"] == 1
    assert records(stocked, "&as_of=2026-05-01") == []


@pytest.mark.parametrize(
    ("tier", "decided_on", "status"),
    [
        ("general", "2026-05-09", 409),
        ("general", "2026-05-10", 201),
        ("serious", "2026-11-01", 409),
        ("minor", "2026-04-01", 201),
    ],
)
def test_a_tiers_least_time_of_display_must_be_over(cottage: House, tier: str, decided_on: str, status: int) -> None:
    """Published on 10 February: a general one three months later at the earliest, a serious one after a year."""
    cottage.send("public-records", TITLES + PENALTY.replace("general", tier))
    name = name_of(DATASET, {"enterprise": "local:E1", "record": "penalty", "number": "P-1"})
    answer = repair(cottage, name, decided_on)
    assert answer.status_code == status
    assert status == 201 or answer.json["type"] == "/problems/repair-too-early"


def test_a_file_cannot_repair_sooner_than_the_tier_allows(cottage: House) -> None:
    """The row is refused with its reason; the rest of the file is taken."""
    soon = PENALTY.replace(",\n", ",2026-04-20\n")
    done = cottage.send("public-records", TITLES + soon + PENALTY.replace("P-1", "P-2"))
    assert (done["accepted"], done["rejected"]) == (1, 1)
    assert "sooner than its tier allows" in cottage.rejects(done["id"])[0]


def test_a_record_is_repaired_once(stocked: House) -> None:
    (one,) = records(stocked)
    assert repair(stocked, one["name"]).status_code == 201
    assert repair(stocked, one["name"]).json["type"] == "/problems/record-not-found"


def test_a_source_repairs_what_it_sent_and_nothing_else(stocked: House) -> None:
    (one,) = records(stocked)
    body = {"enterprise": "E1", "record": one["name"], "decided_on": "2026-06-01", "authority": "局", "document": "7"}
    other = stocked.tokens(role="source", client="source-2", scopes="repairs:write")
    asked = [
        stocked.client.post("/v1/repairs", json=body, headers=headers | {"Idempotency-Key": str(uuid4())})
        for headers in (other, stocked.source)
    ]
    assert [answer.status_code for answer in asked] == [404, 201]


def test_a_record_is_named_by_its_document_s_number_too(stocked: House) -> None:
    body = {"enterprise": "E1", "number": "P-1", "decided_on": "2026-06-01", "authority": "局", "document": "7"}
    headers = stocked.operator | {"Idempotency-Key": str(uuid4())}
    assert stocked.client.post("/v1/repairs", json=body, headers=headers).status_code == 201
    assert records(stocked) == []


def test_a_record_is_named_once(stocked: House) -> None:
    body = {"enterprise": "E1", "number": "P-1", "record": "rec_" + "0" * 32, "decided_on": "2026-06-01"}
    headers = stocked.operator | {"Idempotency-Key": str(uuid4())}
    sent = body | {"authority": "局", "document": "7"}
    assert stocked.client.post("/v1/repairs", json=sent, headers=headers).status_code == 422


def test_a_file_repairs_what_its_sender_sent_by_the_tier_on_file(cottage: House) -> None:
    """Another source's record stays, whatever the row says of it; so does one whose tier is only said to be minor."""
    cottage.send("public-records", TITLES + PENALTY.replace("general", "serious"))
    repaired = PENALTY.replace("general", "minor").replace(",\n", ",2026-06-01\n")
    other = cottage.tokens(role="source", client="source-2", scopes="imports:write imports:read")
    for headers in (other, cottage.source):
        path = "/v1/imports?kind=public-records&filename=f.csv"
        sent = cottage.client.post(path, data=(TITLES + repaired).encode(), headers=headers)
        cottage.worker.run_once()
        done = cottage.client.get(f"/v1/imports/{sent.json['id']}", headers=headers).json
        assert (done["accepted"], done["rejected"]) == (0, 1)
    assert [each["record"]["number"] for each in records(cottage, feature="penalties_serious")] == ["P-1"]


def test_an_award_is_not_repaired(stocked: House) -> None:
    stocked.send("public-records", TITLES + "award,E1,A-1,,市政府,2026-02-01,2026-02-10,,\n")
    (award,) = records(stocked, feature="awards")
    assert repair(stocked, award["name"]).json["type"] == "/problems/not-repairable"


def test_readers_of_the_last_year_are_told_that_it_was_repaired_and_not_what(stocked: House) -> None:
    (one,) = records(stocked)
    repair(stocked, one["name"])
    (notice,) = stocked.client.get("/v1/notices", headers=stocked.bank()).json["items"]
    assert (notice["event"], notice["facts"]) == ("record-repaired", {"records": 1})


def test_a_dispute_about_it_ends_and_its_mark_with_it(stocked: House) -> None:
    """A mark would tell of what nobody is to be told of."""
    (one,) = records(stocked)
    body = {
        "item": {"kind": "public-records", "record": one["name"]},
        "reason": "already-settled",
        "statement": "Paid.",
    }
    headers = stocked.owner() | {"Idempotency-Key": str(uuid4())}
    opened = stocked.client.post("/v1/disputes", json=body, headers=headers).json
    repair(stocked, one["name"])
    found = stocked.client.get(f"/v1/disputes/{opened['id']}", headers=stocked.owner()).json
    assert (found["state"], found["correction"]) == ("corrected", "repaired")
    assert stocked.client.get(f"{FILE}/features", headers=stocked.bank()).json["disputes"] == []


def test_an_alert_that_rests_on_it_is_withdrawn(stocked: House) -> None:
    """An enforcement raises the signal of legal change; once it is repaired nobody is shown the alert."""
    stocked.send("public-records", TITLES + "enforcement,E1,X-1,,法院,2026-11-01,2026-11-02,,\n")
    while stocked.worker.run_once():
        pass
    assert alerts(stocked) == ["legal-change"]
    (one,) = records(stocked, feature="enforcements")
    assert repair(stocked, one["name"], "2026-11-20").status_code == 201
    while stocked.worker.run_once():
        pass
    assert alerts(stocked) == []


def test_no_alert_opens_on_what_was_repaired_while_it_was_looked_at(
    stocked: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    stocked.send("public-records", TITLES + "enforcement,E1,X-1,,法院,2026-11-01,2026-11-02,,\n")
    name = name_of(DATASET, {"enterprise": "local:E1", "record": "enforcement", "number": "X-1"})
    seen = look.view

    def view(*asked: Any, **said: Any) -> Any:
        monkeypatch.setattr(look, "view", seen)
        found = seen(*asked, **said)
        assert repair(stocked, name, "2026-11-20").status_code == 201
        return found

    monkeypatch.setattr(look, "view", view)
    look.look(stocked.context, ["local:E1"])
    assert alerts(stocked) == []


@pytest.mark.parametrize(
    "row",
    ["dishonest,E1,F-1,minor,法院,2026-11-01,2026-11-02,,", "enforcement,E1,F-1,general,法院,2025-01-01,2025-01-02,,"],
)
def test_what_is_displayed_no_more_raises_no_alarm(stocked: House, row: str) -> None:
    """A minor record is not displayed, a general one for a year: neither tells the firm's bank or its supplier's."""
    stocked.send("public-records", TITLES + row + "\n")
    stocked.send("invoices.sale", SALES + "E2,9,2026/11/5,E1,100.00,13.00,113.00,有效发票\n")
    while stocked.worker.run_once():
        pass
    assert (alerts(stocked), alerts(stocked, "local:E2")) == ([], [])


def test_a_repair_is_decided_on_the_day_in_china(stocked: House) -> None:
    """At seven in the morning there it is still yesterday by UTC."""
    (one,) = records(stocked)
    morning = replace(stocked.context, now=lambda: datetime(2026, 12, 1, 23, tzinfo=UTC))
    decided = Decided("local:E1", one["name"], date(2026, 12, 2), "局", "7")
    item = item_of(morning, "local:E1", DATASET.name, one["name"], None)
    with morning.database.begin() as session:
        assert repaired(morning, session, Caller("op", "operator", frozenset()), decided, item).decided_on.day == 2


def test_a_suppliers_alert_that_rests_on_it_is_withdrawn(stocked_everywhere: House) -> None:
    """E2 sells to E1: the invoices beside the record say how much is at stake, and no alert stands on them alone."""
    house = stocked_everywhere
    house.send("public-records", TITLES + "dishonest,E1,F-1,,法院,2026-01-01,2026-01-02,,\n")
    house.send("invoices.sale", SALES + "E2,9,2026/11/5,E1,100.00,13.00,113.00,有效发票\n")
    while house.worker.run_once():
        pass
    assert alerts(house, "local:E2") == ["counterparty-default"]
    name = name_of(DATASET, {"enterprise": "local:E1", "record": "dishonest", "number": "F-1"})
    assert repair(house, name).status_code == 201
    assert alerts(house, "local:E2") == []


def alerts(house: House, firm: str = "local:E1") -> list[str]:
    found = house.client.get(f"/v1/enterprises/{firm}/signals", headers=house.owner(firm)).json
    return [each["signal"] for each in found["alerts"]]


def test_a_record_is_displayed_no_longer_than_its_tier_allows(stocked: House) -> None:
    """A general one for a year, whatever end its source states; a minor one only where an end is stated."""
    later = PENALTY.replace("2026-02-01,2026-02-10,2027-02-10", "2025-01-01,2025-01-10,2029-01-10").replace(
        "P-1", "P-2"
    )
    minor = PENALTY.replace("general", "minor").replace("2027-02-10", "").replace("P-1", "P-3")
    stocked.send("public-records", TITLES + later + minor)
    found = [each["record"] for each in records(stocked, feature="kinds_of_data") if each["kind"] == "public-records"]
    assert [each["number"] for each in found] == ["P-1"]


def test_a_measure_that_rests_on_it_ends(stocked: House) -> None:
    """Whatever was done for the record's sake is over with it, in the same transaction."""
    bases = stocked.client.get("/v1/measure-bases", headers=stocked.operator).json["items"]
    basis = next(each for each in bases if each["list"] == "black" and not each["in_force_until"])
    measure = {
        "enterprise": "E1",
        "list": "black",
        "basis": basis["key"],
        "scope": basis["measures"][:1],
        "authority": "市场监督管理局",
        "document": "决定 2026-3",
        "starts_on": datetime.now(UTC).date().isoformat(),
        "expires_on": (datetime.now(UTC).date() + timedelta(days=30)).isoformat(),
        "record": "P-1",
    }
    headers = stocked.operator | {"Idempotency-Key": str(uuid4())}
    made = stocked.client.post("/v1/measures", json=measure, headers=headers)
    assert made.status_code == 201, made.json
    (one,) = records(stocked)
    repair(stocked, one["name"])
    assert stocked.client.get(f"{FILE}/measures", headers=stocked.owner()).json["items"] == []
