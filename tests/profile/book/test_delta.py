"""The order of a table's rows: bucket, firm, day; and none where there are none."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.delta import bucket_of, in_buckets

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
