"""The order of a table's rows: bucket, firm, day; and none where there are none."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.delta import bucket_of, in_buckets, one_of

FIRMS = st.sampled_from(["local:E1", "local:E10", "local:E2", "uscc:91330106MA2AXK5R0W"])
DAYS = st.none() | st.dates(date(1, 1, 1), date(9999, 12, 31))


def _table(rows: list[tuple[str, date | None]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={"enterprise": pl.String, "day": pl.Date}, orient="row")


@given(st.lists(st.tuples(FIRMS, DAYS), max_size=20))
def test_rows_lie_by_bucket_firm_and_day(rows: list[tuple[str, date | None]]) -> None:
    placed = in_buckets(_table(rows), ["enterprise", "day"], "day", 16)
    expected = sorted(rows, key=lambda row: (bucket_of(row[0], 16), row[0], row[1] is not None, row[1] or date.min))
    assert placed.select("enterprise", "day").rows() == expected
    assert placed["bucket"].to_list() == [bucket_of(firm, 16) for firm, _ in expected]
    assert placed.schema["bucket"] == pl.Int8


NAMES = st.text("ABC", min_size=1, max_size=2)


@given(st.lists(NAMES), st.lists(NAMES, max_size=20))
def test_one_of_some_names_is_what_is_among_them(held: list[str], names: list[str]) -> None:
    """However many they are, and where there are none."""
    table = pl.DataFrame({"name": held}, schema={"name": pl.String})
    assert table.filter(one_of(pl.col("name"), names))["name"].to_list() == [each for each in held if each in names]
