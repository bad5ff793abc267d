"""A grid of text cells, as a sheet or a page has it, becomes a table below the header found."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.form import Form
from services.profile.book.domain.titles import LINE, names
from services.profile.book.readers.layout import SEARCHED, Header, find_header, must_mean_yuan, swept
from services.profile.book.readers.sheets import RawSheet


def header_in(grid: pl.DataFrame, known: frozenset[str]) -> Header | None:
    """Find the header among the first rows of a grid of text, whose first row is line 1."""
    rows = grid.head(SEARCHED).rows()
    return find_header(((line, [cell or "" for cell in row]) for line, row in enumerate(rows, 1)), known)


def table_in(form: Form, grid: pl.DataFrame, header: Header, name: str | None, where: str) -> RawSheet:
    """Return the rows below the header; raise `WrongColumns` where its titles are not those of the form."""
    matched = form.match(header.titles, where)
    must_mean_yuan(header.above, matched)
    frame, notes = swept(below(grid, header), header.titles, matched)
    return RawSheet(form.kind, frame, name=name, titles=header.titles, notes=(*header.notes, *notes))


def below(grid: pl.DataFrame, header: Header) -> pl.DataFrame:
    """Return the rows below the header with their lines, named by their titles."""
    frame = grid.slice(header.line)
    frame.columns = names(header.titles)
    return frame.with_row_index(LINE, header.line + 1).with_columns(pl.col(LINE).cast(pl.Int64))
