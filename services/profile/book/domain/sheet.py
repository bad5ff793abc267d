"""The tables of a file on their way into the book: checked, without what is refused, and counted in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, field, replace
from itertools import islice
from typing import Any

import polars as pl

from services.profile.book.domain.attributes import warnings
from services.profile.book.domain.columns import ENTERPRISES
from services.profile.book.domain.dataset import Dataset
from services.profile.book.domain.form import Form
from services.profile.book.domain.invoice_lines import STATED
from services.profile.book.domain.validation import REPORT, Checked

MOST_WARNINGS = MOST_NOTES = 20
# Lines of a file's second sheet are counted on from here, of its third from twice as far: each names one row.
SHEET_STEP = 1 << 40
# The SHA-256 of what was written of rejected rows, by file: noted under this word with the counts of an import.
Digests = Mapping[str, str]
NOTED = "reports"
FOLDED = {"line": pl.Int64(), "into": pl.Int64()}


@dataclass(frozen=True, slots=True)
class Sheet:
    """One checked table of the file; `ignored` are the columns that nobody reads, `notes` tell what was left out.

    `folded` are lines that were summed into another one of the same thing, and `told` says so. `lines` are those of
    invoices (`invoice_lines.STATED`), each by the row that it was before.
    `raw` is the table as read and `titles` its own; where it names persons, only the `open_columns` are said again.
    """

    form: Form
    name: str | None
    checked: Checked
    ignored: tuple[str, ...]
    notes: tuple[str, ...] = ()
    folded: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FOLDED))
    told: tuple[str, ...] = ()
    raw: pl.DataFrame = field(default_factory=pl.DataFrame)
    titles: tuple[str, ...] = ()
    open_columns: frozenset[str] | None = None
    lines: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=STATED))

    def without(self, lines: Sequence[int], reason: str) -> Sheet:
        """Return the sheet without these lines, which its report then gives with the reason."""
        checked, into = self.checked, pl.col("into").is_in(lines)
        every = sorted({*lines, *self.folded.filter(into)["line"]})
        refused = pl.DataFrame({"line": every}, schema={"line": pl.Int64}).with_columns(
            column=pl.lit(""), value=pl.lit(""), reason=pl.lit(reason)
        )
        kept = replace(
            checked,
            rows=checked.rows.filter(~pl.col("line").is_in(lines)),
            report=pl.concat([checked.report, refused.cast(pl.Schema(REPORT))]).sort("line", maintain_order=True),
            rejected=checked.rejected + len(every),
        )
        return replace(self, checked=kept, folded=self.folded.filter(~into))

    def counted(self, lines: pl.Series) -> int:
        """Return how many rows of the file these lines are, with those that were summed into them."""
        return lines.len() + self.folded.filter(pl.col("into").is_in(lines.implode())).height

    def reported(self) -> pl.DataFrame:
        """Return the report of rejected rows; in a workbook a column is named with its sheet."""
        place = pl.lit(f"{self.name}!").add(pl.col("column")) if self.name else pl.col("column")
        return self.checked.report.with_columns(place.alias("column"))


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows of a file or a sheet: received = accepted + duplicate + rejected."""

    received: int
    accepted: int
    duplicate: int
    rejected: int

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both together."""
        return Counts(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True)))


def dataset_of(sheets: Sequence[Sheet]) -> Dataset | None:
    """Return the kind of data that a file brings to a lake; None where it describes firms or states outcomes."""
    return next((sheet.form.dataset for sheet in sheets if sheet.form.dataset), None)


def numbered(rows: pl.DataFrame, place: int) -> pl.DataFrame:
    """Return rows of the sheet at a place with lines that no other sheet has."""
    return rows.with_columns(pl.col("line") + place * SHEET_STEP)


def of_sheet(lines: Sequence[int], place: int) -> list[int]:
    """Return those of such lines that are of the sheet at a place, as the sheet counts them."""
    return [line % SHEET_STEP for line in lines if line // SHEET_STEP == place]


def taken(sheets: Sequence[Sheet], lines: pl.Series) -> list[int]:
    """Return how many rows of each sheet became known with these lines of all sheets."""
    return [
        sheet.counted(lines.filter(lines // SHEET_STEP == place) % SHEET_STEP) for place, sheet in enumerate(sheets)
    ]


def summary(sheets: Sequence[Sheet], counts: Sequence[Counts], told: Sequence[str] = ()) -> dict[str, Any]:
    """Return what is told of an import when it is done: its counts in all and by sheet, and what was not understood."""
    parts = [
        {"sheet": sheet.name, "kind": sheet.form.kind, **asdict(count)}
        for sheet, count in zip(sheets, counts, strict=True)
        if sheet.name
    ]
    return {
        **asdict(sum(counts[1:], counts[0])),
        "ignored_columns": sorted({title for sheet in sheets for title in sheet.ignored}),
        "notes": list(islice(dict.fromkeys(_noted(sheets)), MOST_NOTES)),
        "warnings": list(islice(dict.fromkeys([*told, *_warnings(sheets)]), MOST_WARNINGS)),
        "parts": parts or None,
    }


def _noted(sheets: Sequence[Sheet]) -> Iterator[str]:
    """Give what the reader left out, with the sheet in a workbook of several."""
    for sheet in sheets:
        yield from (f"{sheet.name}: {note}" if sheet.name and len(sheets) > 1 else note for note in sheet.notes)


def _warnings(sheets: Sequence[Sheet]) -> Iterator[str]:
    """Give what was summed, what is odd about rows that were taken, and what the standards do not know of the firms."""
    for sheet in sheets:
        yield from (*sheet.told, *sheet.checked.warnings)
        if sheet.form.kind == ENTERPRISES.kind:
            for row in sheet.checked.rows.drop("line").iter_rows(named=True):
                yield from warnings(row["enterprise"], row)
