"""Classes for supervision as their readers meet them: the firm, a supervisor with consent, one without."""

from __future__ import annotations

from decimal import Decimal

import pytest
from profile_house import open_house

from services.profile.supervision.domain.packs_of import packs
from smecredit.rendering.supervision import enterprise_class

RECORDS = "record,enterprise,number,tier,grade,authority,date,published_on\n"
GOOD, BAD, DARK = "local:E1", "local:E2", "local:E3"


@pytest.fixture(scope="module")
def house(tmp_path_factory, verifier, tokens):
    home = tmp_path_factory.mktemp("home")
    found = open_house(f"sqlite:///{home / 'profile.db'}", home, verifier, tokens)
    found.follows = False
    found.date_book("2022-06-30")
    found.send(
        "enterprises",
        "enterprise,name,industry,region\nlocal:E1,甲建筑,E47,130100\nlocal:E2,乙建筑,E47,130100\nlocal:E3,丙食品,C14,120101\n",
    )
    rows = [
        "tax-grade,local:E1,T1,,A,税务局,2022-04-01,2022-04-01",
        "licence,local:E1,L1,,,市住房和城乡建设局,2021-04-01,2021-04-01",
        "tax-grade,local:E2,T2,,B,税务局,2022-04-01,2022-04-01",
        "licence,local:E2,L2,,,市住房和城乡建设局,2021-04-01,2021-04-01",
        "penalty,local:E2,P1,serious,,市住房和城乡建设局,2022-05-01,2022-05-02",
    ]
    answer = found.send("public-records", RECORDS + "\n".join(rows) + "\n")
    assert answer["rejected"] == 0, found.rejects(answer["id"])
    return found


def read(house, firm, headers, query=""):
    return house.client.get(f"/v1/enterprises/{firm}/class{query}", headers=headers)


def test_contributions_add_up_to_the_last_digit(house):
    """Points are decimals on the wire, and their sum is the class's points exactly; the rules name their sources."""
    answer = read(house, GOOD, house.owner(GOOD)).json
    parts = [Decimal(str(each["points"])) for each in answer["indicators"]]
    assert sum(parts) == Decimal(str(answer["points"]))
    assert sum(each["weight"] for each in answer["indicators"]) == 100
    assert answer["sector"]["key"] == "construction"
    assert any("建市" in source for source in answer["sector"]["sources"])
    assert answer["known_weight"] == sum(each["weight"] for each in answer["indicators"] if each["known"]) < 100


def test_a_serious_penalty_caps_the_class_and_is_told_by_its_name(house):
    """The points stand as they are; the cap names the record, by which the firm can dispute it."""
    answer = read(house, BAD, house.owner(BAD)).json
    (cap,) = answer["caps"]
    assert answer["class"] >= cap["at_most"] == "C"
    assert answer["class"] >= answer["by_points"]
    (record,) = cap["records"]
    assert record["id"].startswith("rec_")
    assert record["authority"] == "市住房和城乡建设局"
    assert answer["inspection"]["rate"] > read(house, GOOD, house.owner(GOOD)).json["inspection"]["base"]
    repair = next(step for step in answer["steps"] if step["key"] == "penalties_building")
    assert (repair["how"], repair["needed"]) == ("repair", 0)


def test_a_firm_of_which_nothing_is_known_is_in_the_worst_class(house):
    """Nobody gains by being unknown; what would raise it is to be known."""
    answer = read(house, DARK, house.owner(DARK)).json
    assert (answer["class"], answer["points"], answer["known_weight"]) == ("D", 0, 0)
    assert answer["sector"]["key"] == "food"
    assert {step["how"] for step in answer["steps"]} == {"show"}


def test_what_only_the_firm_says_does_not_count(house):
    """By its own word nobody is inspected less."""
    before = read(house, DARK, house.owner(DARK)).json
    row = "enterprise,number,date,counterparty,net,tax,total,status\n"
    row += "local:E3,77,2022-06-01,W1,100.00,13.00,113.00,valid\n"
    url = "/v1/imports?kind=invoices.sale&filename=own.csv"
    house.client.post(url, data=row.encode(), headers=house.owner(DARK))
    house.worker.run_once()
    portrait = house.client.get(f"/v1/enterprises/{DARK}/portrait", headers=house.owner(DARK)).json
    assert portrait["months"][-1]["sales_fen"] == 100_00
    after = read(house, DARK, house.owner(DARK)).json
    assert after["indicators"] == before["indicators"]


def test_a_supervisor_needs_consent_for_it_and_leaves_a_record(house):
    """No consent, no class; with one, the firm sees who read it and why; the list opens the same files alone."""
    supervisor = house.bank("supervision", "office-1")
    assert read(house, GOOD, supervisor).status_code == 403
    house.consent(GOOD, "office-1", ("supervision",))
    one = read(house, GOOD, supervisor).json
    listed = house.client.get("/v1/classes", headers=supervisor).json
    assert [(each["enterprise"], each["class"]) for each in listed["items"]] == [(GOOD, one["class"])]
    assert {each["class"]: each["count"] for each in listed["counts"]}[one["class"]] == 1
    page = house.client.get(f"/v1/enterprises/{GOOD}/accesses", headers=house.owner(GOOD)).json
    assert [(each["client"], each["purpose"]) for each in page["items"][:2]] == [("office-1", "supervision")] * 2


def test_the_list_goes_on_from_page_to_page_and_says_each_firm_once(house):
    """A page opens and records its own files alone."""
    supervisor = house.bank("supervision", "office-2")
    for firm in (GOOD, BAD, DARK):
        house.consent(firm, "office-2", ("supervision",))
    first = house.client.get("/v1/classes?limit=2", headers=supervisor).json
    rest = house.client.get(f"/v1/classes?limit=2&cursor={first['next']}", headers=supervisor).json
    assert [each["enterprise"] for each in first["items"] + rest["items"]] == [GOOD, BAD, DARK]
    assert rest["next"] is None
    alone = {firm: read(house, firm, supervisor).json for firm in (GOOD, BAD, DARK)}
    assert all(each["class"] == alone[each["enterprise"]]["class"] for each in first["items"] + rest["items"])
    assert all(each["points"] == alone[each["enterprise"]]["points"] for each in first["items"] + rest["items"])


def test_another_sectors_rules_may_be_asked_for(house):
    """A firm may be under more than one supervisor; a sector that there is not is refused with those that there are."""
    assert read(house, GOOD, house.owner(GOOD), "?sector=general").json["sector"]["key"] == "general"
    refused = read(house, GOOD, house.owner(GOOD), "?sector=mining")
    assert refused.status_code == 404
    assert all(sector in refused.json["detail"] for sector in packs().sectors)


def test_the_command_shows_what_counts_what_caps_and_what_raises(house, capsys):
    """In both languages, unknown values as unknown."""
    enterprise_class(read(house, BAD, house.owner(BAD)).json)
    shown = capsys.readouterr().out
    for words in (
        "local:E2",
        "信用风险",
        "at most 不高于 C",
        "unknown 未知",
        "What would raise it 提升途径",
        "住建、应急部门",
    ):
        assert words in shown


def test_a_past_class_reads_the_same_later(house):
    """As of a day and as known at a time it has the same bytes, whatever is learned since."""
    first = read(house, GOOD, house.owner(GOOD))
    house.send("public-records", RECORDS + f"penalty,{GOOD},P9,general,,市应急管理局,2022-06-01,2022-06-02\n")
    moment = f"?as_of={first.json['as_of']}&known_at={first.json['known_at'].replace('+', '%2B')}"
    assert read(house, GOOD, house.owner(GOOD), moment).data == first.data
    assert read(house, GOOD, house.owner(GOOD)).json["points"] < first.json["points"]
