"""Records as JSON: a list of flat objects, or one object a line, turned into the same columns of text as a CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from services.profile.book.domain.bods.inward import is_bods
from services.profile.book.domain.form import Form
from services.profile.book.domain.titles import LINE, names
from services.profile.book.domain.validation import LARGEST_SHOWN, REPORT
from services.profile.book.readers.bods import statements
from services.profile.book.readers.layout import swept
from services.profile.book.readers.numbers import plain_number
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, RawSheet, UnreadableFile

# JSON is held in memory as a whole; whoever has more than this sends a table.
LARGEST = 64 << 20
MOST_KEYS = 200
# Whole numbers beyond are another one in most programs that write and read JSON (RFC 8259, section 6).
EXACT = 2**53 - 1
NOT_FLAT = "not an object of plain values / 不是由简单值组成的对象"
NOT_JSON = "not JSON / 不是 JSON"
TWICE = "names a field twice / 同一字段出现两次"
KEY = re.compile(rb'"\s*:')
BOM = b"\xef\xbb\xbf"

Numbered = list[tuple[int, Any]]
Unread = list[tuple[int, str, str, str]]


def records(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read records; `line` is the place in the list, or the line of the file where each has its own, from 1."""
    if path.stat().st_size > min(LARGEST, limits.unpacked):
        raise FileTooLarge(
            f"JSON of more than {LARGEST >> 20} MiB; send a CSV or Parquet file instead. "
            "/ JSON 过大，请改用 CSV 或 Parquet 报送。"
        )
    found, unread = _found(path.read_bytes().removeprefix(BOM))
    if not found and not unread:
        raise EmptyFile("The list holds no record. / 列表中没有记录，请补充后报送。")
    if is_bods([record for _, record in found]):
        return statements(form, found, unread)
    unread += [(line, "", str(record)[:LARGEST_SHOWN], NOT_FLAT) for line, record in found if not _is_flat(record)]
    flat = [(line, record) for line, record in found if _is_flat(record)]
    titles, frame = text_frame([record for _, record in flat], [line for line, _ in flat])
    kept, notes = swept(frame, titles, form.match(titles))
    report = pl.DataFrame(sorted(unread), schema=REPORT, orient="row")
    return RawSheet(form.kind, kept, report, titles=tuple(titles), notes=notes)


def _found(data: bytes) -> tuple[Numbered, Unread]:
    """Return the records with their places, and a report of those that are none or contradict themselves."""
    try:
        read = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if data.lstrip().startswith(b"{"):
            return _by_line(data)
        raise UnreadableFile(
            f"The JSON is damaged or cut short at line {error.lineno} ({error.msg.partition(':')[0]}); send it again. "
            f"/ JSON 在第 {error.lineno} 行损坏或不完整，请重新报送。"
        ) from None
    if isinstance(read, dict):
        # Many services wrap their list: {"data": [...]}.
        lists = [value for value in read.values() if isinstance(value, list)]
        read = lists[0] if len(lists) == 1 else [read]
        return _unambiguous(list(enumerate(read, 1)), [])
    found = list(enumerate(read, 1))
    keys = sum(len(record) for record in read if isinstance(record, dict))
    if keys == sum(1 for _ in KEY.finditer(data)):
        return found, []
    return _unambiguous(found, _places_of_twice(data))


def _by_line(data: bytes) -> tuple[Numbered, Unread]:
    """Read one record a line."""
    found: Numbered = []
    unread: Unread = []
    for line, text in enumerate(data.split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            record = orjson.loads(text)
        except orjson.JSONDecodeError:
            unread.append((line, "", text.decode(errors="replace").strip()[:LARGEST_SHOWN], NOT_JSON))
            continue
        if isinstance(record, dict) and len(record) < len(_pairs(text.decode())):
            unread.append((line, "", text.decode().strip()[:LARGEST_SHOWN], TWICE))
        else:
            found.append((line, record))
    if not found:
        raise UnreadableFile(
            "The JSON is damaged or cut short at line 1; send it again. / JSON 自第 1 行起损坏或不完整，请重新报送。"
        )
    return found, unread


def _unambiguous(found: Numbered, twice: Sequence[int]) -> tuple[Numbered, Unread]:
    """Set apart the records that name a field twice: which value is meant, only the sender knows."""
    places = set(twice)
    unread = [(line, "", str(record)[:LARGEST_SHOWN], TWICE) for line, record in found if line in places]
    return [(line, record) for line, record in found if line not in places], unread


def _places_of_twice(data: bytes) -> list[int]:
    """Return the places of the records of a list that name a field twice."""
    try:
        read = json.loads(data, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return []
    return [
        place
        for place, pairs in enumerate(read, 1)
        if isinstance(pairs, list) and all(isinstance(pair, tuple) for pair in pairs) and len(dict(pairs)) < len(pairs)
    ]


def _pairs(text: str) -> list[Any]:
    try:
        found = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def text_frame(found: Sequence[Mapping[str, Any]], lines: Iterable[int]) -> tuple[list[str], pl.DataFrame]:
    """Return the keys of records as titles, and their values as columns of text with their `line`."""
    titles = list(dict.fromkeys(title for record in found for title in record))
    if len(titles) > MOST_KEYS:
        raise UnreadableFile(
            f"The records name more than {MOST_KEYS} different fields. / 字段种类过多，请确认文件格式。"
        )
    named = dict(zip(titles, names(titles), strict=True))
    columns = {name: [_text(record.get(title)) for record in found] for title, name in named.items()}
    schema = {LINE: pl.Int64, **dict.fromkeys(columns, pl.String)}
    return titles, pl.DataFrame({LINE: list(lines), **columns}, schema=schema)


def _is_flat(record: object) -> bool:
    return isinstance(record, dict) and not any(isinstance(value, dict | list) for value in record.values())


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, float) or (type(value) is int and abs(value) > EXACT):
        return plain_number(float(value))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if "\0" in text:
        raise UnreadableFile("A text holds a NUL character; take it out. / 文本含有 NUL 字符，请删除后报送。")
    return text
