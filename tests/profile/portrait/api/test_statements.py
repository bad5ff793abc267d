"""A bank statement as it comes: its names find the customers of the invoices, so that receipts are compared."""

from __future__ import annotations

from typing import Any

import polars as pl
from electronic_invoices import BUYER
from profile_house import House, counts

from services.profile.book import state_store, step_store
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import gather

FIRM = "local:E1"
PAYMENTS = f"/v1/imports?kind=payments&enterprise={FIRM}"
INVOICES = (
    "企业代号,发票号码,开票日期,购方识别号,购方名称,金额,税额,价税合计,发票状态\n"
    f"E1,00000001,2024-01-05,{BUYER},杭州甲木机械有限公司,100000.00,13000.00,113000.00,正常\n"
    f"E1,00000002,2024-02-05,{BUYER},杭州甲木机械有限公司,100000.00,13000.00,113000.00,正常\n"
    "E1,00000003,2024-10-05,B2,,100.00,13.00,113.00,正常\n"
)
ICBC = (
    "[HISTORYDETAIL]\n"
    "凭证号,本方账号,交易时间,对方单位,对方账号,转入金额,转出金额,余额,摘要\n"
    "1,1202000000000000001,2024-02-01 09:00:00,杭州甲木机械有限公司,6222000000000001,113000.00,,113000.00,货款\n"
    "2,1202000000000000001,2024-02-02 09:00:00,杭州云帆贸易有限公司,1202000000000000002,,3000.00,110000.00,调拨\n"
    "3,1202000000000000001,2024-02-03 09:00:00,张三,6217000000000009,,5000.00,105000.00,工资\n"
    "4,1202000000000000001,2024-03-01 09:00:00,,6222000000000001,113000.00,,218000.00,\n"
)


def sent(house: House, path: str, body: str) -> dict[str, Any]:
    answer = house.client.post(path, data=body.encode("gb18030"), headers=house.source)
    house.worker.run_once()
    return house.state(answer.json["id"])


def payments(house: House) -> pl.DataFrame:
    with house.context.database.read() as session:
        state = state_store.book(session)
    assert state.date is not None
    moment = Moment(state.lake_version, state.date, None)
    return gather(house.context, moment, Whole(Why.ACTS, (FIRM,))).payments.sort("date")


def known_firm(house: House) -> None:
    house.send("enterprises", "企业代号,企业名称\nE1,杭州云帆贸易有限公司\n")
    house.send("invoices.sale", INVOICES)


def test_receipts_of_a_statement_are_compared_with_the_invoices(cottage: House) -> None:
    """The cross-check of receipts speaks, late payment too, and each record tells how its party was recognised."""
    known_firm(cottage)
    done = sent(cottage, f"{PAYMENTS}&connector=icbc", ICBC)
    assert (counts(done), done["state"]) == ((4, 4, 0, 0), "done")
    rows = payments(cottage)
    assert rows["counterparty"].to_list() == [f"uscc:{BUYER}", None, None, f"uscc:{BUYER}"]
    assert rows["party_match"].to_list() == ["name", "own", None, "account"]
    owner = cottage.owner(FIRM)
    checks = cottage.client.get(f"/v1/enterprises/{FIRM}/cross-checks?as_of=2024-10-05", headers=owner).json["rules"]
    verdict = {one["rule"]: (one["verdict"], one["compared"]) for one in checks}
    assert verdict["receipts-below-sales"] == ("agrees", 1)
    late = cottage.client.get(f"/v1/enterprises/{FIRM}/late-payments?as_of=2024-10-05", headers=owner).json
    assert (late["payments_since"], late["unrecognised_fen"]) == ("2024-02-01", 0)
    traced = cottage.client.get(
        f"/v1/enterprises/{FIRM}/evidence?feature=days_beyond_terms_received_12m&as_of=2024-10-05", headers=owner
    ).json["items"]
    said = [one["recognised"]["en"] for one in traced if one["kind"] == "payments"]
    assert said == ["its account was told by a code or a name before", "the name is a firm's whole name"]


def test_nothing_of_a_name_or_an_account_is_kept(cottage: House) -> None:
    """Accounts are hashes, names are gone, and what is told and reported of the import shows neither."""
    known_firm(cottage)
    bad = ICBC + "5,1202000000000000001,2024-03-02,李四,6217000000000010,x,,218000.00,\n"
    done = sent(cottage, f"{PAYMENTS}&connector=icbc", bad)
    held = str(payments(cottage).to_dicts())
    told = str(done) + "".join(cottage.rejects(done["id"]))
    for secret in ("张三", "李四", "6222000000000001", "6217000000000010", "1202000000000000001"):
        assert secret not in held
        assert secret not in told
    assert payments(cottage)["account"].drop_nulls().str.starts_with("hash:").all()
    assert any("name a party" in each for each in done["warnings"])


def test_money_of_unknown_parties_is_told_beside_what_is_open(cottage: House) -> None:
    """A receipt that nobody was told for may have paid what seems open: late payment says how much there is."""
    known_firm(cottage)
    sent(cottage, f"{PAYMENTS}&connector=icbc", ICBC.replace("杭州甲木机械有限公司", "某某行"))
    owner = cottage.owner(FIRM)
    late = cottage.client.get(f"/v1/enterprises/{FIRM}/late-payments?as_of=2024-10-05", headers=owner).json
    assert late["unrecognised_fen"] == 22_600_000
    checks = cottage.client.get(f"/v1/enterprises/{FIRM}/cross-checks?as_of=2024-10-05", headers=owner).json["rules"]
    assert {one["rule"]: one["verdict"] for one in checks}["receipts-below-sales"] == "not-compared"


def test_a_statement_sent_again_is_told_anew_when_more_is_known(cottage: House) -> None:
    """First nobody is known; once invoices name the customer, the same file brings new versions, and then none."""
    first = sent(cottage, PAYMENTS, ICBC.removeprefix("[HISTORYDETAIL]\n"))
    assert counts(first) == (4, 4, 0, 0)
    assert payments_without_book(cottage).to_list() == [None] * 4
    known_firm(cottage)
    again = sent(cottage, PAYMENTS, ICBC.removeprefix("[HISTORYDETAIL]\n"))
    assert counts(again)[1] == 3
    assert payments(cottage)["counterparty"].to_list() == [f"uscc:{BUYER}", None, None, f"uscc:{BUYER}"]
    assert counts(sent(cottage, PAYMENTS, ICBC.removeprefix("[HISTORYDETAIL]\n"))) == (4, 0, 4, 0)


def payments_without_book(house: House) -> pl.Series:
    with house.context.database.read() as session:
        versions = step_store.lake_versions(session)
    return house.context.lakes["payments"].read(versions["payments"], [FIRM], without=())["counterparty"]


def test_an_import_that_was_taken_back_names_nobody(cottage: House) -> None:
    """Names of invoices that were withdrawn tell no party any more."""
    cottage.send("enterprises", "企业代号,企业名称\nE1,杭州云帆贸易有限公司\n")
    invoices = cottage.send("invoices.sale", INVOICES)
    taken = cottage.client.post(f"/v1/imports/{invoices['id']}/withdraw", headers=cottage.source)
    assert taken.status_code < 300
    cottage.worker.run_once()
    sent(cottage, f"{PAYMENTS}&connector=icbc", ICBC)
    assert payments_without_book(cottage).drop_nulls().is_empty()
