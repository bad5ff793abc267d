"""Reads delimited text: any size within bounded memory, UTF-8, UTF-16 or GB18030, plain or gzipped.

The file is walked once in pieces, its header is found among its first lines, and the rows are parsed by Polars in
columns. Polars fills short rows without a word, so the separators are counted: only where their number is not that of
the rows is each row looked at. Only a file that Polars cannot split row by line (quoted line ends, rows that are too
long, lines of another encoding, a quotation mark that stays open) is read line by line.
"""

from __future__ import annotations

import csv
import io
import re
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from services.profile.book.domain.form import Form, Matched
from services.profile.book.domain.titles import LINE, names
from services.profile.book.domain.validation import LARGEST_SHOWN, REPORT
from services.profile.book.readers.layout import (
    SEARCHED,
    Header,
    Row,
    find_header,
    must_mean_yuan,
    sweep,
    swept,
    told_footers,
)
from services.profile.book.readers.lines import by_line, decoded, too_few
from services.profile.book.readers.sheets import EmptyFile, Limits, RawSheet, UnreadableFile, must_be_narrow
from services.profile.book.readers.walk import CHUNK, GB18030, UTF8, Walked, unpacked

SEPARATORS = ",\t;|"
STATED = re.compile(r'^"?sep=([,;|])"?$')
# A line with at least one character beyond ASCII, all of it valid UTF-8.
UTF8_LINE = re.compile(
    rb"^[^\n\x80-\xff]*(?:(?:[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})[^\n\x80-\xff]*)+$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Table:
    """A text that is known to be a table: where its header is, and what separates its cells."""

    walked: Walked
    encoding: str
    header: Header
    separator: str
    matched: Matched
    mixed: bool = False  # lines of another encoding are among it


@dataclass(frozen=True, slots=True)
class Part:
    """Whole lines of a text: so many `lines` behind the first `skipped` of the source, which is line `start` + 1."""

    source: Path | bytes
    skipped: int
    start: int
    lines: int


def delimited(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read a delimited text file as columns of text; as a whole it is no longer than all of its cells may be."""
    with opened(form, path, replace(limits, unpacked=min(limits.unpacked, limits.text))) as table:
        return _parse(form, table)


@contextmanager
def opened(form: Form, path: Path, limits: Limits) -> Iterator[Table]:
    """Find the table in a text: of UTF-8, or of GB18030 brought to it, or of an `encoding` that each line is held to.

    What is packed or of another encoding goes to a file beside it, which is removed afterwards.
    """
    with unpacked(path, limits) as walked:
        if walked.utf8:
            yield _table(form, walked, UTF8, limits)
            return
        recoded = walked.path.with_suffix(".utf8")
        try:
            if _recoded(walked.path, recoded):
                yield _table(form, replace(walked, path=recoded), UTF8, limits)
            else:
                encoding = _first_encoding(walked.path)
                yield replace(_table(form, walked, encoding, limits), mixed=True)
        finally:
            recoded.unlink(missing_ok=True)


def _recoded(path: Path, recoded: Path) -> bool:
    """Bring a text of GB18030 to UTF-8, and tell whether it is that, every line of it. No line ends within a letter."""
    with path.open("rb") as file, recoded.open("wb") as written:
        while some := file.readlines(CHUNK):
            data = b"".join(some)
            if UTF8_LINE.search(data):
                return False
            try:
                written.write(data.decode(GB18030).encode(UTF8))
            except UnicodeDecodeError:
                return False
    return True


def _first_encoding(path: Path) -> str:
    """Return the encoding of the first line beyond ASCII: the header of a Chinese export."""
    with path.open("rb") as file:
        line = next((line for line in file if not line.isascii()), b"")
    return UTF8 if decoded(line, UTF8) is not None else GB18030


def _table(form: Form, walked: Walked, encoding: str, limits: Limits) -> Table:
    header, separator = header_of(walked.path, encoding, form.titles, limits)
    must_be_narrow(len(header.titles), limits)
    matched = form.match(header.titles)
    must_mean_yuan(header.above, matched)
    return Table(walked, encoding, header, separator, matched)


def header_of(path: Path, encoding: str, known: frozenset[str], limits: Limits) -> tuple[Header, str]:
    """Find the header among the first lines of a text, and what separates its cells."""
    with path.open("rb") as file:
        raw = [line.removeprefix(b"\xef\xbb\xbf") for line in islice(file, SEARCHED)]
    # Before they are split: a line of a megabyte may have as many cells. What lies within a cell is counted too.
    must_be_narrow(max(line.count(sign.encode()) for line in raw for sign in SEPARATORS), limits, limits.separators)
    lines = [text.rstrip("\r\n") if (text := decoded(line, encoding)) is not None else "" for line in raw]
    if not any(line.strip() for line in lines):
        if decoded(raw[0], encoding) is None:
            raise UnreadableFile(
                "Line 1, the header, is neither UTF-8 nor GB18030; save the file as UTF-8. "
                "/ 表头编码无法识别，请另存为 UTF-8 后报送。",
                line=1,
            )
        raise EmptyFile(
            f"The first {len(lines)} lines are blank; one must name the columns. / 前几行均为空白，须有一行写明列名。",
            line=1,
        )
    if stated := STATED.match(lines[0].strip()):
        lines[0] = ""
    separators = stated[1] if stated else SEPARATORS
    ways = [(rows, sign) for sign in separators for rows in (_records(lines, sign), _alone(lines, sign))]
    found = [(header, sign) for rows, sign in ways if (header := find_header(rows, known))]
    header, separator = max(found, key=lambda one: (one[0].score, one[0].width), default=(None, ""))
    if header is None or any("\r" in title.strip() for title in header.titles):
        raise UnreadableFile(
            "Line 1, the header, cannot be split into columns; save the file with ordinary line ends (LF or CRLF). "
            "/ 表头无法分列，请用普通换行符（LF 或 CRLF）另存后报送。",
            line=1,
        )
    return header, separator


def _records(lines: Sequence[str], separator: str) -> Iterator[Row]:
    """Give the lines as rows of cells, quoted cells over several lines; up to a line that is no row."""
    reader = csv.reader((line + "\n" for line in lines), delimiter=separator)
    with suppress(csv.Error):
        for cells in reader:
            yield reader.line_num, cells


def _alone(lines: Sequence[str], separator: str) -> Iterator[Row]:
    """Give each line as a row for itself: a mark of quotation in a title line may stay open."""
    for number, line in enumerate(lines, 1):
        with suppress(csv.Error):
            yield number, next(csv.reader([line], delimiter=separator), [])


def _parse(form: Form, table: Table) -> RawSheet:
    shaped = shape(table)
    if shaped is None:
        return _line_by_line(form, table)
    header, start = shaped
    read = columns(table, header, Part(table.walked.path, start, start, table.walked.lines - start))
    if read is None:
        return _line_by_line(form, table)
    frame, short = read
    kept, left = sweep(frame, header.titles, table.matched)
    kept, unread = without_short(table, kept, short)
    return _sheet(form, table, replace(header, line=table.header.line), kept, unread, left.notes)


def without_short(table: Table, kept: pl.DataFrame, short: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return rows without those that are too short, and the report of these."""
    short = short.join(kept.select(LINE), on=LINE, how="semi")
    if not short.is_empty():
        kept = kept.join(short, on=LINE, how="anti", maintain_order="left")
    return kept, _reported(table, short)


def _line_by_line(form: Form, table: Table) -> RawSheet:
    read = by_line(table.walked.path, table.walked, table.encoding, table.header, table.separator)
    must_mean_yuan(read.footers, table.matched)
    kept, notes = swept(read.frame, table.header.titles, table.matched)
    return _sheet(form, table, table.header, kept, read.unread, (*told_footers(read.footers), *notes))


def _sheet(
    form: Form, table: Table, header: Header, frame: pl.DataFrame, unread: pl.DataFrame, notes: Sequence[str]
) -> RawSheet:
    notes = (*header.notes, *notes, *cut_short(table, unread))
    return RawSheet(form.kind, frame, unread, titles=header.titles, notes=notes)


def cut_short(table: Table, unread: pl.DataFrame) -> tuple[str, ...]:
    """Tell where a text ends within a line that could not be split."""
    last = table.walked.lines
    if table.walked.ended or last not in unread[LINE]:
        return ()
    return (f"the file seems cut short at line {last} / 文件似在第 {last} 行被截断",)


def shape(table: Table) -> tuple[Header, int] | None:
    """Return the header as wide as the first row, and how many lines stand before that.

    None where that is too short, or where it is known before that the text is to be read line by line.

    Some programs write separators behind the last title only, some behind the last cell only.
    """
    if table.mixed or table.walked.open_quote:
        return None
    with table.walked.path.open("rb") as file:
        start = sum(1 for _ in islice(file, table.header.line))
        for raw in file:
            if raw.strip():
                break
            start += 1
        else:
            return table.header, table.header.line
    try:
        width = len(next(csv.reader([raw.decode(UTF8)], delimiter=table.separator)))
    except csv.Error:
        return None
    titles = (*table.header.titles[:width], *[""] * (width - len(table.header.titles)))
    return (replace(table.header, titles=titles), start) if width >= table.header.width else None


def columns(table: Table, header: Header, part: Part) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    """Parse a part in columns of text, and return beside it the rows that are too short; None where that is unclear."""
    frame = _columns(table, header, part)
    short = None if frame is None else _short_rows(table, header, part, frame)
    return None if frame is None or short is None else (frame, short)


def _columns(table: Table, header: Header, part: Part) -> pl.DataFrame | None:
    """Parse the rows in columns of text; None where a line is not a row, or cells beyond the header are filled."""
    named = names(header.titles)
    if part.lines == 0:
        return pl.DataFrame(schema={LINE: pl.Int64, **dict.fromkeys(named, pl.String)})
    try:
        frame = pl.read_csv(
            part.source,
            has_header=False,
            skip_lines=part.skipped,
            separator=table.separator,
            schema=dict.fromkeys(named, pl.String),
            row_index_name=LINE,
            row_index_offset=part.start + 1,
        )
    except PolarsError:
        return None
    extra = named[len(table.header.titles) :]
    if frame.height != part.lines or any(frame[name].str.strip_chars("\r \t").str.len_bytes().sum() for name in extra):
        return None
    return frame.with_columns(pl.col(LINE).cast(pl.Int64))


def _short_rows(table: Table, header: Header, part: Part, frame: pl.DataFrame) -> pl.DataFrame | None:
    """Return the rows with fewer fields than the header as `line`, `fields` and `text`; None where that is unclear.

    No row has more fields than the header, so that where the separators of all are as many as there must be, none has
    fewer.
    """
    found = pl.DataFrame(schema={LINE: pl.Int64, "fields": pl.Int64, "text": pl.String})
    width = len(header.titles)
    if not frame[frame.columns[-1]].null_count():  # a short row has no last field
        return found
    separators, quotes = _counted(table, part)
    if not quotes and separators == (width - 1) * frame.height:
        return found
    within = pl.sum_horizontal(
        pl.exclude(LINE).str.count_matches(table.separator, literal=True).fill_null(0).cast(pl.Int64)
    )
    inside = frame.select(within.alias("inside")).to_series()
    if separators - inside.sum() == (width - 1) * frame.height:
        return found
    counted = _fields(table, part, frame, inside)
    return None if counted is None else counted.filter(pl.col("fields") < header.width)


def _fields(table: Table, part: Part, frame: pl.DataFrame, inside: pl.Series) -> pl.DataFrame | None:
    """Return how many fields each line of a part has, of whose separators so many stand `inside` of values."""
    try:
        lines = pl.read_csv(
            part.source,
            has_header=False,
            skip_lines=part.skipped,
            separator="\x1f",
            quote_char=None,
            schema={"text": pl.String},
        )
    except PolarsError:
        return None
    if lines.height != frame.height:
        return None
    counted = lines.with_columns(frame[LINE], pl.col("text").fill_null("").str.strip_chars_end("\r"))
    written = pl.col("text").str.count_matches(table.separator, literal=True).cast(pl.Int64)
    counted = counted.select(LINE, (written - inside + 1).alias("fields"), "text")
    return counted if counted["fields"].is_between(1, len(frame.columns) - 1).all() else None


def _counted(table: Table, part: Part) -> tuple[int, int]:
    """Count the separators of a part, in quotation marks or not, and the quotation marks."""
    sign, separators, quotes = table.separator.encode(), 0, 0
    with io.BytesIO(part.source) if isinstance(part.source, bytes) else part.source.open("rb") as file:
        deque(islice(file, part.skipped), maxlen=0)
        while chunk := file.read(CHUNK):
            separators, quotes = separators + chunk.count(sign), quotes + chunk.count(b'"')
    return separators, quotes


def _reported(table: Table, short: pl.DataFrame) -> pl.DataFrame:
    width, last = table.header.width, 0 if table.walked.ended else table.walked.lines
    rows = [
        (line, "", text[:LARGEST_SHOWN], too_few(fields, width, cut=line == last))
        for line, fields, text in short.iter_rows()
    ]
    return pl.DataFrame(rows, schema=REPORT, orient="row")
