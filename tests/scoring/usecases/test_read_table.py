"""A bank's own table as it may come in."""

from __future__ import annotations

import gzip
from io import BytesIO
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.scoring.domain.errors import TableUnreadable
from services.scoring.usecases import read_table as tables
from services.scoring.usecases.read_table import LONGEST_CELL, enterprises_in, has_long_line, read_table

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


LISTED = ["0140", "140", "00001234", "1e5", "1.10", "1.1", "NA", "null"]


@pytest.mark.parametrize("title", ["enterprise", "企业代号", "统一社会信用代码"])
@pytest.mark.parametrize("more", [[], ["E140"]])
def test_a_list_of_enterprises_is_text(title: str, more: list[str]) -> None:
    """Each stays as it is written, whether or not every one of them looks like a number."""
    table = pl.DataFrame({title: LISTED + more})
    body = table.write_csv().encode()
    for sent in (body, gzip.compress(body), body.decode().encode("gb18030"), b"\xef\xbb\xbf" + body, parquet(table)):
        assert enterprises_in("list", sent) == LISTED + more


@given(st.lists(st.text("0123456789.eE+-_", min_size=1, max_size=12), min_size=1, max_size=8))
def test_no_two_enterprises_of_a_list_become_one(names: list[str]) -> None:
    body = pl.DataFrame({"enterprise": names}).write_csv(quote_style="always").encode()
    assert enterprises_in("list", body) == list(dict.fromkeys(names))


def test_blank_lines_and_blanks_around_a_name_are_nothing() -> None:
    assert enterprises_in("list", b'enterprise,note\n 0140 ,x\n,y\n"  ",z\n') == ["0140"]


@pytest.mark.parametrize("column", [pl.Series([7, 140]), pl.Series([7.0, 1.1])])
def test_a_list_of_numbers_is_refused_in_words(column: pl.Series) -> None:
    """Parquet keeps no zeros before a number: whoever wrote it lost them, if there were any."""
    with pytest.raises(TableUnreadable, match="write it as text"):
        enterprises_in("list", parquet(pl.DataFrame({"enterprise": column})))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (gzip.compress(b"a,b\n" + b"x" * (129 << 20)), "more than 128 MiB of text"),
        (b"a,b\n" + b"x" * (2 << 20) + b",y\n", "a line of more than 1048576 bytes"),
        (b",".join([b"c"] * 20_000) + b"\n", "19999 columns"),
        (b"a,b\n" + b",\n" * (9 << 20), "18874370 cells"),
    ],
)
def test_a_table_that_unpacks_to_much_is_refused_before_it_is_split(body: bytes, words: str) -> None:
    """By its bytes, its columns and its cells, each with what is allowed."""
    with pytest.raises(TableUnreadable, match=words):
        read_table("bomb.csv", body)


@given(st.binary(max_size=80).map(lambda body: body.replace(b"x", b"\n")), st.integers(0, 12))
@example(b"", 0)
@example(b"1234", 3)
@example(b"1234\n", 4)
def test_a_line_is_long_where_splitting_says_so(body: bytes, most: int) -> None:
    assert has_long_line(body, most) == any(len(line) > most for line in body.split(b"\n"))


class Counted(bytes):
    """A body that counts the bytes which a search passes."""

    passed = 0

    def find(self, *asked: Any) -> int:
        found = super().find(*asked)
        self.passed += (len(self) if found < 0 else found + 1) - asked[1]
        return found


def test_lines_just_short_of_too_long_are_passed_once() -> None:
    """Where a search begins anew at each byte, two such lines hold the process for minutes."""
    body = Counted(b"a\n" + (b"x" * LONGEST_CELL + b"\n") * 2)
    assert read_table("lines", body).height == 2
    assert body.passed == len(body)
