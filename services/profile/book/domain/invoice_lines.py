"""The lines of invoices (发票明细): what was sold, how much of it and at which price, one row an invoice.

They are a kind of data of their own, with the identity of their invoices: a file may state an invoice without its
lines, and the lines later. What speaks of one invoice is one row, so that a correction is a new version of all of its
lines, and two equal lines are two lines. They count where an invoice of the same words stands (`standing`).
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain import invoice
from services.profile.book.domain.dataset import Column, Dataset
from services.profile.book.domain.versions import among

c = pl.col
# One line: what it is of as the invoice prints it, the tax office's code (税收分类编码) of nineteen digits, how much of
# it and the price of one as plain decimals, the sums in fen. What the source leaves out is null.
LINE: dict[str, pl.DataType] = {
    "goods": pl.String(),
    "class_code": pl.String(),
    "spec": pl.String(),
    "unit": pl.String(),
    "quantity": pl.String(),
    "unit_price": pl.String(),
    "net_fen": pl.Int64(),
    "rate": pl.String(),
    "tax_fen": pl.Int64(),
}
# Lines on their way into the book: each with the row of its file that states it, or its invoice.
STATED: dict[str, pl.DataType] = {"line": pl.Int64(), **LINE}
IDENTITY = invoice.DATASET.identity

DATASET = Dataset(
    name="invoice-lines",
    columns=(
        *(column for column in invoice.DATASET.columns if column.name in IDENTITY),
        # The lines, the largest first, as one text: a JSON array of objects with the names of LINE.
        Column("lines", "text", (), derived=True, english="Lines"),
    ),
    identity=IDENTITY,
    day=invoice.DATASET.day,
    alone=invoice.DATASET.alone,
    padded=invoice.DATASET.padded,
    quiet=("code",),
    lax="code",
    of=invoice.DATASET.name,
)
DECODED = pl.List(pl.Struct(LINE))


def gathered(invoices: pl.DataFrame, lines: pl.DataFrame, folded: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of checked invoices that have lines, in the columns of their dataset, with their `line`.

    `lines` are STATED by rows of the file, which may be `folded` into another row of the same invoice.
    """
    into = lines.join(folded, on="line", how="left").with_columns(c("into").fill_null(c("line")))
    ordered = into.sort(c("into"), -c("net_fen"), *LINE)
    placed = ordered.select(c("into").alias("line"), text=pl.struct(list(LINE)).struct.json_encode())
    texts = placed.group_by("line", maintain_order=True).agg(pl.format("[{}]", c("text").str.join(",")).alias("lines"))
    found = DATASET.conform(invoices.join(texts, on="line", how="inner", maintain_order="left"))
    return found.select(*DATASET.content, "line")


def standing(rows: pl.DataFrame, invoices: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose invoice stands in the same words, which another statement may have changed since."""
    if rows.is_empty() or invoices.is_empty():
        return rows.clear()
    return rows.filter(among(_words(rows), _words(invoices)))


def opened(rows: pl.DataFrame) -> pl.DataFrame:
    """Return the single lines of rows: the identity of the invoice, the columns of LINE, the import that brought them.

    `nth` is the place of a line on its invoice, from 1. The sums are called `line_net_fen` and `line_tax_fen`.
    """
    told = rows.select(*IDENTITY, "import_id", c("lines").str.json_decode(DECODED))
    told = told.with_columns(nth=pl.int_ranges(1, c("lines").list.len() + 1)).explode("lines", "nth")
    sums = {name: f"line_{name}" for name in LINE if name.endswith("_fen")}
    return told.with_columns(c("lines").struct.rename_fields([sums.get(name, name) for name in LINE])).unnest("lines")


def _words(rows: pl.DataFrame) -> pl.DataFrame:
    """Return what lines and their invoice have alike: codes and zeros that one of them leaves out are no difference."""
    code = pl.when(~invoice.DIGITAL).then("code").alias("code")
    number = c("number").str.strip_chars_start("0")
    return rows.select("enterprise", "direction", code, number, "counterparty", "date", "total_fen")
