"""What only a firm says, in the answers about it: the money by channel, what is confirmed, the features without."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import orjson
import polars as pl
import pytest
from profile_house import House

HEAD = "企业代号,发票号码,开票日期,购方单位代号,金额,税额,价税合计,发票状态\n"
# A sale of 100 yuan that the tax office knows, and ten that only the firm tells.
KNOWN = "E1,1001,2019/1/4,A1,100.00,13.00,113.00,有效发票\n"
TOLD = "".join(f"E1,{n},2019/{n - 2000}/4,B{n},200.00,26.00,226.00,有效发票\n" for n in range(2001, 2011))
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
    answer = house.client.get(f"{FILE}/features{query}", headers=headers or house.owner())
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
    before = features(boasted, query=f"?known_at={quote(before_it_spoke(boasted))}&as_of={with_all['as_of']}")
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
    body = {"enterprises": ["local:E1"]}
    answer = boasted.client.post("/v1/feature-sets", json=body, headers=boasted.bank())
    (row,) = pl.read_parquet(answer.data).select("evidence", "confirmed", "disputes").to_dicts()
    one = features(boasted)
    assert row["disputes"] is None
    assert (orjson.loads(row["evidence"]), orjson.loads(row["confirmed"])) == (one["evidence"], one["confirmed"])
