"""A firm that invents dealings with others: what these and their banks read, and what the inventor learns."""

from __future__ import annotations

from typing import Any

from profile_house import House

DAY = "as_of=2020-08-01"
HEAD = "企业代号,发票号码,开票日期,{}方单位代号,金额,税额,价税合计,发票状态\n"
# The tax office knows a year of purchases of the victim, one of them of the inventor.
BOUGHT = "".join(f"V,{n},2019/{n}/5,L{n},100.00,13.00,113.00,有效发票\n" for n in range(1, 13))
TRUE = "V,77,2019/6/7,E1,300.00,39.00,339.00,有效发票\n"
INVENTED = "".join(
    f"E1,9{n},{2018 + n % 3}/7/7,{partner},500.00,65.00,565.00,有效发票\n"
    for n, partner in enumerate(["V", "V", "V", "NOPE", "NOPE", "NOPE"])
)


def invent(house: House) -> None:
    sent = house.client.post(
        "/v1/imports?kind=invoices.sale", data=(HEAD.format("购") + INVENTED).encode(), headers=house.owner()
    )
    house.worker.run_once()
    done = house.client.get(f"/v1/imports/{sent.json['id']}", headers=house.owner()).json
    assert (done["state"], done["accepted"]) == ("done", 6), done


def checks(house: House, firm: str) -> Any:
    return house.client.get(f"/v1/enterprises/{firm}/cross-checks?{DAY}", headers=house.owner(f"local:{firm}")).json


def pairs(house: House, firm: str, verdict: str) -> Any:
    path = f"/v1/enterprises/{firm}/cross-checks/mirrored-invoice?verdict={verdict}&{DAY}"
    return house.client.get(path, headers=house.owner(f"local:{firm}")).json["items"]


def test_the_victim_is_contradicted_by_nothing_that_was_invented(cottage: House) -> None:
    """Its rules read as before, but for what one of them tells as unconfirmed."""
    cottage.send("invoices.purchase", HEAD.format("销") + BOUGHT + TRUE)
    before = checks(cottage, "V")
    invent(cottage)
    after = checks(cottage, "V")
    assert [one["verdict"] for one in after["rules"]][1:] == [one["verdict"] for one in before["rules"]][1:]
    (told,) = (one for one in after["rules"] if one["rule"] == "mirrored-invoice")
    assert (told["verdict"], told["compared"], told["contradictions"], told["unconfirmed"]) == ("unconfirmed", 0, 0, 1)
    assert after["pass_rate"] == before["pass_rate"]
    assert pairs(cottage, "V", "contradicts") == []


def test_the_inventor_reads_the_same_of_a_firm_in_the_book_and_of_none(cottage: House) -> None:
    """Every sale is unconfirmed, whether the other is there, since when it is, and what it bought."""
    cottage.send("invoices.purchase", HEAD.format("销") + BOUGHT + TRUE)
    invent(cottage)
    told = pairs(cottage, "E1", "unconfirmed")
    by_partner = {
        name: [{**each, "counterparty": "", "subject": "", "on": ""} for each in told if each["counterparty"] == name]
        for name in ("V", "NOPE")
    }
    assert by_partner["V"] == by_partner["NOPE"]
    assert len(told) == 6
    assert pairs(cottage, "E1", "contradicts") == pairs(cottage, "E1", "agrees") == []


def test_nor_does_its_whole_answer_change_when_the_other_comes(cottage: House) -> None:
    """Byte for byte but for the time, and the portrait's share of checks passed with it."""
    invent(cottage)
    before = cottage.client.get(f"/v1/enterprises/E1/cross-checks?{DAY}", headers=cottage.owner()).json
    cottage.send("invoices.purchase", HEAD.format("销") + BOUGHT + TRUE)
    after = cottage.client.get(f"/v1/enterprises/E1/cross-checks?{DAY}", headers=cottage.owner()).json
    assert {**after, "known_at": ""} == {**before, "known_at": ""}
