"""What a firm says first, or of others' names, keeps no source out, names nobody for others and tells it nothing."""

from __future__ import annotations

from typing import Any

import pytest
from electronic_invoices import BUYER
from profile_house import HEADER, House

SALES = HEADER.replace("销方单位代号", "购方单位代号")
RED = "24112000000000000001"
CANCELLED = f"E1,{RED},2024/1/6,K1,-900000.00,0.00,-900000.00,有效发票\n"
NAMED = "企业代号,发票号码,开票日期,购方识别号,购方名称,金额,税额,价税合计,发票状态\n"
LINES = "企业代号,对方户名,对方账号,交易日期,借方发生额,贷方发生额\n"


def hand_in(house: House, kind: str, body: str, headers: dict[str, str], more: str = "") -> dict[str, Any]:
    """Send a file as somebody and return its import, worked off."""
    sent = house.client.post(f"/v1/imports?kind={kind}&filename=f.csv{more}", data=body.encode(), headers=headers)
    assert sent.status_code == 202, sent.json
    while house.worker.run_once():
        pass
    done: dict[str, Any] = house.client.get(f"/v1/imports/{sent.json['id']}", headers=headers).json
    assert done["state"] == "done", done
    return done


def receipts(house: House, enterprise: str) -> list[tuple[str | None, str | None]]:
    """Return of whom the payments of a firm are, and by what each was told."""
    rows = house.context.lakes["payments"].read(house.context.lakes["payments"].newest(), [enterprise], without=())
    return rows.sort("date").select("counterparty", "party_match").rows()


@pytest.mark.parametrize(
    ("first", "made_on"),
    [
        ("-0.01,0.00,-0.01,有效发票", "&stated_on=2024-12-31"),
        ("900000.00,0.00,900000.00,作废发票", "&stated_on=2024-12-31"),
        ("*", ""),
    ],
    ids=["smaller", "void", "more often than is held"],
)
def test_a_red_letter_is_not_kept_out_by_whoever_speaks_first(cottage: House, first: str, made_on: str) -> None:
    """The firm knows its number before the tax office's export does; neither days nor versions help it."""
    cottage.send("invoices.sale", SALES + "E1,1,2024/1/5,K1,1000000.00,0.00,1000000.00,有效发票\n")
    cottage.date_book("2024-12-31")
    cottage.follows = False
    turns = (
        [f"-0.01,0.00,-0.01,{('有效发票', '作废发票')[turn % 2]}" for turn in range(32_767)]
        if first == "*"
        else [first]
    )
    hand_in(
        cottage, "invoices.sale", SALES + "".join(f"E1,{RED},2024/1/6,K1,{said}\n" for said in turns), cottage.owner()
    )

    assert hand_in(cottage, "invoices.sale", SALES + CANCELLED, cottage.source, made_on)["accepted"] == 1

    told = cottage.client.get("/v1/enterprises/E1/features", headers=cottage.owner()).json
    assert told["values"]["sales_12m"] == 10_000_000
    assert told["confirmed"] is None


def test_a_firm_does_not_learn_from_its_own_list_whose_files_there_are(cottage: House) -> None:
    """A name of the book and one that nobody bears are told alike; a source's list finds the one that is there."""
    cottage.send("enterprises", "企业代号,企业名称\nE2,杭州西湖机械有限公司\n")
    names = ("杭州西湖机械有限公司", "杭州东湖机械有限公司")
    told = [
        hand_in(cottage, "payments", f"{LINES}E1,{name},,2024-02-0{day},,100.00\n", cottage.owner())["warnings"]
        for day, name in enumerate(names, 1)
    ]
    assert told[0] == told[1]
    assert receipts(cottage, "local:E1") == [(None, None)] * 2
    hand_in(cottage, "payments", f"{LINES}E3,{names[0]},,2024-02-01,,100.00\n", cottage.source)
    assert receipts(cottage, "local:E3") == [("E2", "name")]


def test_names_that_a_firm_gives_to_a_partner_count_for_its_own_lines_only(cottage: House) -> None:
    """Another's customer cannot be renamed: its receipts are told as before. A source's word counts for all."""
    cottage.send("invoices.sale", NAMED + f"E2,1,2024-01-05,{BUYER},,100.00,0.00,100.00,正常\n")
    named = f"E1,9,2024-01-05,{BUYER},杭州西湖机械有限公司,100.00,0.00,100.00,正常\n"
    hand_in(cottage, "invoices.sale", NAMED + named, cottage.owner())
    for day, firm in enumerate(("E1", "E2"), 1):
        line = f"{firm},杭州西湖机械有限公司,,2024-02-0{day},,100.00\n"
        hand_in(cottage, "payments", LINES + line, cottage.bank(None))
    assert receipts(cottage, "local:E1") == [(f"uscc:{BUYER}", "name")]
    assert receipts(cottage, "local:E2") == [(None, None)]

    cottage.send("invoices.sale", NAMED + named.replace("E1,9", "E3,8"))
    hand_in(cottage, "payments", f"{LINES}E2,杭州西湖机械有限公司,,2024-02-03,,100.00\n", cottage.bank(None))
    assert receipts(cottage, "local:E2")[-1] == (f"uscc:{BUYER}", "name")


def test_an_account_is_nobodys_by_the_firms_own_word(cottage: House) -> None:
    """Else its owner's private account would pay for whichever customer it invents."""
    cottage.send("invoices.sale", SALES + "E1,1,2024/1/5,K1,100.00,0.00,100.00,有效发票\n")
    own = "企业代号,对方单位代号,对方账号,交易日期,借方发生额,贷方发生额\nE1,K1,6222000000000001,2024-02-01,,1.00\n"
    hand_in(cottage, "payments", own, cottage.owner())
    hand_in(cottage, "payments", f"{LINES}E1,,6222000000000001,2024-02-02,,100.00\n", cottage.bank(None))
    assert receipts(cottage, "local:E1") == [("K1", "code"), (None, None)]
