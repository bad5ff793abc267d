"""Rows that were stored before are read in the one spelling too, and tables that lack newer columns in full."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
from deltalake import write_deltalake

from services.profile.book.domain import invoice, payment, public_record
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.departure import Departure, names_of, remaining
from services.profile.book.lake import Lake

NOW = datetime(2026, 6, 1, tzinfo=UTC)
CODE = "91330106MA2AXK5R0W"
SPELLINGS = (CODE, f"uscc:{CODE}", CODE.lower(), f'="{CODE}"', "９１３３０１０６ＭＡ２ＡＸＫ５Ｒ０Ｗ")


def lake_of(dataset: Dataset, folder: Path) -> Lake:
    made = Lake(str(folder / dataset.name), dataset=dataset)
    made.create()
    return made


def sales(*pairs: tuple[str, str]) -> pl.DataFrame:
    """Return checked rows of sales by number and customer."""
    common = {"direction": "sale", "enterprise": "local:E1", "date": date(2026, 5, 1), "status": "valid"}
    money = {"net_fen": 100, "tax_fen": 13, "total_fen": 113}
    stated = [{**common, **money, "number": number, "counterparty": party} for number, party in pairs]
    schema = {name: invoice.SCHEMA[name] for name in (*common, *money, "number", "counterparty")}
    rows = pl.DataFrame(stated, schema=schema).with_columns(line=pl.int_range(2, len(pairs) + 2, dtype=pl.Int64))
    return invoice.DATASET.conform(rows)


def test_a_customer_stored_in_five_spellings_is_read_as_one(tmp_path: Path) -> None:
    """By name, as a whole and unread; and said again in another spelling it is a repeat."""
    lake = lake_of(invoice.DATASET, tmp_path)
    stored = lake.append(sales(*((str(place), each) for place, each in enumerate(SPELLINGS))), "imp_1", {}, now=NOW)
    for rows in (
        lake.read(stored.version, without=()),
        lake.read(stored.version, ["local:E1"], without=()),
        lake.scan(stored.version, without=()).filter(pl.col("counterparty") == f"uscc:{CODE}").collect(),
        lake.spelled(lake.stated(stored.version, ["local:E1"], ["enterprise", "counterparty"], without=())),
    ):
        assert rows.height == len(SPELLINGS)
        assert rows["counterparty"].unique().to_list() == [f"uscc:{CODE}"]
    again = lake.append(sales(("2", f"uscc:{CODE}")), "imp_2", {}, now=NOW)
    assert again.facts["appended"] == {}


def test_of_many_firms_as_many_rows_are_told_as_are_read(tmp_path: Path) -> None:
    """Bucket by bucket, by name or by what lies between, and without what was taken back."""
    lake = lake_of(invoice.DATASET, tmp_path)
    for place in range(3):
        rows = [sales((f"{place}{at}", "K")).with_columns(enterprise=pl.lit(f"local:E{at}")) for at in range(40)]
        stored = lake.append(pl.concat(rows), f"imp_{place}", {}, now=NOW)
    for firms in (["local:E1"], [f"local:E{at}" for at in range(0, 60, 2)], [f"local:E{at}" for at in range(40)], []):
        read = lake.read(stored.version, firms, without=["imp_1"]).select("enterprise", "number", "import_id")
        told = lake.stated(stored.version, firms, read.columns, without=["imp_1"])
        assert told.sort(pl.all()).equals(read.sort(pl.all()))
        assert read.height == 2 * len({*firms} & {f"local:E{at}" for at in range(40)})


def test_who_was_stored_without_a_code_is_nobody(tmp_path: Path) -> None:
    """As a person who buys today is."""
    lake = lake_of(invoice.DATASET, tmp_path)
    stored = lake.append(sales(("1", "NO-CODE"), ("2", "local:K1")), "imp_1", {}, now=NOW)
    assert sorted(lake.read(stored.version, without=())["counterparty"], key=str) == ["K1", None]


def test_a_table_of_fewer_columns_is_read_and_written(tmp_path: Path) -> None:
    """What an earlier release stored says nothing of what came later."""
    dataset = payment.DATASET
    content = {"direction": "in", "enterprise": "local:E1", "reference": "1", "date": date(2026, 5, 1)}
    one = pl.DataFrame([{**content, "amount_fen": 100, "status": "valid", "line": 2}])
    now = dataset.conform(one.with_columns(purpose_text=pl.lit("往来款")))
    lake = lake_of(dataset, tmp_path)
    lake.append(now, "imp_1", {}, now=NOW)
    files = (pl.read_parquet(path, hive_partitioning=True) for path in (tmp_path / dataset.name).rglob("*.parquet"))
    older = tmp_path / "older"
    write_deltalake(older, pl.concat(files).drop("purpose_text").cast({"bucket": pl.Int8}), partition_by=["bucket"])
    old = Lake(str(older), dataset=dataset)
    assert old.read(old.newest(), without=())["purpose_text"].to_list() == [None]
    new = old.append(now.with_columns(reference=pl.lit("2")), "imp_2", {}, now=NOW)
    assert sorted(old.read(new.version, without=())["purpose_text"], key=str) == [None, "往来款"]


def test_a_record_that_left_by_the_number_as_it_was_printed_stays_away() -> None:
    """Its name was made of the brackets that it had then."""
    dataset = public_record.DATASET
    stored = pl.DataFrame({"enterprise": ["local:E1"], "record": ["enforcement"], "number": ["（2026）浙0106执1234号"]})
    [name] = names_of(dataset, stored)
    read = stored.with_columns(number=pl.lit("(2026)浙0106执1234号"))
    assert remaining(dataset, read, [Departure("local:E1", dataset.name, name)]).is_empty()
    other = read.with_columns(number=pl.lit("(2026)浙0106执1235号"))
    assert remaining(dataset, other, [Departure("local:E1", dataset.name, name)]).height == 1
