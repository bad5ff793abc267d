"""Rejected rows as their sender wrote them, with the reasons in front: to be corrected in a spreadsheet and sent again.

A spreadsheet must neither run a cell nor lose its digits: a cell that begins like a formula, and a long or zero-led run
of digits, gets an apostrophe in front (OWASP, CSV injection). Reading takes exactly that apostrophe off again, and
leaves the two columns of reasons out, so that the corrected rows are those of the file that they came from.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import polars as pl

from services.profile.book.domain.titles import LINE, REASONS, names, plain
from services.profile.book.domain.validation import VEIL

# What begins like a formula and is no plain number; what a spreadsheet takes for a formula after blanks is one too.
FORMULA = r"^\s*[=+\-@\t\r\uFF0B\uFF0D\uFF1D\uFF20]"
NUMBER = r"^[+-]?\d[\d,]*(\.\d+)?%?$"
DIGITS = r"^\d{12,}$|^0\d+$"
LISTED = "; "


def safe(text: pl.Expr) -> pl.Expr:
    """Return text that no spreadsheet runs."""
    inner = text.str.replace(r"^'+", "")
    risky = (inner.str.contains(FORMULA) & ~inner.str.contains(NUMBER)) | text.str.contains(r"^[\t\r]")
    return pl.when(risky).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)


def kept(text: pl.Expr) -> pl.Expr:
    """Return text that a spreadsheet neither runs nor shortens; `restored` undoes it."""
    return pl.when(_marked(text)).then(pl.concat_str(pl.lit("'"), text)).otherwise(text)


def restored(text: pl.Expr) -> pl.Expr:
    """Return text as it was before `kept`."""
    return pl.when(text.str.starts_with("'") & _marked(text)).then(text.str.slice(1)).otherwise(text)


def rejected(frame: pl.DataFrame, report: pl.DataFrame, open_columns: Collection[str] | None) -> pl.DataFrame:
    """Return the rows of a table that a report names, with their reasons; its columns are named by `names`.

    Lines that could not be split into columns are cut at the separators that they have. Where the table names persons,
    only the `open_columns` are said again.
    """
    columns = [name for name in frame.columns if name != LINE]
    reasons = _reasons(report)
    rows = frame.filter(pl.col(LINE).is_in(reasons[LINE].implode()))
    loose = report.filter(pl.col("column") == "", ~pl.col(LINE).is_in(frame[LINE].implode()))
    cells = pl.concat(
        [rows.select(pl.col(LINE).cast(pl.Int64), *(_text(rows, name) for name in columns)), _split(loose, columns)]
    )
    if open_columns is not None:
        veiled = [pl.when(pl.col(name).is_not_null()).then(pl.lit(VEIL)).alias(name) for name in columns]
        cells = cells.with_columns(each for each in veiled if each.meta.output_name() not in open_columns)
    told = reasons.join(cells, on=LINE, how="left").sort(LINE)
    return told.select(*REASONS, *(kept(pl.col(name)).alias(name) for name in columns))


def header(titles: Sequence[str], columns: Sequence[str]) -> list[str]:
    """Return the titles of such a table: the reasons', then the file's own, as it has them."""
    own = list(titles) if names(titles) == list(columns) else list(columns)
    return [*REASONS, *pl.select(safe(pl.lit(pl.Series(own, dtype=pl.String)))).to_series()]


def is_returned(titles: Sequence[str]) -> bool:
    """Tell whether a file is such a table, corrected and sent again."""
    return {plain(title) for title in REASONS} <= {plain(title) for title in titles}


def as_sent(frame: pl.DataFrame, titles: Sequence[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return a table that came back without the columns of reasons, its cells as they were, and its titles."""
    ours = {plain(title) for title in REASONS}
    pairs = list(zip(names(titles), titles, strict=True))
    own = [(name, title) for name, title in pairs if plain(title) not in ours]
    renamed = dict(zip((name for name, _ in own), names([title for _, title in own]), strict=True))
    cells = frame.select(LINE, *(restored(pl.col(name)).alias(new) for name, new in renamed.items()))
    return cells, tuple(title for _, title in own)


def _text(frame: pl.DataFrame, name: str) -> pl.Expr:
    """Return a column as text: a Parquet file's own types are kept where nobody reads them."""
    nested = frame.schema[name].is_nested() or frame.schema[name] == pl.Object
    return pl.lit(None, dtype=pl.String).alias(name) if nested else pl.col(name).cast(pl.String, strict=False)


def _marked(text: pl.Expr) -> pl.Expr:
    inner = text.str.replace(r"^'+", "")
    formula = inner.str.contains(FORMULA) & ~inner.str.contains(NUMBER)
    return formula | inner.str.contains(DIGITS)


def _reasons(report: pl.DataFrame) -> pl.DataFrame:
    """Return all reasons of a line in each language, with the columns that they are about."""
    zh = pl.col("reason").str.extract(r"^.* / (.*)$").fill_null(pl.col("reason"))
    en = pl.col("reason").str.extract(r"^(.*) / .*$").fill_null(pl.col("reason"))
    about = pl.col("column")
    chinese = pl.when(about == "").then(zh).otherwise(pl.concat_str(about, pl.lit("："), zh))
    english = pl.when(about == "").then(en).otherwise(pl.concat_str(about, pl.lit(": "), en))
    place = pl.col(LINE).cast(pl.String)
    told = report.group_by(LINE, maintain_order=True).agg(
        chinese.unique(maintain_order=True).str.join("；").alias(REASONS[0]),
        english.unique(maintain_order=True).str.join(LISTED).alias(REASONS[1]),
    )
    return told.with_columns(
        pl.concat_str(pl.lit("第 "), place, pl.lit(" 行 "), pl.col(REASONS[0])).alias(REASONS[0]),
        pl.concat_str(pl.lit("line "), place, pl.lit(" "), pl.col(REASONS[1])).alias(REASONS[1]),
    )


def _split(loose: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    schema = {LINE: pl.Int64(), **dict.fromkeys(columns, pl.String())}
    if loose.is_empty() or not columns:
        return pl.DataFrame(schema=schema)
    rows = []
    for line, value in loose.unique(LINE, maintain_order=True).select(LINE, "value").iter_rows():
        separator = max(",\t;|", key=value.count)
        cells = value.split(separator, len(columns) - 1)
        rows.append((line, *(cell.strip().strip('"') or None for cell in cells), *[None] * (len(columns) - len(cells))))
    return pl.DataFrame(rows, schema=schema, orient="row")
