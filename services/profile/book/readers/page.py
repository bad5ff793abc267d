"""Tables of a web page: many an ".xls" of a bank or an office is one."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl

from services.profile.book.domain.form import Form
from services.profile.book.readers.grid import header_in, table_in
from services.profile.book.readers.sheets import EmptyFile, FileTooLarge, Limits, RawSheet, UnreadableFile
from services.profile.book.readers.walk import GB18030, UTF8

# A page is held in memory as a whole.
LARGEST = 64 << 20
WIDEST = 1_000
CHARSET = re.compile(rb"""charset\s*=\s*["']?(gb|utf-?16)""", re.IGNORECASE)


def page(form: Form, path: Path, limits: Limits) -> RawSheet:
    """Read the rows of all tables of a page as one; `line` is the number of the row, from 1."""
    if path.stat().st_size > min(LARGEST, limits.unpacked):
        raise FileTooLarge(
            f"A page of more than {LARGEST >> 20} MiB; save it as .xlsx or .csv and send that. "
            "/ 网页过大，请另存为 .xlsx 或 .csv 后报送。"
        )
    cells = grid_of(path.read_bytes())
    header = header_in(cells, form.titles)
    if header is None:
        raise EmptyFile("This is a web page (HTML) without a table; save it as .xlsx and send that / 网页中没有表格。")
    return table_in(form, cells, header, None, "The page's table")


def grid_of(data: bytes) -> pl.DataFrame:
    """Return the rows of the tables of a page as a grid of text."""
    rows = _Rows()
    rows.feed(_text(data))
    rows.close()
    width = max(map(len, rows.found), default=0)
    columns = {f"c{place}": [row[place] if place < len(row) else None for row in rows.found] for place in range(width)}
    return pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))


def _text(data: bytes) -> str:
    stated = CHARSET.search(data[:4096])
    order = (GB18030, UTF8) if stated and stated[1].lower() == b"gb" else (UTF8, GB18030)
    for encoding in order:
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            continue
    raise UnreadableFile(
        "The page (HTML) is neither UTF-8 nor GB18030; save it as .xlsx and send that. "
        "/ 网页编码无法识别，请另存为 .xlsx 后报送。"
    )


class _Rows(HTMLParser):
    """Collects the rows of a page; a cell over several columns fills the first."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[list[str]] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self._end()
            self.found.append([])
        elif tag in ("td", "th"):
            self._end()
            span = next((value or "" for name, value in attrs if name == "colspan"), "")
            self._after = min(int(span), WIDEST) - 1 if span.isdecimal() else 0
            self._cell = []
        elif tag == "br" and self._cell is not None:
            self._cell.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th", "tr", "table"):
            self._end()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)

    def _end(self) -> None:
        if self._cell is None:
            return
        if not self.found:
            self.found.append([])
        row = self.found[-1]
        if len(row) < WIDEST:
            row.append("".join(self._cell).replace("\xa0", " ").strip())
            row += [""] * max(self._after, 0)
        self._cell = None
