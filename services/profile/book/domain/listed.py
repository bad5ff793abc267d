"""Lists of goods as programs print them: an invoice is named on its first line, and stands whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import and_

import polars as pl

from services.profile.book.domain.form import Matched
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.lines import GOODS, SUMS, has_goods
from services.profile.book.domain.sheet import Sheet
from services.profile.book.domain.titles import plain
from services.profile.standards.spelling import identifiers

# What a line that goes on with an invoice leaves out, where the list has it.
NAMES = frozenset({"number", "code", "date"})
IN_PART = (
    "another line of this invoice was rejected, and without it the sum would be wrong; correct that and send both / "
    "同一发票的其他明细行被退回，缺少该行则金额有误，请更正后一并报送"
)


def continued(frame: pl.DataFrame, titles: Sequence[str], matched: Matched, unread: pl.DataFrame) -> pl.DataFrame:
    """Return a list of goods whose lines all name their invoice: one that leaves it out goes on with the line above.

    Nothing is filled in where a line could not be read: it may have been the first of another invoice.
    """
    ours = {name: column for name, column in matched.found.items() if column.name not in SUMS}
    named = [name for name, column in ours.items() if column.name in NAMES]
    if GOODS.isdisjoint(map(plain, titles)) or not named or not unread.is_empty():
        return frame
    hollow = {name: pl.col(name).fill_null("").str.strip_chars() == "" for name in ours}
    goes_on = frame.select(reduce(and_, (hollow[name] for name in named))).to_series().alias("goes_on")
    if not goes_on.any():
        return frame
    first = (~goes_on).cum_sum().alias("first")
    above = (
        pl.when(pl.lit(goes_on) & hollow[name]).then(pl.col(name).first().over(first)).otherwise(name).alias(name)
        for name in ours
    )
    return frame.with_columns(above)


def whole(sheet: Sheet, written: Sequence[str]) -> Sheet:
    """Return a list of goods without the invoices of which a line was rejected; `written` are those of numbers."""
    rows = sheet.checked.rows
    if sheet.form.dataset is not DATASET or not has_goods(sheet) or not sheet.checked.rejected or rows.is_empty():
        return sheet
    gone = sheet.raw.filter(~pl.col("line").is_in(rows["line"].implode()))
    number = identifiers(pl.concat([gone[name].rename("number") for name in written])).drop_nulls()
    wrong = rows.filter(pl.col("number").is_in(number.implode()))["line"]
    return sheet.without(wrong.to_list(), IN_PART)
