"""Parquet, turned into the same columns of text as a CSV."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from services.profile.book.domain.columns import Form, Matched
from services.profile.book.domain.titles import LINE, names
from services.profile.book.readers.layout import swept
from services.profile.book.readers.numbers import plain_numbers
from services.profile.book.readers.sheets import FileTooLarge, Limits, RawSheet, UnreadableFile, damage_told

SIMPLE = (pl.String, pl.Boolean, pl.Date, pl.Datetime, pl.Decimal, pl.Categorical, pl.Enum, pl.Null)
# A cell of the least possible size; a Parquet file cannot tell how much text it unpacks to, its rows it can.
SMALLEST_CELL_BYTES = 8
DAMAGED = "The Parquet file is damaged or cut short; send it again. / Parquet 文件已损坏或不完整，请重新报送。"
HERE = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Rows:
    """A Parquet file that can be used, unread: its titles, how many rows it has, which columns are ours."""

    plan: pl.LazyFrame
    titles: tuple[str, ...]
    height: int
    matched: Matched

    def texts(self, start: int, count: int) -> pl.DataFrame:
        """Return rows as columns of text; `line` is the number of the row, from 1."""
        named = zip(self.titles, names(self.titles), strict=True)
        with damage_told(DAMAGED, PolarsError, OSError):
            table = self.plan.slice(start, count).select(pl.col(title).alias(name) for title, name in named).collect()
            texts = table.select(_text(column) for column in table.get_columns())
            return texts.with_row_index(LINE, start + 1).with_columns(pl.col(LINE).cast(pl.Int64))


def parquet(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read a Parquet file; `line` is the number of the row, from 1."""
    rows = opened(form, path, limits)
    kept, notes = swept(rows.texts(0, rows.height), rows.titles, rows.matched)
    return RawSheet(form.kind, kept, titles=rows.titles, notes=notes)


def opened(form: Form, path: Path, limits: Limits) -> Rows:
    """Look at the head of a Parquet file; raise a `Refused` where it cannot be used."""
    with damage_told(DAMAGED, PolarsError, OSError):
        plan = pl.scan_parquet(path)
        schema = plan.collect_schema()
        height = plan.select(pl.len()).collect().item()
    titles = schema.names()
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
    return Rows(plan, tuple(titles), height, matched)


def _text(column: pl.Series) -> pl.Series:
    """Return a column as text: binary numbers as decimals, moments as China's clocks show them, lists as nothing."""
    if column.dtype.is_float():
        return plain_numbers(column.cast(pl.Float64))
    if column.dtype.is_nested() or column.dtype in (pl.Object, pl.Binary):
        return pl.Series(column.name, [None] * column.len(), dtype=pl.String)
    if isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone:
        column = column.dt.convert_time_zone(HERE).dt.replace_time_zone(None)
    return column.cast(pl.String)
