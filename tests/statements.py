"""Bank statements as tests write them: a header, lines, and what is read of them."""

from __future__ import annotations

import csv
import io
from datetime import date

import polars as pl

from services.profile.book.domain.form import Matched
from services.profile.book.domain.titles import names
from services.profile.book.domain.validation import REPORT, Checked, check
from services.profile.book.readers.forms import form_of

TODAY = date(2026, 11, 29)


def matched(connector: str | None, text: str) -> tuple[Matched, pl.DataFrame]:
    """Return what of a statement is known, and its table of text."""
    header, *rows = csv.reader(io.StringIO(text))
    form = form_of("payments", connector, "local:E1")
    columns = {name: [row[at] or None for row in rows] for at, name in enumerate(names(header))}
    frame = pl.DataFrame(
        {"line": range(2, len(rows) + 2)} | columns, schema={"line": pl.Int64} | dict.fromkeys(columns, pl.String)
    )
    return form.match(header), frame


def read(connector: str | None, text: str) -> Checked:
    """Return a statement of one enterprise as it is checked on import."""
    found, frame = matched(connector, text)
    form = form_of("payments", connector, "local:E1")
    return check(form, frame, found, pl.DataFrame(schema=REPORT), today=TODAY)


def booked(connector: str | None, text: str) -> list[tuple[str, str, int]]:
    """Return day, direction and fen of what is accepted."""
    rows = read(connector, text).rows
    return rows.select(pl.col("date").cast(pl.String), "direction", "amount_fen").rows()
