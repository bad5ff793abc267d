"""What holds for every kind of data: repeats, versions, replays, units, and what is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain import invoice
from services.profile.book.domain.amounts import fen_of
from services.profile.book.domain.channel import Standing
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.connector import BrokenConnector, connector
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.evidence import DATASETS, empty, evidence
from services.profile.book.domain.form import Form
from services.profile.book.domain.validation import REPORT, Checked, check
from services.profile.book.domain.versions import weigh

TODAY = date(2026, 1, 1)
START = datetime(2024, 1, 1, tzinfo=UTC)
ALL = (invoice.DATASET, *DATASETS.values())
FEW: dict[str, st.SearchStrategy[Any]] = {
    "enterprise": st.sampled_from(["local:E1", "local:E2"]),
    "text": st.sampled_from(["1", "2"]),
    "identifier": st.sampled_from(["1", "2"]),
    "counterparty": st.sampled_from(["A", "B"]),
    "party": st.sampled_from(["hash:1", "hash:2"]),
    "date": st.sampled_from([date(2024, 1, 1), date(2024, 1, 2)]),
    "day": st.sampled_from([date(2024, 2, 1), date(2030, 2, 1)]),
    "money": st.sampled_from([100, 200]),
    "share": st.sampled_from([0.25, 0.5]),
}


def rows_of(dataset: Dataset) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Return lists of statements that often speak of the same thing."""
    fields = {}
    for column in dataset.columns:
        values = (
            st.sampled_from(sorted(set((column.choices or {}).values()))[:2]) if column.choices else FEW[column.reads]
        )
        # What a code that is left out means is said in test_invoice.
        fields[column.name] = values if column.filled or column.name == dataset.lax else st.none() | values
    return st.lists(st.fixed_dictionaries(fields), max_size=8)


def frame(dataset: Dataset, rows: list[dict[str, Any]]) -> pl.DataFrame:
    numbered = [{**row, "line": line} for line, row in enumerate(rows, 2)]
    schema = {name: dataset.schema[name] for name in dataset.content} | {"line": pl.Int64()}
    return dataset.conform(pl.DataFrame(numbered, schema=schema))


def taken_in(dataset: Dataset, files: list[list[dict[str, Any]]]) -> pl.DataFrame:
    """Return what is held after these files, an import and an hour each."""
    held = dataset.empty()
    for place, rows in enumerate(files):
        new = weigh(dataset, frame(dataset, rows), held, Standing()).rows
        origin = {"known_at": START + timedelta(hours=place), "import_id": f"imp_{place}"}
        stored = new.with_columns(pl.lit(origin["known_at"]).cast(dataset.schema["known_at"]).alias("known_at"))
        stored = stored.with_columns(pl.lit(origin["import_id"]).alias("import_id")).select(list(dataset.schema))
        held = pl.concat([held, stored])
    return held


@pytest.mark.parametrize("dataset", ALL, ids=lambda each: each.name)
@given(data=st.data())
def test_the_last_statement_counts_and_the_past_stays(dataset: Dataset, data: st.DataObject) -> None:
    """Against a plain dictionary: at any moment each thing is as it was last said by then, or left open."""
    files = data.draw(st.lists(rows_of(dataset), min_size=1, max_size=3))
    held = taken_in(dataset, files)
    said: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for place, rows in enumerate(files):
        said |= heard(dataset, rows, said)
        known = dataset.as_known(held, known_at=START + timedelta(hours=place))
        assert sorted(known.select(dataset.content).rows(), key=str) == sorted(said.values(), key=str)


def heard(
    dataset: Dataset, rows: list[dict[str, Any]], before: dict[tuple[Any, ...], tuple[Any, ...]]
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Return what a file says last of each thing; of what it leaves open, what was held before the file."""
    found = {}
    for row in rows:
        thing = tuple(row[name] for name in dataset.identity)
        held = dict(zip(dataset.content, before.get(thing, ()), strict=False))
        whole = {name: held.get(name) if name in dataset.quiet and row[name] is None else row[name] for name in row}
        found[thing] = tuple(whole[name] for name in dataset.content)
    return found


@pytest.mark.parametrize("dataset", ALL, ids=lambda each: each.name)
def test_an_empty_table_has_every_column_that_readers_expect(dataset: Dataset) -> None:
    """Identity, content, known time, version and import; what is said has a title in both languages."""
    assert {*dataset.content, "known_at", "version", "import_id"} == set(dataset.schema)
    assert all(column.titles[0] and column.english for column in dataset.columns)


def test_evidence_has_a_table_for_each_kind() -> None:
    """A kind without data is an empty table of the right columns."""
    found = empty()
    assert found.tax_filings.schema == DATASETS["tax-filings"].schema
    assert evidence(found.invoices, {"orders": found.orders}, found.enterprises).payments.is_empty()


def checked(form: Form, *rows: dict[str, str | None]) -> Checked:
    raw = pl.DataFrame([{"line": line, **row} for line, row in enumerate(rows, 2)], schema_overrides={"line": pl.Int64})
    matched = form.match([title for title in raw.columns if title != "line"])
    return check(form, raw, matched, pl.DataFrame(schema=REPORT), today=TODAY)


@given(st.lists(st.integers(-(10**15), 10**15), min_size=1))
def test_ten_thousands_of_yuan_become_exactly_the_fen_that_was_written(amounts: list[int]) -> None:
    """万元 have six decimals of fen; none is lost."""
    assert fen_of(pl.Series([str(Decimal(fen) / 10**6) for fen in amounts]), "wan").to_list() == amounts


@pytest.mark.parametrize("written", ["1.0000001", "x", "1e40"])
def test_what_is_finer_than_a_fen_is_not_rounded(written: str) -> None:
    """It is no amount at all."""
    assert fen_of(pl.Series([written]), "wan").to_list() == [None]


@pytest.mark.parametrize(
    ("written", "share"),
    [("30%", 0.3), ("0.3", 0.3), ("1", 1.0), ("100%", 1.0), ("101%", None), ("-0.1", None), ("x", None)],
)
def test_shares_are_read_as_parts_of_one(written: str, share: float | None) -> None:
    """Percent or decimal; what is no part of a whole is rejected."""
    row = {"enterprise": "E1", "relation": "股东", "party": "p", "share": written}
    found = checked(KINDS["relations"], row)
    assert found.rows["share"].to_list() == ([share] if share is not None else [])
    assert found.rejected == (share is None)


def test_a_day_may_lie_ahead_and_a_date_may_not() -> None:
    """Payment is due in the future; an order from the future is a slip."""
    row = {"direction": "sale", "enterprise": "E1", "number": "1", "counterparty": "B", "amount": "1", "status": "open"}
    ahead, slip = {"date": "2025-12-01", "due_on": "2027-01-01"}, {"date": "2026-02-01", "due_on": ""}
    found = checked(KINDS["orders"], row | ahead, row | slip)
    assert found.rows["line"].to_list() == [2]
    assert found.report.select("line", "column").rows() == [(3, "date")]


DECLARED: dict[str, Any] = {"kind": "payments", "title": {"zh": "", "en": ""}, "columns": {"日期": "date"}}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"kind": "nothing"}, "nothing"),
        ({"colums": {}}, "colums"),
        ({"columns": {"日期": "day"}}, "day"),
        ({"units": {"amount_fen": "dollar"}}, "dollar"),
        ({"split": {"amount": "sum", "by": "direction", "titles": {}}}, "sum"),
    ],
)
def test_a_broken_declaration_is_named(change: dict[str, Any], word: str) -> None:
    """Whoever writes a connector learns what is wrong with it."""
    with pytest.raises(BrokenConnector, match=word):
        connector("mine", DECLARED | change)


def test_a_connector_maps_values_units_and_dates() -> None:
    """Theirs in, ours out; a value that the connector does not know is reported under their title."""
    form = connector(
        "mine",
        DECLARED
        | {
            "columns": {
                "日期": "date",
                "方向": "direction",
                "流水": "reference",
                "万元": "amount_fen",
                "户": "enterprise",
            },
            "units": {"amount_fen": "wan"},
            "dates": {"date": "%d.%m.%Y"},
            "values": {"direction": {"+": "in", "-": "out"}},
            "constants": {"purpose": "goods"},
        },
    ).form
    row = {"日期": "31.01.2024", "方向": "+", "流水": "1", "万元": "1.2345", "户": "E1"}
    found = checked(form, row, row | {"方向": "收入"}, row | {"日期": "2024-01-31"})
    [good] = found.rows.select("date", "direction", "amount_fen", "purpose", "status").rows()
    assert good == (date(2024, 1, 31), "in", 1_234_500, "goods", "valid")
    assert found.report.select("line", "column").rows() == [(3, "方向"), (4, "日期")]
