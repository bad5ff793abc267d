"""Cross-comparison as its readers meet it: an economy with lies in it, brought in by files."""

from __future__ import annotations

import gzip

import polars as pl
import pytest
from profile_house import open_house

from sandbox.contradictions import plant
from sandbox.economy import Plan, simulate
from sandbox.records import records


@pytest.fixture(scope="module")
def planted():
    return plant(records(simulate(Plan(firms=40, months=14, seed=4))), seed=4, each=1)


@pytest.fixture(scope="module")
def house(tmp_path_factory, verifier, tokens, planted):
    home = tmp_path_factory.mktemp("home")
    found = open_house(f"sqlite:///{home / 'profile.db'}", home, verifier, tokens)
    for kind, table in planted[0].items():
        answer = found.send(kind, gzip.compress(table.write_csv().encode(), 1), f"{kind}.csv.gz")
        assert answer["state"] == "done", answer
        assert answer["rejected"] == 0, found.rejects(answer["id"])[:3]
    return found


def lie(planted, rule):
    """Return the firm and the subject of the contradiction that was planted for a rule."""
    told = planted[1].filter(pl.col("planted"), pl.col("rule") == rule)
    return told["enterprise"][0], told["subject"][0]


def test_planted_contradictions_are_told_to_the_firm(house, planted):
    """Every kind of lie that found a firm comes out at that firm, whatever table it was told in."""
    for rule, enterprise, subject in planted[1].filter("planted").select("rule", "enterprise", "subject").rows():
        page = house.client.get(
            f"/v1/enterprises/{enterprise}/cross-checks/{rule}?verdict=contradicts&limit=500",
            headers=house.owner(enterprise),
        )
        assert subject.removeprefix("local:") in [pair["subject"] for pair in page.json["items"]], rule


def test_each_rule_says_what_it_held_against_what(house, planted):
    """Both sides, their sources, the tolerance and the verdict are in the answer."""
    enterprise, _ = lie(planted, "number-missing")
    answer = house.client.get(f"/v1/enterprises/{enterprise}/cross-checks", headers=house.owner(enterprise)).json
    (rule,) = (rule for rule in answer["rules"] if rule["rule"] == "number-missing")
    assert rule["verdict"] == "contradicts"
    assert rule["sources"] == ["invoices", "invoices"]
    assert rule["compared"] > rule["contradictions"] > 0
    assert rule["title"]["zh"] == "发票号码连续"
    assert 0 < answer["pass_rate"] < 1


def test_pages_follow_one_another(house, planted):
    """All pairs come once, in the order of one answer."""
    enterprise, _ = lie(planted, "number-missing")
    path, owner = f"/v1/enterprises/{enterprise}/cross-checks/tax-above-rate", house.owner(enterprise)
    whole = house.client.get(f"{path}?limit=500", headers=owner).json["items"]
    pages, cursor = [], ""
    while cursor is not None:
        page = house.client.get(f"{path}?limit=7&cursor={cursor}", headers=owner).json
        pages, cursor = pages + page["items"], page["next"]
        if len(pages) >= len(whole):
            break
    assert pages[: len(whole)] == whole


def test_the_past_stays_as_it_was(house, planted):
    """What was compared as of a day and as known at a time reads the same after later records."""
    enterprise, _ = lie(planted, "number-missing")
    path, owner = f"/v1/enterprises/{enterprise}/cross-checks", house.owner(enterprise)
    before = house.client.get(path, headers=owner)
    row = f"{enterprise},99999999,2022-12-30,local:W1,100.00,13.00,113.00,valid,true\n"
    house.send("invoices.sale", "enterprise,number,date,counterparty,net,tax,total,status,synthetic\n" + row)
    moment = f"?as_of={before.json['as_of']}&known_at={before.json['known_at'].replace('+', '%2B')}"
    assert house.client.get(path + moment, headers=owner).data == before.data


def test_a_bank_needs_consent_and_leaves_a_record(house, planted):
    """No consent, no comparison; with one, the firm sees that it was read."""
    enterprise, _ = lie(planted, "number-missing")
    path = f"/v1/enterprises/{enterprise}/cross-checks"
    assert house.client.get(path, headers=house.bank()).status_code == 403
    house.consent(enterprise)
    assert house.client.get(path, headers=house.bank()).status_code == 200
    seen = house.client.get(f"/v1/enterprises/{enterprise}/accesses", headers=house.owner(enterprise)).json["items"]
    assert [each["what"] for each in seen] == ["cross-checks"]


def test_an_unknown_rule_is_refused_with_the_rules_there_are(house, planted):
    """The refusal names them."""
    enterprise, _ = lie(planted, "number-missing")
    answer = house.client.get(f"/v1/enterprises/{enterprise}/cross-checks/astrology", headers=house.owner(enterprise))
    assert answer.status_code == 404
    assert "number-missing" in answer.json["detail"]


SELLER, BUYER = "91350100M000100Y43", "11320000MB151840XJ"


@pytest.mark.parametrize(("buyer", "seller"), [(BUYER, SELLER), (f"uscc:{BUYER}", SELLER.lower())])
def test_a_bare_credit_code_is_the_firm_that_it_names(cottage, buyer, seller):
    """Both books write the other as tax exports do: the invoice is compared, and the public body has its legal term."""
    head = "enterprise,number,date,{},net,tax,total,status\n"
    sold = f"{SELLER},S1,2025-06-10,{buyer},1000,0,1000,valid\n{SELLER},S2,2025-06-10,{buyer},500,0,500,valid\n"
    bought = f"{BUYER},S1,2025-06-10,{seller},1000,0,1000,valid\n{BUYER},S2,2025-06-10,{seller},400,0,400,valid\n"
    paid = "direction,enterprise,reference,counterparty,date,amount,purpose,status\n"
    paid += f"in,{SELLER},P1,{buyer},2025-06-01,1,,valid\n"
    for kind, content in (
        ("invoices.sale", head.format("buyer") + sold),
        ("invoices.purchase", head.format("seller") + bought),
        ("payments", paid),
    ):
        assert cottage.send(kind, content)["rejected"] == 0
    about = f"/v1/enterprises/uscc:{SELLER}"
    owner = cottage.owner(f"uscc:{SELLER}")
    pairs = cottage.client.get(f"{about}/cross-checks/mirrored-invoice", headers=owner).json["items"]
    assert [(pair["subject"], pair["left"], pair["right"]) for pair in pairs] == [
        ("S1", 100_000, 100_000),
        ("S2", 50_000, 40_000),
    ]
    [account] = cottage.client.get(f"{about}/late-payments?as_of=2025-12-31", headers=owner).json["items"]
    assert (account["counterparty"], account["debtor"], account["binding"]) == (f"uscc:{BUYER}", "public-body", True)
