"""A bank's own table as it may come in."""

from __future__ import annotations

import gzip
from io import BytesIO

import polars as pl
import pytest

from services.scoring.domain.errors import TableUnreadable
from services.scoring.usecases import read_table as tables
from services.scoring.usecases.read_table import read_table

TABLE = pl.DataFrame({"a": [1, 2], "defaulted": [True, False]})


def parquet(table: pl.DataFrame) -> bytes:
    body = BytesIO()
    table.write_parquet(body)
    return body.getvalue()


@pytest.mark.parametrize(
    "body", [parquet(TABLE), gzip.compress(TABLE.write_csv().encode(), mtime=0), TABLE.write_csv().encode()]
)
def test_a_table_reads_the_same_in_every_form(body: bytes) -> None:
    """The form is told from the bytes, not from the name."""
    assert read_table("table", body).equals(TABLE)


def test_a_small_file_of_endless_rows_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A column of one value packs a billion rows into a few bytes; they would fill the worker's memory."""
    monkeypatch.setattr(tables, "LARGEST_CELLS", 1_000)
    with pytest.raises(TableUnreadable, match="Send fewer rows"):
        read_table("bomb", parquet(pl.DataFrame({"a": [0] * 1_001})))


def test_a_small_gzip_of_endless_text_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is unpacked is counted while it is unpacked."""
    monkeypatch.setattr(tables, "LARGEST_UNPACKED", 1_000)
    with pytest.raises(TableUnreadable, match="unpacks to more"):
        read_table("bomb", gzip.compress(b"a\n" * 1_000))


def test_a_damaged_parquet_file_is_refused() -> None:
    """With a problem, not with a crash."""
    with pytest.raises(TableUnreadable, match="cannot be read"):
        read_table("broken", parquet(TABLE)[:-9])
