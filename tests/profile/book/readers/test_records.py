"""JSON lists, and what no reader may do: anything but read or refuse."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from electronic_invoices import xml, zipped
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.errors import Refused
from services.profile.book.domain.columns import KINDS, Form, WrongColumns
from services.profile.book.readers.read import read
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, RawSheet, UnreadableFile

RECORD = {"direction": "in", "enterprise": "E1", "reference": "1", "date": "2024-01-05", "amount_fen": 100}


def read_bytes(body: bytes, form: Form = KINDS["payments"], limits: Limits | None = None) -> RawSheet:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(body)
        [part] = read(form, path, limits or Limits())
        return part


def test_records_are_columns_of_text_by_their_place() -> None:
    """What is left out of one record is empty there."""
    part = read_bytes(orjson.dumps([RECORD, RECORD | {"purpose": "goods", "amount_fen": None}]))
    assert part.frame["line"].to_list() == [1, 2]
    assert part.frame["amount_fen"].to_list() == ["100", None]
    assert part.frame["purpose"].to_list() == [None, "goods"]


def test_what_is_no_flat_record_is_reported_by_its_place() -> None:
    """The others are read."""
    part = read_bytes(orjson.dumps([RECORD, "text", {"amount_fen": [1]}]))
    assert part.frame["line"].to_list() == [1]
    assert part.unread["line"].to_list() == [2, 3]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"[", UnreadableFile),
        (b"[{}]", WrongColumns),
        (b"[]", EmptyFile),
        (orjson.dumps([RECORD | {"reference": "a\0b"}]), UnreadableFile),
        (orjson.dumps([{str(key): 1 for key in range(300)}]), UnreadableFile),
        (b"[" + b"[" * 2000, UnreadableFile),
    ],
)
def test_what_is_no_list_of_records_is_refused(body: bytes, refusal: type[Refused]) -> None:
    """Each with its own reason."""
    with pytest.raises(refusal):
        read_bytes(body)


def test_a_list_beyond_memory_is_refused() -> None:
    """Larger data come as a table."""
    with pytest.raises(FileTooLarge):
        read_bytes(orjson.dumps([RECORD] * 20), limits=Limits(unpacked=100))


@given(st.integers(0, 3), st.integers(0, 400), st.binary(max_size=12), st.sampled_from(["payments", "invoices.sale"]))
def test_a_damaged_file_is_read_or_refused_and_nothing_else(sort: int, at: int, splice: bytes, kind: str) -> None:
    """Bytes put anywhere into JSON, XML, a zip or a table never end in another error."""
    table = ",".join(RECORD).encode() + b"\nin,E1,1,2024-01-05,100\n"
    body = (orjson.dumps([RECORD] * 3), xml(), zipped({"a.xml": xml()}), table)[sort]
    place = at % len(body)
    try:
        part = read_bytes(body[:place] + splice + body[place + len(splice) :], KINDS[kind])
    except Refused:
        return
    assert "line" in part.frame.columns
