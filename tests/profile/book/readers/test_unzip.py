"""What fails in a zip is the zip's fault; what fails on this machine is not."""

from __future__ import annotations

import errno
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from services.profile.book.readers.sheets import FileTooLarge, UnreadableFile
from services.profile.book.readers.signature import Sort, sort_of
from services.profile.book.readers.unzip import (
    MOST_ENTRIES,
    MOST_ENTRIES_WITHIN,
    MOST_LISTED,
    MOST_LISTED_WITHIN,
    unzipped,
)


def packed() -> bytearray:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("one.csv", "a,b\n1,2\n")
    return bytearray(file.getvalue())


def directory(data: bytearray) -> int:
    return data.rindex(b"PK\x01\x02")


def listing(names: Iterable[str]) -> bytes:
    """Return a zip of empty parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), b"")
    return file.getvalue()


def read(data: bytes) -> bytes:
    with unzipped(io.BytesIO(data)) as archive:
        return archive.read("one.csv")


def test_a_whole_zip_is_read() -> None:
    assert read(bytes(packed())) == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        (8, 1, "password"),  # the flag of a locked entry
        (8, 0x40, "password"),  # and of one that is locked in another way
        (8, 0x20, "unusual way"),  # a difference from another file
        (10, 97, "unusual way"),  # a packing that is not known
        (6, 99, "unusual way"),  # a version of the form that is not known
        (16, 1, "damaged"),  # another checksum
        (42, 99, "damaged"),  # an offset behind the end
    ],
)
def test_what_is_wrong_with_a_zip_is_told_in_words(place: int, value: int, words: str) -> None:
    data = packed()
    data[directory(data) + place] = value
    with pytest.raises(UnreadableFile, match=words):
        read(bytes(data))


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_in_another_packing_is_told_in_words(packing: int) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        archive.writestr("one.csv", bytes(range(256)) * 100)
    data = bytearray(file.getvalue())
    data[60:120] = b"\xff" * 60
    with pytest.raises(UnreadableFile, match="damaged"):
        read(bytes(data))


def too_many() -> bytes:
    return listing(f"{number}.xml" for number in range(MOST_ENTRIES + 1))


def one_by_its_own_words() -> bytes:
    """Return a zip that says of itself that it has one part."""
    data = bytearray(too_many())
    data[-14:-10] = b"\1\0\1\0"
    return bytes(data)


def of_long_names() -> bytes:
    return listing(f"{number:05}" + "x" * 60_000 for number in range(MOST_LISTED // 60_000 + 1))


def of_64_bits() -> bytes:
    """Return a zip of so many parts that their number stands in another record."""
    data = listing(f"{number}" for number in range(max(zipfile.ZIP_FILECOUNT_LIMIT, MOST_ENTRIES) + 1))
    assert b"PK\6\6" in data
    return data


@pytest.mark.parametrize("made", [too_many, one_by_its_own_words, of_long_names, of_64_bits])
def test_a_long_list_of_parts_is_refused_before_one_is_made_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: Any
) -> None:
    """By what the list holds and how long it is, whatever the zip says; also where a file is only told apart."""
    path = tmp_path / "many.zip"
    path.write_bytes(made())
    parts: list[str] = []

    class Counted(zipfile.ZipInfo):
        def __init__(self, name: str) -> None:
            parts.append(name)
            super().__init__(name)

    monkeypatch.setattr(zipfile, "ZipInfo", Counted)
    with pytest.raises(FileTooLarge) as refused:
        sort_of(path)
    assert refused.value.members == {"limit_entries": MOST_ENTRIES, "limit_bytes": MOST_LISTED}
    assert parts == []


def test_as_many_parts_as_are_allowed_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    path.write_bytes(listing(f"{number}.xml" for number in range(MOST_ENTRIES)))
    assert sort_of(path) == Sort.ZIP


def test_a_part_may_be_longer_than_the_list() -> None:
    """What bounds the list bounds no part."""
    file, part = io.BytesIO(), b"a" * (MOST_LISTED_WITHIN + 9) + b"PK\1\2" * (MOST_ENTRIES_WITHIN + 1)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("one.csv", part)
    assert read(file.getvalue()) == part


def test_an_error_of_ours_is_not_the_zip_s(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ours"), unzipped(io.BytesIO(packed())):
        raise RuntimeError("ours")


def test_a_full_disk_is_not_the_sender_s_fault() -> None:
    """It passes as it is, so that the job is tried again."""
    with pytest.raises(OSError, match="No space") as found, unzipped(io.BytesIO(packed())):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert found.value.errno == errno.ENOSPC
