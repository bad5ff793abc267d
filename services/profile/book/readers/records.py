"""Records as JSON: a list of flat objects, turned into the same columns of text as a CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from services.profile.book.domain.columns import Form
from services.profile.book.domain.titles import LINE, names
from services.profile.book.domain.validation import LARGEST_SHOWN, REPORT
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, RawSheet, UnreadableFile
from services.profile.standards.spelling import number_text

# JSON is held in memory as a whole; whoever has more than this sends a table.
LARGEST = 64 << 20
MOST_KEYS = 200
NOT_FLAT = "not an object of plain values / 不是由简单值组成的对象"


def records(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read a JSON list; `line` is the place in the list, from 1."""
    if path.stat().st_size > min(LARGEST, limits.unpacked):
        raise FileTooLarge(f"JSON of more than {LARGEST >> 20} MiB; send a CSV or Parquet file instead.")
    try:
        found = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise UnreadableFile(f"The JSON is damaged or cut short at line {error.lineno}; send it again.") from None
    if not found:
        raise EmptyFile("The list holds no record.")
    numbered = list(enumerate(found, 1))
    strange = [(line, "", str(record)[:LARGEST_SHOWN], NOT_FLAT) for line, record in numbered if not _is_flat(record)]
    flat = [(line, record) for line, record in numbered if _is_flat(record)]
    titles, frame = text_frame([record for _, record in flat], [line for line, _ in flat])
    form.match(titles)
    return RawSheet(form.kind, frame, pl.DataFrame(strange, schema=REPORT, orient="row"), titles=tuple(titles))


def text_frame(found: Sequence[Mapping[str, Any]], lines: Iterable[int]) -> tuple[list[str], pl.DataFrame]:
    """Return the keys of records as titles, and their values as columns of text with their `line`."""
    titles = list(dict.fromkeys(title for record in found for title in record))
    if len(titles) > MOST_KEYS:
        raise UnreadableFile(f"The records name more than {MOST_KEYS} different fields.")
    named = dict(zip(titles, names(titles), strict=True))
    columns = {name: [_text(record.get(title)) for record in found] for title, name in named.items()}
    schema = {LINE: pl.Int64, **dict.fromkeys(columns, pl.String)}
    return titles, pl.DataFrame({LINE: list(lines), **columns}, schema=schema)


def _is_flat(record: object) -> bool:
    return isinstance(record, dict) and not any(isinstance(value, dict | list) for value in record.values())


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return str(value).lower()
    text = number_text(value) if isinstance(value, int | float) else str(value)
    if "\0" in text:
        raise UnreadableFile("A text holds a NUL character; take it out.")
    return text
