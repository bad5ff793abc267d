"""Parquet, turned into the same columns of text as a CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from chassis.core.parquet_text import Damaged, measured
from services.profile.book.domain.form import Form, Matched
from services.profile.book.domain.titles import LINE, names
from services.profile.book.readers.layout import swept
from services.profile.book.readers.numbers import plain_numbers
from services.profile.book.readers.sheets import (
    FileTooLarge,
    Limits,
    RawSheet,
    UnreadableFile,
    damage_told,
    must_be_narrow,
)

SIMPLE = (pl.String, pl.Boolean, pl.Date, pl.Datetime, pl.Decimal, pl.Categorical, pl.Enum, pl.Null)
# A cell of the least possible size; a Parquet file cannot tell how much text it unpacks to, its rows it can.
SMALLEST_CELL_BYTES = 8
# Of a file that is looked at whole so many cells are held at once at most.
CELLS_AT_ONCE = 1 << 25
DAMAGED = "The Parquet file is damaged or cut short; send it again. / Parquet 文件已损坏或不完整，请重新报送。"
HERE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Rows:
    """A Parquet file that can be used, unread: its titles, how many rows it has, which columns are ours."""

    plan: pl.LazyFrame
    titles: tuple[str, ...]
    height: int
    matched: Matched
    text: int = 0

    def texts(self, start: int, count: int) -> pl.DataFrame:
        """Return rows as columns of text; `line` is the number of the row, from 1."""
        with damage_told(DAMAGED, PolarsError, OSError):
            # By their place: a title may look like a pattern.
            named = (pl.nth(place).alias(name) for place, name in enumerate(names(self.titles)))
            table = self.plan.slice(start, count).select(named).collect()
            texts = table.select(_text(column) for column in table.get_columns())
            return texts.with_row_index(LINE, start + 1).with_columns(pl.col(LINE).cast(pl.Int64))


def parquet(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read a Parquet file; `line` is the number of the row, from 1."""
    rows = opened(form, path, limits)
    _require_modest(rows, limits)
    kept, notes = swept(rows.texts(0, rows.height), rows.titles, rows.matched)
    return RawSheet(form.kind, kept, titles=rows.titles, notes=notes)


def opened(form: Form, path: Path, limits: Limits) -> Rows:
    """Look at the head of a Parquet file; raise a `Refused` where it cannot be used."""
    with damage_told(DAMAGED, PolarsError, OSError):
        plan = pl.scan_parquet(path)
        schema = plan.collect_schema()
        height = plan.select(pl.len()).collect().item()
    titles = schema.names()
    must_be_narrow(len(titles), limits)
    named = names(titles)
    matched = form.match(titles)
    types = dict(zip(named, schema.dtypes(), strict=True))
    read = {*matched.found, *matched.parts.values()}
    nested = [name for name in named if name in read and not (types[name].is_numeric() or types[name] in SIMPLE)]
    if nested:
        raise UnreadableFile(
            f"The columns {', '.join(nested)} are lists or structs; send plain values. "
            "/ 这些列是嵌套结构，请报送普通值。",
            columns=nested,
        )
    if height * len(schema) * SMALLEST_CELL_BYTES > limits.unpacked:
        raise FileTooLarge(
            f"The file has {height} rows; split it and send the parts. / 行数过多，请拆分后分别报送。", rows=height
        )
    # What was tried whole has been measured with it.
    return Rows(plan, tuple(titles), height, matched, 0 if limits.gauged else text_of(path, limits))


def text_of(path: Path, limits: Limits, first: int | None = None) -> int:
    """Return how many bytes of text a file holds, or the `first` rows of it, before they are read.

    Raise `FileTooLarge` where they are too many, `UnreadableFile` where the file is damaged. A dictionary has a value
    once for all of its rows, so that a file of four thousand bytes may hold gigabytes.
    """
    try:
        found = measured(path, rows=limits.rows, most=limits.text, first=first, seconds=limits.seconds)
    except Damaged:
        raise UnreadableFile(DAMAGED) from None
    if found is None:
        raise FileTooLarge(
            f"The text of {limits.rows} of its rows unpacks to more than {limits.text >> 20} MiB; send shorter texts, "
            f"or the same as CSV in parts. / 每 {limits.rows} 行文本解压后超过 {limits.text >> 20} MiB，请缩短文本，"
            "或改用 CSV 拆分后报送。",
            limit_bytes=limits.text,
        )
    if found.longest > limits.cell:
        raise FileTooLarge(
            f"A cell holds {found.longest} bytes of text; at most {limits.cell} are taken: shorten it and send the "
            f"file again. / 有单元格文本达 {found.longest} 字节，最多 {limits.cell} 字节，请缩短后重新报送。",
            found_bytes=found.longest,
            limit_bytes=limits.cell,
        )
    return found.total


def _require_modest(rows: Rows, limits: Limits) -> None:
    """Raise `FileTooLarge` where a file that is looked at whole holds more than is looked at at once."""
    cells = rows.height * len(rows.titles)
    if rows.text > limits.text or cells > CELLS_AT_ONCE:
        raise FileTooLarge(
            f"The file holds {cells} cells with {rows.text} bytes of text; looked at at once are {CELLS_AT_ONCE} cells "
            f"and {limits.text} bytes: split it and send the parts. / 文件共 {cells} 个单元格、{rows.text} 字节文本，"
            f"一次最多受理 {CELLS_AT_ONCE} 个单元格、{limits.text} 字节，请拆分后分别报送。",
            found_cells=cells,
            found_bytes=rows.text,
            limit_cells=CELLS_AT_ONCE,
            limit_bytes=limits.text,
        )


def _text(column: pl.Series) -> pl.Series:
    """Return a column as text: binary numbers as decimals, moments as China's clocks show them, lists as nothing."""
    if column.dtype.is_float():
        return plain_numbers(column.cast(pl.Float64))
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return pl.Series(column.name, [None] * column.len(), dtype=pl.String)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone:
        column = column.dt.convert_time_zone(HERE).dt.replace_time_zone(None)
    return column.cast(pl.String)
