"""What invoices and payments come to between a firm and each partner, day by day: what all trade ties are made of.

A row is one day of one side (`sale`) with one partner by one channel, for one sort of invoices or for payments. Rows of
what is added later add up with those before, so that a store of them is brought forward at the cost of what is new.
Days and not months: a tie as of any day, its rhythm, its first and last day are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import polars as pl

from services.profile.book.domain.channel import Channel
from services.profile.book.domain.party import party_of

c = pl.col
# By which channel a row came, as a number: stored, so that new ones go to the end.
CHANNELS: tuple[Channel, ...] = (
    Channel.SUBJECT,
    Channel.COUNTERPARTY,
    Channel.ASSOCIATION,
    Channel.GOVERNMENT,
    Channel.COURT,
)
OWN_WORD = CHANNELS.index(Channel.SUBJECT)
# Of an import that nobody noted.
UNKNOWN = 255
# Blue invoices that count, red letters, and blue ones that their source tells as cancelled: these count for nothing.
# What is paid for goods stands beside them: `net_fen` is then what was paid, `invoices` counts the payments.
BLUE, RED, TOLD, PAID = range(4)
KEY = ("enterprise", "counterparty", "sale", "day", "channel", "sort")
SUMS: Mapping[str, pl.DataType] = {
    "enterprise": pl.String(),
    "counterparty": pl.String(),
    "sale": pl.Boolean(),
    "day": pl.Date(),
    "channel": pl.UInt8(),
    "sort": pl.UInt8(),
    "net_fen": pl.Int64(),
    "invoices": pl.UInt32(),
}
# What is paid for goods, or for what no source says.
FOR_GOODS = c("purpose").is_null() | c("purpose").is_in(["goods", "other"])
# What is read of invoices and of payments to be summed.
NEEDS_PAID = ("enterprise", "direction", "counterparty", "date", "amount_fen", "status", "purpose", "import_id")
NEEDS = ("enterprise", "direction", "counterparty", "date", "net_fen", "total_fen", "status", "reversal", "import_id")
MONTHS: Mapping[str, pl.DataType] = {
    "seller": pl.String(),
    "buyer": pl.String(),
    "month": pl.Date(),
    "net_fen": pl.Int64(),
    "invoices": pl.UInt32(),
    "first": pl.Date(),
    "last": pl.Date(),
    "sides": pl.UInt8(),
}
SELLER, BUYER = 1, 2


def sums(invoices: pl.DataFrame, channels: Mapping[str, str], payments: pl.DataFrame | None = None) -> pl.DataFrame:
    """Return the daily sums (`SUMS`, in canonical order) of invoices and payments as known; `channels` is by import.

    They need the columns `NEEDS` and `NEEDS_PAID`.
    """
    parts = [_invoiced(invoices, channels)]
    return added(parts if payments is None or payments.is_empty() else [*parts, _paid(payments, channels)])


def _invoiced(invoices: pl.DataFrame, channels: Mapping[str, str]) -> pl.DataFrame:
    sort = pl.when(c("total_fen") < 0).then(RED).when(c("reversal").is_not_null()).then(TOLD).otherwise(BLUE)
    rows = invoices.lazy().filter(c("status") == "valid", c("total_fen") != 0)
    sale = c("direction") == "sale"
    return _entries(rows, sale, sort, c("net_fen"), _by_import(invoices["import_id"], channels)).collect()


def _paid(payments: pl.DataFrame, channels: Mapping[str, str]) -> pl.DataFrame:
    """Return what was paid for goods by partner, to whom one sells (money in) and by whom one is sold to."""
    valid = c("status").fill_null("valid") == "valid"
    rows = payments.lazy().filter(valid, FOR_GOODS, c("counterparty").is_not_null())
    sale = c("direction") == "in"
    return _entries(rows, sale, pl.lit(PAID), c("amount_fen"), _by_import(payments["import_id"], channels)).collect()


def _entries(rows: pl.LazyFrame, sale: pl.Expr, sort: pl.Expr, fen: pl.Expr, channel: pl.Expr) -> pl.LazyFrame:
    """Return rows as `SUMS` of one each."""
    parts = rows.select(
        "enterprise", "counterparty", sale=sale, day=c("date"), channel=channel, sort=sort.cast(pl.UInt8), net_fen=fen
    )
    return parts.with_columns(invoices=pl.lit(1, dtype=pl.UInt32))


def _by_import(imports: pl.Series, channels: Mapping[str, str]) -> pl.Expr:
    codes = {name: CHANNELS.index(Channel(channel)) for name, channel in channels.items()}
    named = imports.unique().drop_nulls()
    by = pl.Series([codes.get(name, UNKNOWN) for name in named], dtype=pl.UInt8)
    return c("import_id").replace_strict(named, by, default=UNKNOWN, return_dtype=pl.UInt8)


def added(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Return rows of the same keys added up, in canonical order."""
    rows = pl.concat(parts)
    if rows.schema["enterprise"] == pl.String:
        rows = rows.with_columns(_coded(rows["enterprise"]), _coded(rows["counterparty"]))
    together = rows.group_by(KEY).agg(c("net_fen").sum(), c("invoices").sum())
    return together.sort(KEY, nulls_last=True).cast(dict(SUMS)).select(list(SUMS))  # type: ignore[arg-type]


def nothing() -> pl.DataFrame:
    """Return sums of no invoices."""
    return pl.DataFrame(schema=dict(SUMS))


def months(daily: pl.DataFrame, as_of: date, *, own_words: bool = False) -> pl.DataFrame:
    """Return what each file tells of its trade by month, from seller to buyer (`MONTHS`), dated up to a day.

    `daily` is in canonical order; `sides` is `SELLER` or `BUYER`; partners without a code or a name are left out, and
    so are payments. Without `own_words` what firms alone say of themselves is.
    """
    kept = (c("day") <= as_of) & c("counterparty").is_not_null() & (c("sort") != PAID)
    rows = daily.filter(kept if own_words else kept & (c("channel") != OWN_WORD))
    if rows.is_empty():
        return pl.DataFrame(schema=dict(MONTHS))
    pair = _begins(rows, "enterprise", "counterparty", "sale")
    month = rows["day"].dt.truncate("1mo")
    begins = np.flatnonzero(pair | _changes(month))
    net = _moved(rows, pair, begins)
    blue = (rows["sort"] == BLUE).to_numpy()
    count = np.add.reduceat(np.where(blue, rows["invoices"].to_numpy(), 0), begins)
    ends = np.append(begins[1:], rows.height) - 1
    heads, partner = rows[begins], party_of(c("counterparty"))
    sides = heads.select(
        seller=pl.when("sale").then("enterprise").otherwise(partner),
        buyer=pl.when("sale").then(partner).otherwise("enterprise"),
        month=month[begins],
        net_fen=pl.Series(net),
        invoices=pl.Series(count),
        first="day",
        last=rows["day"][ends],
        sides=pl.when("sale").then(SELLER).otherwise(BUYER),
    )
    return sides.cast(dict(MONTHS))  # type: ignore[arg-type]


def _moved(rows: pl.DataFrame, pair: np.ndarray, begins: np.ndarray) -> np.ndarray:
    """Return by how much each stretch of rows moves what its pair comes to."""
    amounts, sort = rows["net_fen"].to_numpy(), rows["sort"].to_numpy()
    of_pair = np.flatnonzero(pair[begins])
    lengths = np.diff(np.append(of_pair, len(begins)))
    until = []
    for place in (BLUE, RED, TOLD):
        running = np.cumsum(np.add.reduceat(np.where(sort == place, amounts, 0), begins))
        before = np.where(of_pair > 0, running[of_pair - 1], 0)
        until.append(running - np.repeat(before, lengths))
    whole = until[BLUE] + np.minimum(until[RED] + until[TOLD], 0)
    moved = np.diff(whole, prepend=0)
    moved[of_pair] = whole[of_pair]
    return np.asarray(moved)


def _begins(rows: pl.DataFrame, *names: str) -> np.ndarray:
    """Tell where a row differs from the one before in one of these columns."""
    return np.asarray(np.logical_or.reduce([_changes(rows[name]) for name in names]))


def _changes(column: pl.Series) -> np.ndarray:
    changes = np.array(column.ne_missing(column.shift(1)).to_numpy())
    changes[:1] = True
    return changes


def united(monthly: pl.DataFrame) -> pl.DataFrame:
    """Return each month of each pair once (`MONTHS`): as the seller's file tells it, else as the buyer's does.

    `sides` adds up who tells it: `SELLER`, `BUYER`, or both. Who issues the invoices has the fuller file.
    """
    pair, order = ("seller", "buyer", "month"), ("seller", "buyer", "month", "sides")
    names = pl.Enum(pl.concat([monthly["seller"], monthly["buyer"]]).unique().sort())
    rows = monthly.with_columns(c("seller", "buyer").cast(names)).sort(order)
    if not _begins(rows, *order).all():  # one party in two spellings
        rows = rows.group_by(order).agg(c("net_fen", "invoices").sum(), c("first").min(), c("last").max()).sort(order)
    begins = _begins(rows, *pair)
    beside = pl.Series(np.append(~begins[1:], False)) if rows.height else pl.Series([], dtype=pl.Boolean)
    told = rows.with_columns(sides=pl.when(beside).then(SELLER + BUYER).otherwise("sides"))
    return told.filter(pl.Series(begins)).select(list(MONTHS)).cast(dict(MONTHS))  # type: ignore[arg-type]


def _coded(names: pl.Series) -> pl.Expr:
    """Return a column as an enumeration of its own values: compared and sorted as numbers, in the order of the text."""
    values = names.unique().drop_nulls().sort()
    return c(names.name).cast(pl.Enum(values.cast(pl.String)))
