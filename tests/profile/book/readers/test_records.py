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
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import Form, WrongColumns
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


def test_a_record_that_names_a_field_twice_is_reported() -> None:
    """Which of the two amounts is meant, nobody knows."""
    good = orjson.dumps(RECORD)
    twice = good.replace(b'"amount_fen":100', b'"amount_fen":100,"amount_fen":900')
    for body in (b"[" + good + b"," + twice + b"]", good + b"\n" + twice + b"\n"):
        part = read_bytes(body)
        assert part.frame["line"].to_list() == [1]
        assert part.unread["line"].to_list() == [2]
        assert "twice" in part.unread["reason"][0]


@pytest.mark.parametrize("wrap", [b'{"code": 0, "data": [%s]}', b"\xef\xbb\xbf[%s]", b"%s", b"%s\n"])
def test_records_are_found_in_what_services_send(wrap: bytes) -> None:
    """A list within an object, behind a mark of UTF-8, or each record on its own line."""
    assert read_bytes(wrap % orjson.dumps(RECORD)).frame["reference"].to_list() == ["1"]


def test_numbers_are_the_texts_that_were_meant() -> None:
    """Without the noise of binary numbers; one that lost digits shows it by its exponent."""
    body = b'[{"direction":"in","enterprise":"E1","reference":%s,"date":"2024-01-05","amount":%s}]'
    amounts = [read_bytes(body % (b"1", amount)).frame["amount"][0] for amount in (b"0.30000000000000004", b"100.0")]
    assert amounts == ["0.3", "100"]
    numbers = (b"26332000000000000301", b"9007199254740993", b'"26332000000000000301"')
    references = [read_bytes(body % (number, b"1")).frame["reference"][0] for number in numbers]
    assert references == ["2.6332E+19", "9.00719925474099E+15", "26332000000000000301"]


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        (b"[", UnreadableFile),
        (b'[{"reference": "\\ud800"}]', UnreadableFile),
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
