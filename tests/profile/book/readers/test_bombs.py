"""A file that is small and unpacks to much is refused before it is read, with what is allowed."""

from __future__ import annotations

import multiprocessing
import os
import resource
from pathlib import Path
from random import Random

import polars as pl
import pytest
from bombs import most_of_children, parquet_bomb

from chassis.core.parquet_text import Measured, measured
from services.profile.book.domain.columns import KINDS
from services.profile.book.readers import parquet
from services.profile.book.readers.sheets import FileTooLarge, Limits
from services.scoring.domain.errors import TableUnreadable
from services.scoring.usecases.read_table import read_table

GIBIBYTE = 1 << 30
SEEDS = range(30 if os.environ.get("SMECREDIT_LONG") else 2)


def held() -> int:
    """Return the bytes that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


@pytest.mark.parametrize("seed", SEEDS)
def test_a_dictionary_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, seed: int) -> None:
    """By profile and by scoring; neither they nor the process that measures it take a gigabyte."""
    random, path = Random(seed), tmp_path / "bomb.parquet"
    parquet_bomb(path, random, size=4 * GIBIBYTE)
    assert path.stat().st_size < 4 << 20
    before = held()
    with pytest.raises(FileTooLarge) as refused:
        parquet.opened(KINDS["workbook"], path, Limits())
    assert refused.value.members["limit_bytes"] == Limits().text
    with pytest.raises(TableUnreadable, match="more text than is read"):
        read_table("bomb.parquet", path.read_bytes())
    assert held() - before < GIBIBYTE // 2
    # In a process of its own: here the most that a child ever took counts those of all tests before, too.
    with multiprocessing.get_context("spawn").Pool(1) as fresh:
        assert 0 < fresh.apply(most_of_children, (path,)) < GIBIBYTE


def test_a_cell_that_is_too_long_is_named_with_what_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "long.parquet"
    pl.DataFrame({"备注": ["x" * ((1 << 20) + 1), "y"]}).write_parquet(path)
    with pytest.raises(FileTooLarge, match="A cell holds 1048577 bytes of text; at most 1048576"):
        parquet.opened(KINDS["workbook"], path, Limits())


def test_a_file_of_few_bytes_and_very_many_cells_is_not_looked_at_whole(tmp_path: Path) -> None:
    """A column of one number takes a few bytes, whatever its rows."""
    path = tmp_path / "wide.parquet"
    pl.select(pl.repeat(1, parquet.CELLS_AT_ONCE + 1, dtype=pl.Int8).alias("备注")).write_parquet(path)
    with pytest.raises(FileTooLarge, match="cells"):
        parquet.parquet(KINDS["workbook"], path, Limits())


def test_what_a_file_holds_is_measured_to_the_byte(tmp_path: Path) -> None:
    """Of text, of categories and of bytes; a damaged file is left to whoever reads it."""
    path = tmp_path / "small.parquet"
    table = pl.DataFrame({"a": ["x", None, "发票"], "b": ["long"] * 3, "c": [1, 2, 3]})
    table.with_columns(pl.col("b").cast(pl.Categorical)).write_parquet(path)
    assert measured(path, rows=2, most=100) == Measured(total=1 + 6 + 12, longest=6)
    assert measured(path, rows=2, most=7) is None
    # Bytes that are no text, and lists, are held all the same by whoever reads the file.
    pl.DataFrame({"a": [b"\xff\xfe" * 500] * 3, "b": [["x" * 1000]] * 3}).write_parquet(path)
    assert measured(path, rows=3, most=2999) is None
    found = measured(path, rows=3, most=1 << 20)
    assert found
    assert found.longest == 1000
    assert found.total >= 6000
    path.write_bytes(b"PAR1" + bytes(100))
    assert measured(path, rows=2, most=7) == Measured()
