"""Figures of the graph as their readers meet them: open files only, others' words only, nothing won by hiding."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from profile_house import House

HEADER = "企业代号,关系类型,关联方,持股比例,金额,起始日期,终止日期\n"
# A is owned by B and by a person who is also in charge; B is owned by C. D's own person is A's too.
TIES = (
    "A,股东,local:B,40%,4000000,2020-01-01,\n"
    "A,股东,张三,60%,6000000,2020-01-01,\n"
    "A,法定代表人,张三,,,2020-01-01,\n"
    "A,注册资本,A,,10000000,2020-01-01,\n"
    "B,注册资本,B,,90000000,2019-01-01,\n"
    "B,股东,local:C,100%,90000000,2019-01-01,\n"
    "D,法定代表人,张三,,,2020-01-01,\n"
    "D,担保人,local:A,,5000000,2020-01-01,\n"
)
RECORDS = (
    "企业代号,记录类型,文书号,失信程度,认定机关,决定日期,公示日期,公示截止日期\n"
    "B,法院执行,执1,一般,人民法院,2026-01-10,2026-01-12,2028-01-12\n"
    "C,失信被执行人,执2,严重,人民法院,2026-01-10,2026-01-12,2028-01-12\n"
)
SALES = (
    "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
    "A,1001,2026/3/4,B,1000.00,130.00,1130.00,有效发票\n"
    "A,1002,2026/4/4,C,2000.00,260.00,2260.00,有效发票\n"
)
FIRMS = ("A", "B", "C", "D")


def tell(house: House) -> None:
    house.send("enterprises", "企业代号,企业名称,成立日期\n" + "".join(f"{n},{n}公司,2010-01-01\n" for n in FIRMS))
    assert house.send("relations", HEADER + TIES)["accepted"] == 8
    assert house.send("public-records", RECORDS)["accepted"] == 2
    assert house.send("invoices.sale", SALES)["accepted"] == 2
    house.date_book("2026-06-30")


@pytest.fixture
def told(furnished: Callable[[Callable[[House], Any]], House]) -> House:
    return furnished(tell)


def consent(house: House, firms: Iterable[str]) -> None:
    for firm in firms:
        house.consent(f"local:{firm}", fields=["graph"])


def ask(house: House, firm: str = "A", headers: dict[str, str] | None = None, query: str = "") -> dict[str, Any]:
    path = f"/v1/enterprises/local:{firm}/graph-features{query}"
    answer = house.client.get(path, headers=headers or house.bank())
    assert answer.status_code == 200, answer.json
    found: dict[str, Any] = answer.json
    return found


def values(found: dict[str, Any]) -> dict[str, float | None]:
    return {each["name"]: each["value"] for each in found["figures"]}


def test_each_figure_names_the_neighbours_of_the_firm_s_own_file(told: House) -> None:
    consent(told, ["A"])
    figures = {each["name"]: each for each in ask(told)["figures"]}
    assert figures["corporate_owners"]["neighbours"] == [{"party": "local:B", "tie": "invests", "value": 1.0}]
    assert figures["strongest_partner"]["neighbours"] == [
        {"party": "local:B", "tie": "invests", "value": 9_000_000_000.0}
    ]
    assert figures["distress_1"]["neighbours"] == [{"party": "local:B", "tie": "invests", "value": 1.0}]
    assert figures["personal_capital_share"]["value"] == pytest.approx(0.6)
    assert figures["combined_offices"]["value"] == 1.0
    assert [each["party"] for each in figures["trade_with_troubled_12m"]["neighbours"]] == ["local:C", "local:B"] or [
        each["party"] for each in figures["trade_with_troubled_12m"]["neighbours"]
    ] == ["C", "B"]
    (person,) = figures["managers"]["neighbours"]
    assert person["party"].startswith("hash:")


def test_ties_of_another_file_count_only_where_it_is_open_and_that_leaves_a_record(told: House) -> None:
    """B's owner C is in trouble, D has A's person and A's guarantee: nothing of it without their consent."""
    consent(told, ["A"])
    shut = values(ask(told))
    assert (shut["distress_2"], shut["guarantees"], shut["shared_persons"], shut["group_size"]) == (0.0, 0.0, 0.0, 2.0)
    consent(told, ["B", "D"])
    wide = values(ask(told))
    assert (wide["distress_2"], wide["guarantees"], wide["shared_persons"], wide["group_size"]) == (1.0, 1.0, 1.0, 4.0)
    for firm in ("B", "D"):
        page = told.client.get(f"/v1/enterprises/local:{firm}/accesses", headers=told.owner(f"local:{firm}"))
        assert [each["what"] for each in page.json["items"]] == ["graph/features"]


def test_who_bears_a_common_name_has_no_group_by_it(told: House) -> None:
    """Ten firms name a 张三: none of their files is opened for it, and no figure knows of them."""
    rows = "".join(f"O{n},法定代表人,张三,,,2020-01-01,\n" for n in range(8))
    told.send("relations", HEADER + rows)
    consent(told, [*FIRMS, "O0", "O1"])
    found = values(ask(told))
    alone = told.client.get("/v1/enterprises/local:O0/accesses", headers=told.owner("local:O0")).json["items"]
    assert alone == []
    told.consent("local:O2", fields=["graph"])
    assert values(ask(told)) == found


def test_a_common_name_ties_no_group_of_files_that_are_open_by_another_way(told: House) -> None:
    """D, open as A's guarantor, names the crowd's 张三 as A does: he is A's own owner still, and ties it to nobody."""
    consent(told, ["A", "D"])
    before = values(ask(told))
    told.send("relations", HEADER + "".join(f"O{n},法定代表人,张三,,,2020-01-01,\n" for n in range(8)))
    told.date_book("2026-06-30")
    after = values(ask(told))
    names = ("guarantees", "group_size", "shared_persons", "personal_owners", "combined_offices")
    assert [before[name] for name in names] == [1.0, 3.0, 1.0, 1.0, 1.0]
    assert [after[name] for name in names] == [1.0, 2.0, 0.0, 1.0, 1.0]


def test_a_file_that_is_shut_answers_as_one_that_is_not_there(told: House) -> None:
    """By value, count, order or words nobody learns whether a firm beyond is in the book, or tied further."""
    consent(told, ["A"])
    before = ask(told)
    told.send("relations", HEADER + "D,股东,local:A,10%,100,2020-01-01,\nB,法定代表人,李四,,,2020-01-01,\n")
    told.date_book("2026-06-30")
    after = ask(told)
    assert {**after, "known_at": None} == {**before, "known_at": None}


def test_of_a_shut_partner_only_what_registers_publish_counts(cottage: House) -> None:
    """The attack: does a figure change when the partner enters the book, or when others tell of it behind its door?

    Its day of registration, as a source of the book describes it, and its capital by a trading partner's word would
    tell so. A register's own entry is public: by that it is strong, and as old as the entry, whoever reads.
    """
    assert cottage.send("relations", HEADER + "A,注册资本,A,,10000000,2020-01-01,\n")["accepted"] == 1
    assert cottage.send("invoices.sale", SALES)["accepted"] == 2
    cottage.date_book("2026-06-30")
    consent(cottage, ["A"])
    before = ask(cottage)
    cottage.send("enterprises", "企业代号,企业名称,成立日期\nB,B公司,2010-01-01\n")
    behind = HEADER + "B,注册资本,B,,90000000,2012-01-01,\n"
    sent = cottage.client.post(
        "/v1/imports?kind=relations&filename=r.csv&channel=counterparty", data=behind.encode(), headers=cottage.source
    )
    assert sent.status_code == 202, sent.json
    cottage.worker.run_once()
    cottage.date_book("2026-06-30")
    after = ask(cottage)
    assert {**after, "known_at": None} == {**before, "known_at": None}
    names = ("trade_with_old_12m", "trade_with_strong_12m")
    assert [values(after)[name] for name in names] == [0.0, 0.0]
    cottage.send("relations", HEADER + "C,注册资本,C,,90000000,2012-01-01,\n")
    cottage.date_book("2026-06-30")
    assert [values(ask(cottage))[name] for name in names] == [200_000.0, 200_000.0]
    consent(cottage, ["B"])
    assert [values(ask(cottage))[name] for name in names] == [200_000.0, 200_000.0]


def test_dependence_goes_both_ways_and_a_partner_s_side_needs_its_file(told: House) -> None:
    """A sells B a third and C two thirds; of B's own purchases A makes four fifths, which B's file alone tells."""
    bought = SALES.splitlines()[0].replace("购方", "销方")
    rows = f"{bought}\nB,1001,2026/3/4,A,1000.00,130.00,1130.00,有效发票\nB,9,2026/3/5,E9,250.00,0.00,250.00,有效发票\n"
    assert told.send("invoices.purchase", rows)["accepted"] == 2
    told.date_book("2026-06-30")
    consent(told, ["A"])
    shut = values(ask(told))
    assert shut["sales_to_one_12m"] == pytest.approx(2 / 3)
    assert (shut["customer_relies_12m"], shut["purchases_from_one_12m"]) == (None, None)
    consent(told, ["B"])
    figures = {each["name"]: each for each in ask(told)["figures"]}
    relies = figures["customer_relies_12m"]
    assert relies["value"] == pytest.approx(0.8)
    assert relies["neighbours"] == [{"party": "B", "tie": "trades", "value": 100_000.0}]
    assert figures["systemic_exposure"]["value"] == pytest.approx(2 / 3)


def test_trade_that_goes_round_is_told_with_its_neighbours_where_the_purpose_opens_rings(told: House) -> None:
    """A sells B, B sells C, C sells A, ten thousand yuan and more: what B and C deal is neither counted nor named."""
    hops = (("A", "B", 5), ("B", "C", 6), ("C", "A", 7))
    rows = "".join(
        f"{one},80{day},2026/5/{day},{to},2000{day}.00,0.00,2000{day}.00,有效发票\n" for one, to, day in hops
    )
    told.send("invoices.sale", SALES.splitlines()[0] + "\n" + rows)
    told.date_book("2026-06-30")
    consent(told, ["A"])
    figures = {each["name"]: each for each in ask(told)["figures"]}
    assert (figures["ring_trade_12m"]["value"], figures["ring_trade_12m"]["hideable"]) == (4_001_200.0, True)
    assert {each["party"]: each["value"] for each in figures["ring_trade_12m"]["neighbours"]} == {
        "B": 2_000_500.0,
        "C": 2_000_700.0,
    }
    told.consent("local:A", purposes=("financing-match",), fields=["graph"])
    other = values(ask(told, headers=told.bank("financing-match")))
    assert (other["ring_trade_12m"], other["systemic_exposure"]) == (None, None)
    assert other["sales_to_one_12m"] is not None


def test_without_a_consent_nothing_is_told(told: House) -> None:
    answer = told.client.get("/v1/enterprises/local:A/graph-features", headers=told.bank())
    assert (answer.status_code, answer.json["type"].rsplit("/", 1)[-1]) == (403, "consent-required")


def test_a_firm_wins_nothing_by_a_tie_or_a_sale_that_it_makes_up(told: House) -> None:
    """A strong owner, a strong partner, a sale: of its own word they move no figure."""
    owner = told.owner("local:A")
    before = ask(told, headers=owner)
    rows = HEADER + "A,股东,local:C,5%,99000000,2021-01-01,\n"
    body = SALES.splitlines()[0] + "\nA,7001,2026/5/4,B,900000.00,117000.00,1017000.00,有效发票\n"
    for kind, content in (("relations", rows), ("invoices.sale", body)):
        sent = told.client.post(f"/v1/imports?kind={kind}&filename=own.csv", data=content.encode(), headers=owner)
        assert sent.status_code == 202, sent.json
        told.worker.run_once()
    told.date_book("2026-06-30")
    assert values(ask(told, headers=owner)) == values(before)


def test_a_partner_left_out_never_improves_a_figure_that_a_model_could_use(told: House) -> None:
    """Each invoice that others tell raises amounts that speak for the firm, or leaves them (ADR 26)."""
    owner = told.owner("local:A")
    before = {each["name"]: each for each in ask(told, headers=owner)["figures"]}
    told.send("invoices.sale", SALES.splitlines()[0] + "\nA,1003,2026/5/4,D,500.00,65.00,565.00,有效发票\n")
    told.date_book("2026-06-30")
    for each in ask(told, headers=owner)["figures"]:
        if each["block"] == "trade" and not each["hideable"]:
            assert each["direction"] * each["value"] <= each["direction"] * before[each["name"]]["value"], each["name"]


def test_of_whom_nobody_tells_a_tie_all_is_unknown(told: House) -> None:
    """Unknown is no zero: a model counts it as worse than any known value."""
    assert set(values(ask(told, "C", told.owner("local:C"))).values()) == {None}


def test_the_past_reads_the_same_after_later_news(told: House) -> None:
    consent(told, ["A"])
    first = ask(told)
    told.send("relations", HEADER + "A,股东,local:D,1%,1,2020-06-01,\n")
    moment = f"?as_of={first['as_of']}&known_at={first['known_at'].replace('+', '%2B')}"
    assert ask(told, query=moment) == first
