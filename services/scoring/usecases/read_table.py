"""Read a bank's own table, sent as CSV (also gzipped, also in GB18030) or Parquet."""

from __future__ import annotations

import gzip
import tempfile
from codecs import BOM_UTF8
from io import BytesIO
from pathlib import Path

import polars as pl

from chassis.core.parquet_text import Damaged, measured
from services.scoring.domain.errors import TableUnreadable

# Enough rows to tell a number from a word; a column that turns out otherwise later is read again as text.
ROWS_TO_INFER = 10_000
# What a list of enterprises calls them: ours, and the tax export's.
LISTED = ("enterprise", "企业代号", "统一社会信用代码")
NULLS = ["", "NA", "NaN", "null"]
UTF8 = "utf-8"
ENCODINGS = (UTF8, "gb18030")
LARGEST_UNPACKED = 128 << 20
# Cells are counted before they are made: as text one takes sixteen bytes at least, whatever it holds.
LARGEST_CELLS = 1 << 24
MOST_COLUMNS = 1 << 14
# Of text, which a dictionary may hold many times over: in all, and in one cell.
LARGEST_TEXT, LONGEST_CELL = 256 << 20, 1 << 20


def read_table(name: str, body: bytes, *, as_text: bool = False) -> pl.DataFrame:
    """Return the table in a file; raise `TableUnreadable` saying what was found.

    What kind of values a CSV file's columns hold is told from all of them, or they stay text `as_text`.
    """
    if body[:4] == b"PAR1":
        return _parquet(name, body)
    if body[:2] == b"\x1f\x8b":
        body = _unpacked(name, body)
    if len(body) > LARGEST_UNPACKED:
        raise TableUnreadable(
            f"{name} unpacks to more than {LARGEST_UNPACKED >> 20} MiB of text; send it as Parquet. "
            f"/ 文本超过 {LARGEST_UNPACKED >> 20} MiB，请改用 Parquet。"
        )
    _require_few(name, body.partition(b"\n")[0].count(b","), body.count(b",") + body.count(b"\n"))
    return _csv(name, _text(name, body), as_text=as_text)


def enterprises_in(name: str, body: bytes) -> list[str]:
    """Return the enterprises that a file lists, as it writes them, each once and in its order.

    An enterprise's name is text, also where it looks like a number: `0140` is not `140`. Raises `TableUnreadable`.
    """
    table = read_table(name, body, as_text=True)
    column = next((column for column in LISTED if column in table.columns), None)
    if column is None:
        raise TableUnreadable(
            f"{name} has no column {' or '.join(LISTED)}; it has {', '.join(table.columns[:10])}. Name the one that "
            "lists the enterprises."
        )
    if table[column].dtype != pl.String:
        raise TableUnreadable(
            f"The column {column} of {name} holds {table[column].dtype}, and a number has lost the zeros that it began "
            "with; write it as text. / 该列须为文本：数值会丢失前导零。"
        )
    listed = table[column].str.strip_chars()
    return listed.filter(listed != "").unique(maintain_order=True).to_list()


def _parquet(name: str, body: bytes) -> pl.DataFrame:
    try:
        plan = pl.scan_parquet(BytesIO(body))
        columns = len(plan.collect_schema())
        _require_few(name, columns, plan.select(pl.len()).collect().item() * columns)
        _require_modest(name, body)
        return plan.collect()
    except Damaged:
        raise TableUnreadable(f"{name} begins as Parquet but cannot be read: it is damaged; send it again.") from None
    except pl.exceptions.PolarsError as error:
        raise TableUnreadable(f"{name} begins as Parquet but cannot be read: {_first_line(error)}") from None


def _require_few(name: str, columns: int, cells: int) -> None:
    """Raise `TableUnreadable` for more columns or cells than are read, before any is made."""
    if columns > MOST_COLUMNS or cells > LARGEST_CELLS:
        raise TableUnreadable(
            f"{name} holds {columns} columns and {cells} cells; at most {MOST_COLUMNS} and {LARGEST_CELLS} are read. "
            f"Send fewer rows, or fewer columns. / 文件有 {columns} 列、{cells} 个单元格，"
            f"最多 {MOST_COLUMNS} 列、{LARGEST_CELLS} 个，请减少。"
        )


def _require_modest(name: str, body: bytes) -> None:
    """Refuse a file whose text unpacks to more than is read, before it is: a dictionary has a value only once."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        found = measured(Path(file.name), rows=LARGEST_CELLS, most=LARGEST_TEXT)
    if found is None or found.total > LARGEST_TEXT or found.longest > LONGEST_CELL:
        longest = "" if found is None else f", its longest cell has {found.longest}"
        raise TableUnreadable(
            f"{name} holds more text than is read: at most {LARGEST_TEXT} bytes, {LONGEST_CELL} in a cell{longest}. "
            f"Send shorter texts. / 文本过大：总计最多 {LARGEST_TEXT} 字节，单元格最多 {LONGEST_CELL} 字节，请缩短。"
        )


def _unpacked(name: str, body: bytes) -> bytes:
    try:
        with gzip.open(BytesIO(body)) as packed:
            unpacked = packed.read(LARGEST_UNPACKED + 1)
    except (OSError, EOFError) as error:
        raise TableUnreadable(f"{name} is gzipped but damaged ({error}); send it again.") from None
    return unpacked


def _text(name: str, body: bytes) -> bytes:
    """Return a text as UTF-8; one that is UTF-8 is not copied but for its mark."""
    if has_long_line(body, LONGEST_CELL):
        raise TableUnreadable(
            f"{name} has a line of more than {LONGEST_CELL} bytes; is this a table with line ends? "
            f"/ 有一行超过 {LONGEST_CELL} 字节，请确认这是一张带换行的表。"
        )
    for encoding in ENCODINGS:
        try:
            text = body.decode(encoding)
        except UnicodeDecodeError:
            continue
        return body.removeprefix(BOM_UTF8) if encoding == UTF8 else text.encode()
    raise TableUnreadable(f"{name} is neither UTF-8 nor GB18030 text, nor gzip, nor Parquet.")


def has_long_line(body: bytes, most: int) -> bool:
    """Tell whether a line holds more than so many bytes, its end not counted; each byte is passed once."""
    start = 0
    while (end := body.find(b"\n", start)) >= 0:
        if end - start > most:
            return True
        start = end + 1
    return len(body) - start > most


def _csv(name: str, body: bytes, *, as_text: bool) -> pl.DataFrame:
    try:
        table = pl.read_csv(body, infer_schema=False) if as_text else _inferred(body)
    except pl.exceptions.NoDataError:
        raise TableUnreadable(f"{name} is empty; its first line must name the columns.") from None
    except pl.exceptions.PolarsError as error:
        raise TableUnreadable(f"{name} is not a table with commas: {_first_line(error)}") from None
    if table.is_empty():
        raise TableUnreadable(f"{name} names columns but has no row.")
    return table


def _inferred(body: bytes) -> pl.DataFrame:
    try:
        return pl.read_csv(body, infer_schema_length=ROWS_TO_INFER, null_values=NULLS)
    except pl.exceptions.NoDataError:
        raise
    except pl.exceptions.PolarsError:
        return pl.read_csv(body, infer_schema=False, null_values=NULLS)


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0][:200]
