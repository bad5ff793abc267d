"""The lines of a bank statement: in which order they happened, and what stands in for a serial that they lack.

A made serial is what the line says: day, minute, signed yuan and the balance after it, as in
`20260305T0915/-1234.56/9876.54`. It is the same in every file that shows the line. Seconds are left out, since a
spreadsheet that saves a statement again drops them.
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.amounts import MINUS, PLUS

REFERENCE = "reference"
# Midnight is what a date without a time becomes in a workbook.
NO_TIME = "0000"
CLOCK = r"(\d{1,2})\s*[:：时]\s*(\d{1,2})"
DIGITS = r"^\s*(?:\d{8}\s*)?(\d{5,6})\s*$"
LINE = ["date", "minute", "signed", "balance_fen"]


def minutes(written: pl.DataFrame) -> pl.Series:
    """Return the minute of each line as four digits, from the columns that state its day or time; null without one."""
    found = [_minute(pl.col(name)) for name in written.columns]
    minute = pl.coalesce(found) if found else pl.lit(None, dtype=pl.String)
    return written.select(pl.when(minute != NO_TIME).then(minute).alias("minute")).to_series()


def _minute(text: pl.Expr) -> pl.Expr:
    clock = text.str.extract(CLOCK, 1).str.zfill(2) + text.str.extract(CLOCK, 2).str.zfill(2)
    return pl.coalesce(clock, text.str.extract(DIGITS, 1).str.zfill(6).str.slice(0, 4))


def signed(rows: pl.DataFrame) -> pl.Series:
    """Return what each line adds to the account, in fen."""
    amount = pl.when(pl.col("direction") == "out").then(-pl.col("amount_fen")).otherwise(pl.col("amount_fen"))
    return rows.select(signed=amount).to_series()


def without_a_sign(written: pl.Series) -> tuple[str, ...]:
    """Tell where nothing says which way money went: no amount of a signed column has a sign at all."""
    if written.is_empty() or written.str.contains(f"{MINUS}|{PLUS}").any():
        return ()
    return (
        f"no amount in {written.name} has a sign, and no column says which way money went: all are booked as money "
        f"that came in / {written.name}均无正负号，也没有收支方向，全部按收入入账",
    )


def newest_first(days: pl.Series) -> bool:
    """Tell whether a file begins with its latest day."""
    known = days.drop_nulls()
    return known.len() > 1 and known[0] > known[-1]


def numbered(rows: pl.DataFrame, minute: pl.Series) -> pl.DataFrame:
    """Return lines with a `reference` each: the bank's own, told apart where it gave one to several, or a made one."""
    own = [] if REFERENCE in rows.columns else [pl.lit(None, dtype=pl.String).alias(REFERENCE)]
    balance = [] if "balance_fen" in rows.columns else [pl.lit(None, dtype=pl.Int64).alias("balance_fen")]
    lines = rows.with_columns(minute, signed(rows), *own, *balance).with_row_index("place")
    lines = (lines.reverse() if newest_first(lines["date"]) else lines).with_row_index("order")
    named = pl.col(REFERENCE) + _nth(_shared(lines))
    if lines[REFERENCE].null_count():
        made = pl.concat_str(_day(), _yuan("signed"), _yuan("balance_fen"), separator="/", ignore_nulls=True)
        named = pl.coalesce(named, made + _nth(_again(lines)))
    return rows.with_columns(lines.select("place", named.alias(REFERENCE)).sort("place")[REFERENCE])


def _day() -> pl.Expr:
    day = pl.col("date").dt.strftime("%Y%m%d")
    return pl.when(pl.col("minute").is_null()).then(day).otherwise(day + "T" + pl.col("minute"))


def _yuan(name: str) -> pl.Expr:
    fen = pl.col(name).abs()
    whole = (fen // 100).cast(pl.String) + "." + (fen % 100).cast(pl.String).str.zfill(2)
    return pl.when(pl.col(name) < 0).then("-" + whole).otherwise(whole)


def _nth(places: pl.Series) -> pl.Expr:
    number = pl.lit(places)
    return pl.when(number > 1).then("/" + number.cast(pl.String)).otherwise(pl.lit(""))


def _again(lines: pl.DataFrame) -> pl.Series:
    """Return which of several lines that say the same each is, from 1.

    Two equal lines are two movements. With a balance they are so only where the account moved in between within the
    day: a line that comes twice, or a period that does, does not move its balance and is a repeat.
    """
    known = pl.col("balance_fen").is_not_null()
    days = pl.when(known).then(pl.col("date").rle_id()).alias("days")
    moved = pl.when(known).then(pl.struct(LINE).rle_id()).otherwise("order").alias("moved")
    return _nth_of(lines.select(*LINE, days, moved), "moved", [*LINE, "days"])


def _shared(lines: pl.DataFrame) -> pl.Series:
    """Return which of several lines with one serial, day and amount each is: a batch has one, and balances differ."""
    same = ["direction", REFERENCE, "date", "amount_fen"]
    first = lines.select(*same, "order", "balance_fen")
    if not _twice(first.select(same)).any():
        return pl.repeat(1, lines.height, dtype=pl.Int64, eager=True)
    first = first.with_columns(first=pl.col("order").first().over([*same, "balance_fen"]))
    return _nth_of(first, "first", same)


def _nth_of(lines: pl.DataFrame, name: str, group: list[str]) -> pl.Series:
    """Return the place of each line among those of its group, by `name`; few lines share one, and these are ranked."""
    twice = _twice(lines.select(group))
    if not twice.any():
        return pl.repeat(1, lines.height, dtype=pl.Int64, eager=True)
    ranked = lines.filter(twice).select(pl.col(name).rank("dense").over(group).cast(pl.Int64)).to_series()
    places = pl.arange(lines.height, eager=True).filter(twice)
    return pl.repeat(1, lines.height, dtype=pl.Int64, eager=True).scatter(places, ranked)


def _twice(rows: pl.DataFrame) -> pl.Series:
    return rows.hash_rows().is_duplicated()
