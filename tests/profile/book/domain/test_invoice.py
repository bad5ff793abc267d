"""Repeats, versions and what was known when, against a slow and obvious model."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain.channel import Standing
from services.profile.book.domain.invoice import CONTENT, DATASET, IDENTITY, as_known
from services.profile.book.domain.versions import weigh, without_repeats

START = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = {
    "direction": pl.String,
    "enterprise": pl.String,
    "code": pl.String,
    "number": pl.String,
    "counterparty": pl.String,
    "date": pl.Date,
    "total_fen": pl.Int64,
    "net_fen": pl.Int64,
    "tax_fen": pl.Int64,
    "status": pl.String,
    "blue_number": pl.String,
    "reversal": pl.String,
}
statements = st.tuples(
    st.just("sale"),
    st.sampled_from(["local:E1", "local:E2"]),
    st.sampled_from([None, "c", "d"]),
    st.sampled_from(["1", "2"]),
    st.just("B1"),
    st.sampled_from([date(2019, 1, 1), date(2019, 1, 2)]),
    st.just(113),
    st.just(100),
    st.just(13),
    st.sampled_from(["valid", "void"]),
    st.none(),
    st.none(),
)
files = st.lists(st.lists(statements, max_size=12), max_size=4)
Statement = tuple[Any, ...]


def frame(rows: list[Statement]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=TYPES, orient="row").with_row_index("line").cast({"line": pl.Int64})


def lake_after(book: list[list[Statement]]) -> pl.DataFrame:
    """Return what the lake holds after these files, one import each."""
    held = DATASET.empty()
    for place, rows in enumerate(book):
        new = weigh(DATASET, frame(rows), held, Standing()).rows
        known = pl.lit(START + timedelta(days=place)).cast(pl.Datetime("us", "UTC")).alias("known_at")
        new = new.with_columns(known, pl.lit(f"imp_{place}").alias("import_id"))
        held = pl.concat([held, new.select(held.columns)])
    return held


def model_after(book: list[list[Statement]], until: int) -> dict[Statement, Statement]:
    """Return by invoice the last statement of the first `until` files."""
    said: dict[Statement, Statement] = {}
    for rows in book[:until]:
        held = dict(said)
        for row in rows:
            whole = (*row[:2], code_of(row, rows, held), *row[3:])
            said[whole[:7]] = whole
    return said


def code_of(row: Statement, rows: Iterable[Statement], held: Iterable[Statement]) -> str | None:
    """Return the code that a statement means: where one alone is stated of its invoice, left out or not, it is one."""
    before = {other[2] for other in held if (other[:2], other[3:7]) == (row[:2], row[3:7])}
    now = {other[2] for other in rows if (other[:2], other[3:7]) == (row[:2], row[3:7])}
    stated = (before | now) - {None}
    if len(stated) != 1:
        return row[2]
    return None if before == {None} else stated.pop()


@given(files, st.integers(0, 4))
def test_a_past_moment_shows_the_last_statement_known_then(book: list[list[Statement]], until: int) -> None:
    """Replay gives what was known, whatever came later."""
    moment = START + timedelta(days=until) - timedelta(seconds=1)
    seen = as_known(lake_after(book), known_at=moment).select(CONTENT).rows()
    assert sorted(seen, key=str) == sorted(model_after(book, until).values(), key=str)


@given(files)
def test_versions_of_an_invoice_count_from_one_without_gaps(book: list[list[Statement]]) -> None:
    """An invoice's versions are 1, 2, 3 and so on."""
    grouped = lake_after(book).group_by(IDENTITY).agg(pl.col("version").sort())
    assert all(versions == list(range(1, len(versions) + 1)) for versions in grouped["version"].to_list())


def test_a_fully_equal_hash_never_drops_a_different_row() -> None:
    """Rows are compared in full, whatever their hashes say: one differing fen keeps both."""
    row = ("sale", "local:E1", None, "1", "B1", date(2019, 1, 1), 113, 100, 13, "valid", None, None)
    assert without_repeats(DATASET, frame([row, (*row[:7], 101, 12, "valid", None, None)])).height == 2
