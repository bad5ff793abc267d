"""Delimited text: encodings, lines, broken and hostile files."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chassis.core.errors import Refused
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import WrongColumns
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, RawSheet, UnreadableFile

HEADER = "企业代号,企业名称\n"
KIND = "enterprises"


def part(folder: Path, content: bytes, limits: Limits | None = None) -> RawSheet:
    path = folder / "upload"
    path.write_bytes(content)
    [only] = read(KINDS[KIND], path, limits or Limits())
    return only


def names(found: RawSheet) -> list[str]:
    return found.frame["企业名称"].to_list()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be-sig"])
def test_a_file_in_either_encoding_reads_the_same(tmp_path: Path, encoding: str) -> None:
    """The tax export of an old system is GB18030, of a new one UTF-8."""
    text = HEADER + "E1,中文名称㐀\n"
    content = ("\ufeff" + text).encode("utf-16-be") if encoding == "utf-16-be-sig" else text.encode(encoding)
    assert names(part(tmp_path, content)) == ["中文名称㐀"]


def test_a_gzip_reads_like_the_file_inside(tmp_path: Path) -> None:
    """Compression is seen by the first bytes, not by the name."""
    assert names(part(tmp_path, gzip.compress((HEADER + "E1,甲\n").encode()))) == ["甲"]


@pytest.mark.parametrize(("of_file", "of_line"), [("utf-8", "gb18030"), ("gb18030", "utf-8")])
def test_a_line_in_another_encoding_is_reported_with_its_number(tmp_path: Path, of_file: str, of_line: str) -> None:
    """Two exports glued together never become mojibake."""
    mixed = (HEADER + "E1,有效\n").encode(of_file) + "E2,发票中\n".encode(of_line) + "E3,作废\n".encode(of_file)
    found = part(tmp_path, mixed)
    assert names(found) == ["有效", "作废"]
    assert found.unread["line"].to_list() == [3]


def test_a_line_in_no_encoding_is_reported_with_its_number(tmp_path: Path) -> None:
    """Bytes that mean nothing are named, and the rest is read."""
    found = part(tmp_path, (HEADER + "E1,甲\n").encode() + b"E2,\xff\xfe\n" + "E3,乙\n".encode())
    assert (names(found), found.unread["line"].to_list()) == (["甲", "乙"], [3])


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    """Blank lines and quoted line ends do not shift the numbers of later lines."""
    found = part(tmp_path, (HEADER + 'E1,甲\n\nE2,"乙\n丙"\nE3,丁\n').encode())
    assert found.frame["line"].to_list()[-1] == 6
    assert names(found) == ["甲", "乙\n丙", "丁"]


def test_a_line_with_too_many_fields_is_reported_and_the_rest_read(tmp_path: Path) -> None:
    """One stray comma costs one row."""
    found = part(tmp_path, (HEADER + "E1,甲\nE2,乙,丙\nE3,丁\n").encode())
    assert names(found) == ["甲", "丁"]
    assert found.unread.row(0)[:3] == (3, "", "E2,乙,丙")


@pytest.mark.parametrize("separator", ["\t", ";", "|"])
def test_other_separators_are_seen_in_the_header(tmp_path: Path, separator: str) -> None:
    """Tabs and semicolons are as common."""
    assert names(part(tmp_path, f"企业代号{separator}企业名称\nE1{separator}甲\n".encode())) == ["甲"]


@pytest.mark.parametrize("packed", [False, True])
def test_line_ends_of_an_old_macintosh_are_line_ends(tmp_path: Path, packed: bool) -> None:
    """Excel still offers to write them."""
    content = (HEADER + "E1,甲\nE2,乙\n").replace("\n", "\r").encode()
    found = part(tmp_path, gzip.compress(content) if packed else content)
    assert (names(found), found.frame["line"].to_list()) == (["甲", "乙"], [2, 3])


def test_a_truncated_gzip_is_refused(tmp_path: Path) -> None:
    """A file cut short in transit is not half a file."""
    whole = gzip.compress((HEADER + "E1,甲\n" * 5000).encode())
    with pytest.raises(UnreadableFile, match="cut short"):
        part(tmp_path, whole[: len(whole) // 2])


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    """A wrong checksum is found before anything is used."""
    whole = bytearray(gzip.compress((HEADER + "E1,甲\n" * 50).encode()))
    whole[-6] ^= 0xFF
    with pytest.raises(UnreadableFile, match="damaged"):
        part(tmp_path, bytes(whole))


def test_a_gzip_bomb_is_refused_before_it_unpacks(tmp_path: Path) -> None:
    """What it unpacks to is bounded, whatever its own size."""
    bomb = gzip.compress((HEADER + "E1,甲\n" * 200_000).encode())
    with pytest.raises(FileTooLarge):
        part(tmp_path, bomb, Limits(unpacked=1 << 20))


def test_one_endless_line_fails_after_its_first_mebibyte(tmp_path: Path) -> None:
    """A gigabyte of one line is read for as long as a line may be, and no further."""
    path = tmp_path / "upload"
    with path.open("wb") as file:
        file.truncate(1 << 30)
        file.write(b"x")
        file.seek(0)
        file.write(b"x" * (3 << 20))
    with pytest.raises(UnreadableFile, match="Line 1 is longer"):
        read(KINDS[KIND], path, Limits())


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", EmptyFile),
        (HEADER.encode(), EmptyFile),
        (b"\n" + HEADER.encode(), EmptyFile),
        (b"a,b\n1,2\n", WrongColumns),
        ("企业代号,企业名称\nE1,甲\n".encode("utf-16")[:-1], UnreadableFile),
        (HEADER.encode() + b'E1,"never closed\nE2,x\n', UnreadableFile),
        (HEADER.encode() + b'E1,"never closed\n' + b"E2,x\n" * 50_000, UnreadableFile),
        (HEADER.encode() + b'E1,"opened" twice\n', UnreadableFile),
        (b"\xd0\xcf\x11\xe0old", UnreadableFile),
        (b"PK\x03\x04zip", UnreadableFile),
        (b"PAR1broken", UnreadableFile),
        (b"\x1f\x8bnot a gzip", UnreadableFile),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(tmp_path: Path, content: bytes, refusal: type[Refused]) -> None:
    """Each kind of wrong file gets its own answer, never a crash."""
    with pytest.raises(refusal):
        part(tmp_path, content)


@given(st.binary(max_size=300))
@example(b"\x01\r\x01")  # a lone carriage return in the header
@example(HEADER.replace("\n", "\r").encode() * 2)  # line ends of an old Macintosh
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """No input makes the reader crash."""
    path = tmp_path_factory.mktemp("any") / "upload"
    for head in (b"", HEADER.encode(), HEADER.encode("gb18030")):
        path.write_bytes(head + content)
        with suppress(Refused):
            read(KINDS[KIND], path, Limits())
    assert [entry.name for entry in path.parent.iterdir()] == ["upload"]


def test_a_quotation_mark_that_stays_open_is_refused_where_it_begins(tmp_path: Path) -> None:
    rows = b"".join(b"T%d,name\n" % number for number in range(1, 200_001))
    with pytest.raises(UnreadableFile, match="from line 3 on"):
        part(tmp_path, HEADER.encode() + b'T1,one\nT2,"two\n' + rows)


def test_a_mark_inside_a_value_is_no_opening_mark(tmp_path: Path) -> None:
    rows = b"".join(b"T%d,name\n" % number for number in range(1, 200_001))
    found = part(tmp_path, HEADER.encode() + b'T0,5" pipe\n' + rows)
    assert (names(found)[0], found.frame.height) == ('5" pipe', 200_001)


def test_a_file_of_lines_that_do_not_fit_is_refused_before_its_report_is_as_large_as_itself(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="More than 100,000 lines"):
        part(tmp_path, HEADER.encode() + b"a,b,c,d,e\n" * 100_001)
