"""What only a firm says, in the answers about it: the money by channel, what is confirmed, the features without."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import polars as pl
import pytest
from profile_house import House, open_house

from chassis.core.identity import Verifier
from services.profile.book import snapshots

HEAD = "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
# A sale of 100 yuan that the tax office knows, and ten that only the firm tells.
KNOWN = "E1,1001,2019/1/4,A1,100.00,13.00,113.00,有效发票\n"
TOLD = "".join(f"E1,{n},2019/{n - 2000}/4,B{n},200.00,26.00,226.00,有效发票\n" for n in range(2001, 2011))
AS_OF = "2019-12-31"
FILE = "/v1/enterprises/E1"
NOBODY = {"other_source": 0, "other_side": 0, "bank": 0, "filing": 0}


def say(house: House, rows: str, kind: str = "invoices.sale", by: dict[str, str] | None = None, query: str = "") -> str:
    """Let the firm itself (or `by`) send rows; return the import."""
    headers = by or house.owner()
    sent = house.client.post(f"/v1/imports?kind={kind}&filename=own.csv{query}", data=rows.encode(), headers=headers)
    assert sent.status_code == 202, sent.json
    house.worker.run_once()
    done = house.client.get(f"/v1/imports/{sent.json['id']}", headers=headers).json
    assert (done["state"], done["rejected"]) == ("done", 0), done
    return str(done["id"])


def features(house: House, headers: dict[str, str] | None = None, query: str = "") -> Any:
    answer = house.client.get(f"{FILE}/features?as_of={AS_OF}{query}", headers=headers or house.owner())
    assert answer.status_code == 200, answer.json
    return answer.json


@pytest.fixture
def boasted(house: House) -> House:
    """A firm that the tax office knows one sale of, and that tells ten more itself."""
    house.send("invoices.sale", HEAD + KNOWN)
    say(house, HEAD + TOLD)
    return house


def test_what_others_say_is_confirmed_and_leaves_nothing_aside(cottage: House) -> None:
    cottage.send("invoices.sale", HEAD + KNOWN)
    found = features(cottage)
    assert found["confirmed"] is None
    assert found["evidence"] == {
        "total_fen": 11_300,
        "by_channel": {"government": 11_300},
        "confirmed_fen": 11_300,
        "unconfirmed_fen": 0,
        "confirmed_by": NOBODY,
    }


def test_an_empty_file_has_no_evidence(cottage: House) -> None:
    cottage.send("enterprises", "企业代号,企业名称\nE1,甲\n")
    found = features(cottage)
    assert (found["evidence"], found["confirmed"]) == (None, None)


def test_what_only_the_firm_says_is_told_apart_and_set_aside_beside(boasted: House) -> None:
    """Eleven sales with everything, one without what only the firm says."""
    found = features(boasted)
    assert (found["values"]["sales_12m"], found["confirmed"]["values"]["sales_12m"]) == (210_000, 10_000)
    assert found["evidence"]["by_channel"] == {"government": 11_300, "subject": 226_000}
    assert (found["evidence"]["confirmed_fen"], found["evidence"]["unconfirmed_fen"]) == (11_300, 226_000)


def test_the_features_without_are_those_of_the_book_without_the_firms_word(boasted: House) -> None:
    """To the hash: as if the firm had never said it."""
    with_all = features(boasted)
    before = features(boasted, query=f"&known_at={quote(before_it_spoke(boasted))}")
    assert with_all["confirmed"]["features_sha256"] == before["features_sha256"]
    assert (before["confirmed"], before["evidence"]["by_channel"]) == (None, {"government": 11_300})


def before_it_spoke(house: House) -> str:
    """Return a time at which only the tax office had spoken."""
    rows = house.context.lake.read(house.context.lake.newest(), without=()).sort("known_at")
    first = rows["known_at"].unique().sort()
    return str((first[0] + (first[1] - first[0]) / 2).isoformat())


def test_a_table_has_both_as_json_where_a_row_has_them(boasted: House) -> None:
    """As disputes are: for one firm and for many the same figures."""
    boasted.consent()
    body = {"enterprises": ["local:E1"], "as_of": AS_OF}
    answer = boasted.client.post("/v1/feature-sets", json=body, headers=boasted.bank())
    (row,) = pl.read_parquet(answer.data).select("evidence", "confirmed", "disputes").to_dicts()
    one = features(boasted)
    assert row["disputes"] is None
    assert (orjson.loads(row["evidence"]), orjson.loads(row["confirmed"])) == (one["evidence"], one["confirmed"])


BOUGHT = HEAD.replace("购方", "销方")
PARTNER = BOUGHT + "B2001,2001,2019/1/4,E1,200.00,26.00,226.00,有效发票\n"
LINE = "企业代号,银行流水号,交易日期,收支方向,对方单位代号,金额,状态\nE1,s1,2019-01-20,收入,B2001,226.00,成功\n"
FILING = (
    "税种,企业代号,所属期起,所属期止,申报销售额,应纳税额,实缴税额\n增值税,E1,2019-01-01,2019-01-31,300.00,39.00,39.00\n"
)
CONFIRMED_BY = {
    "other_source": ("invoices.sale", HEAD + TOLD.splitlines()[0] + "\n"),
    "other_side": ("invoices.purchase", PARTNER),
    "bank": ("payments", LINE),
    "filing": ("tax-filings", FILING),
}


@pytest.fixture
def single(house: House) -> House:
    """A firm that the tax office knows one sale of, and that tells one more itself; a bank has its consent."""
    house.send("invoices.sale", HEAD + KNOWN)
    say(house, HEAD + TOLD.splitlines()[0] + "\n")
    house.consent()
    return house


def all_confirmed(found: Any, by: str) -> bool:
    """Tell whether nothing is set aside; a filing tells no partner, so what it alone confirms is with none."""
    if by != "filing":
        return found["confirmed"] is None
    whole, counted = found["values"], found["confirmed"]["values"]
    same = ("sales_12m", "sales_active_months_12m", "invoices_36m", "sales_days_since_last")
    return all(whole[each] == counted[each] for each in same) and counted["customers_12m"] == 1


def as_bank(house: House, query: str = "") -> Any:
    return features(house, house.bank(), query)


@pytest.mark.parametrize("by", CONFIRMED_BY)
def test_a_confirmation_that_comes_makes_the_stored_answer_void(single: House, by: str) -> None:
    """Also one that comes with another firm's import: the bank's next read tells it, one by one and in a table."""
    before = as_bank(single)
    assert before["confirmed"]["values"]["sales_12m"] == 10_000
    done = single.send(*CONFIRMED_BY[by])
    assert (done["state"], done["rejected"]) == ("done", 0), done
    after = as_bank(single)
    assert all_confirmed(after, by)
    assert after["evidence"]["confirmed_by"] == {**NOBODY, by: 22_600}
    assert after["values"]["sales_12m"] == before["values"]["sales_12m"] == 30_000
    order = {"enterprises": ["local:E1"], "as_of": AS_OF}
    table = single.client.post("/v1/feature-sets", json=order, headers=single.bank())
    assert orjson.loads(pl.read_parquet(table.data)["evidence"][0]) == after["evidence"]


@pytest.mark.parametrize("by", CONFIRMED_BY)
def test_a_confirmation_that_is_taken_back_confirms_no_more(single: House, by: str) -> None:
    before = as_bank(single)
    done = single.send(*CONFIRMED_BY[by])
    assert all_confirmed(as_bank(single), by)
    assert single.client.post(f"/v1/imports/{done['id']}/withdraw", headers=single.source).status_code == 200
    while single.worker.run_once():
        pass
    after = as_bank(single)
    assert (after["confirmed"], after["evidence"]) == (before["confirmed"], before["evidence"])


def test_the_past_is_told_as_it_was_known(single: House) -> None:
    """A replay of before the bank's line shows what was unconfirmed then."""
    before = as_bank(single)
    single.send(*CONFIRMED_BY["bank"])
    assert as_bank(single)["confirmed"] is None
    assert as_bank(single, f"&known_at={quote(before['known_at'])}") == before


def test_a_partners_invoice_that_becomes_another_ones_confirms_no_more(single: House) -> None:
    """A correction of a 数电票 in the partner's file names another seller."""
    number = "24312000000000000001"
    say(single, HEAD + f"E1,{number},2019/1/9,B7,500.00,65.00,565.00,有效发票\n")
    file = BOUGHT + f"B7,{number},2019/1/9,{{}},500.00,65.00,565.00,有效发票\n"
    single.send("invoices.purchase", file.format("E1"))
    assert as_bank(single)["evidence"]["confirmed_by"]["other_side"] == 56_500
    single.send("invoices.purchase", file.format("E9"))
    assert as_bank(single)["evidence"]["confirmed_by"]["other_side"] == 0


def test_what_the_firm_says_again_of_anothers_record_stays_the_others(house: House) -> None:
    """Nor does saying it first, once another source has said it too."""
    house.send("invoices.sale", HEAD + KNOWN)
    say(house, HEAD + KNOWN)
    assert features(house)["evidence"]["by_channel"] == {"government": 11_300}


def test_the_firm_itself_does_not_learn_whose_files_there_are(single: House) -> None:
    """What it is told is the same before and after its partner's file came; its bank is told."""
    before = features(single)
    single.send(*CONFIRMED_BY["other_side"])
    after = features(single)
    assert as_bank(single)["confirmed"] is None
    same = ("evidence", "confirmed", "values", "features_sha256")
    assert {name: after[name] for name in same} == {name: before[name] for name in same}


@pytest.mark.parametrize("route", ["feature-reads", "feature-sets"])
def test_nor_by_another_way_of_asking(cottage: House, route: str) -> None:
    cottage.send("invoices.sale", HEAD + KNOWN)
    say(cottage, HEAD + TOLD.splitlines()[0] + "\n")
    cottage.send(*CONFIRMED_BY["other_side"])
    asked = {
        "feature-reads": {"reads": [{"enterprise": "local:E1"}], "what": "features", "as_of": AS_OF},
        "feature-sets": {"enterprises": ["local:E1"], "as_of": AS_OF},
    }
    for _ in range(2):
        answer = cottage.client.post(
            f"/v1/{route}", json=asked[route], headers=cottage.owner() | {"Purpose": "credit-assessment"}
        )
        assert answer.status_code == 200, answer.data
        read = (
            orjson.loads(answer.data)[0]["evidence"]
            if route == "feature-reads"
            else orjson.loads(pl.read_parquet(answer.data)["evidence"][0])
        )
        assert read["confirmed_by"] == NOBODY


def test_what_is_disputed_and_what_is_unconfirmed_are_both_set_aside_in_the_block_without_both(single: House) -> None:
    """The known sale is disputed: without it the two are 200 yuan, and nothing where neither counts."""
    items = single.client.get(f"{FILE}/evidence?feature=sales_36m", headers=single.owner()).json["items"]
    known = next(each["name"] for each in items if each["record"]["number"] == "1001")
    body = {"item": {"kind": "invoices", "record": known}, "reason": "not-ours", "statement": "不是我们的"}
    headers = single.owner() | {"Idempotency-Key": "dispute-1"}
    assert single.client.post("/v1/disputes", json=body, headers=headers).status_code == 201
    found = as_bank(single)
    assert (found["values"]["sales_12m"], found["confirmed"]["values"]["sales_12m"]) == (30_000, 10_000)
    assert found["undisputed"]["values"]["sales_12m"] == 20_000
    assert set(found["undisputed"]["confirmed"]["values"].values()) == {None}


def test_four_hundred_invented_sales_leave_the_features_without_them_as_they_were(cottage: House) -> None:
    """A firm invents three years of sales to invented customers; to the hash, and sales are told to be its own word."""
    cottage.send("invoices.sale", HEAD + KNOWN)
    cottage.consent()
    before = as_bank(cottage)
    days = [
        f"{year}/{month}/{1 + 2 * day}" for year in (2017, 2018, 2019) for month in range(1, 13) for day in range(12)
    ]
    rows = [f"E1,SELF{n:05d},{day},CUST{n % 12},400000.00,52000.00,452000.00,有效发票\n" for n, day in enumerate(days)]
    say(cottage, HEAD + "".join(rows))
    after = as_bank(cottage)
    assert after["confirmed"]["features_sha256"] == before["features_sha256"]
    assert after["values"]["sales_36m"] > 1000 * before["values"]["sales_36m"]
    assert after["evidence"]["unconfirmed_fen"] == 432 * 45_200_000 == after["evidence"]["by_channel"]["subject"]


def test_the_portrait_tells_whose_word_it_is(single: House) -> None:
    """As the features do: to the bank with what the partner's file confirms, to the firm itself without."""
    single.send(*CONFIRMED_BY["other_side"])
    path = f"{FILE}/portrait?as_of={AS_OF}"
    by_bank = single.client.get(path, headers=single.bank()).json
    itself = single.client.get(path, headers=single.owner()).json
    assert by_bank["evidence"] == as_bank(single)["evidence"]
    assert itself["evidence"] == features(single)["evidence"] != by_bank["evidence"]


def test_the_records_behind_a_figure_are_marked_where_only_the_firm_says_them(single: House) -> None:
    """Its word as such, until something confirms it; of what is no invoice nothing is told."""
    path = f"{FILE}/evidence?feature=kinds_of_data&as_of={AS_OF}"

    def marked() -> dict[str, bool | None]:
        items = single.client.get(path, headers=single.owner()).json["items"]
        return {each["record"].get("number") or each["kind"]: each["unconfirmed"] for each in items}

    assert marked() == {"1001": False, "2001": True}
    line = LINE.replace("226.00", "1.00").replace("2019-01-20", "2019-01-03")
    single.send("payments", line)
    assert marked() == {"1001": False, "2001": True, "payments": None}
    single.send("payments", LINE)
    assert marked() == {"1001": False, "2001": False, "payments": None}


@pytest.fixture
def palace(postgresql_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return the service on PostgreSQL: SQLite lets no import end while a read is recorded."""
    return open_house(postgresql_url, tmp_path, verifier, tokens)


RECORD = (
    "记录类型,企业代号,文书号,失信程度,认定机关,决定日期,公示日期\n"
    "失信被执行人,E1,(2019)执1号,严重,法院,2019-05-02,2019-05-10\n"
)
COMING = {"confirmation": CONFIRMED_BY["bank"], "record": ("public-records", RECORD)}


@pytest.mark.parametrize("what", COMING)
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_comes_in_the_midst_of_a_read_is_told_to_the_next(
    palace: House, monkeypatch: pytest.MonkeyPatch, what: str, when: str
) -> None:
    """Right before or after it is read how often files were changed: no answer of before is kept as one of now."""
    palace.send("invoices.sale", HEAD + KNOWN)
    if what == "confirmation":
        say(palace, HEAD + TOLD.splitlines()[0] + "\n")
    while palace.worker.run_once():
        pass
    kind, content = COMING[what]
    palace.client.post(f"/v1/imports?kind={kind}&filename=b.csv", data=content.encode(), headers=palace.source)
    read, came = snapshots.revisions, []

    def arrive() -> None:
        if not came:
            with ThreadPoolExecutor(1) as pool:
                came.append(pool.submit(palace.worker.run_once).result())

    def revisions(*asked: Any) -> dict[str, int]:
        if when == "before":
            arrive()
        found = read(*asked)
        arrive()
        return found

    monkeypatch.setattr(snapshots, "revisions", revisions)
    features(palace)
    after = features(palace)
    told = {"confirmation": after["confirmed"] is None, "record": len(after["records"]) == 1}
    assert (came, told[what]) == ([True], True)
