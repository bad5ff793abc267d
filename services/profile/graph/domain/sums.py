"""What invoices come to between a firm and each partner, day by day: what all trade ties are made of.

A row is one day of one side (`sale`) with one partner by one channel, for one sort of invoices. Rows of invoices that
are added later add up with those before, so that a store of them is brought forward at the cost of what is new. Days
and not months: a tie as of any day, its rhythm, its first and last day are exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

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
BLUE, RED, TOLD = range(3)
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
# What is read of invoices to be summed.
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


def sums(invoices: pl.DataFrame, channels: Mapping[str, str]) -> pl.DataFrame:
    """Return the daily sums (`SUMS`, in canonical order) of invoices as known (`NEEDS`); `channels` is by import."""
    codes = {name: CHANNELS.index(Channel(channel)) for name, channel in channels.items()}
    imports = invoices["import_id"].unique().drop_nulls()
    by = pl.Series([codes.get(name, UNKNOWN) for name in imports], dtype=pl.UInt8)
    sort = pl.when(c("total_fen") < 0).then(RED).when(c("reversal").is_not_null()).then(TOLD).otherwise(BLUE)
    rows = invoices.lazy().filter(c("status") == "valid", c("total_fen") != 0)
    parts = rows.select(
        _coded(invoices["enterprise"]),
        _coded(invoices["counterparty"]),
        sale=c("direction") == "sale",
        day=c("date"),
        channel=c("import_id").replace_strict(imports, by, default=UNKNOWN, return_dtype=pl.UInt8),
        sort=sort.cast(pl.UInt8),
        net_fen=c("net_fen"),
    )
    return added([parts.with_columns(invoices=pl.lit(1, dtype=pl.UInt32)).collect()])


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


def net() -> pl.Expr:
    """Return what rows with `blue`, `red` and `told` come to: red letters take off what is not told as cancelled.

    An invoice that is told as cancelled counts for nothing, with its red letters or without, so that none is worth
    hiding.
    """
    return c("blue") + (c("red") + c("told")).clip(upper_bound=0)


def by_sort() -> list[pl.Expr]:
    """Return `blue`, `red` and `told` of a group of sums, in fen."""
    return [
        c("net_fen").filter(c("sort") == place).sum().alias(name) for place, name in enumerate(("blue", "red", "told"))
    ]


def months(daily: pl.DataFrame, as_of: date, *, own_words: bool = False) -> pl.DataFrame:
    """Return what each file tells of its trade by month, from seller to buyer, dated up to a day.

    `told_by` is `SELLER` or `BUYER`; partners without a code or a name are left out. Without `own_words` what firms
    alone say of themselves is.
    """
    rows = daily.lazy().filter(c("day") <= as_of, c("counterparty").is_not_null())
    if not own_words:
        rows = rows.filter(c("channel") != OWN_WORD)
    pair = ("enterprise", "counterparty", "sale")
    monthly = rows.group_by(*pair, month=c("day").dt.truncate("1mo")).agg(
        *by_sort(),
        invoices=c("invoices").filter(c("sort") == BLUE).sum(),
        first=c("day").min(),
        last=c("day").max(),
    )
    until = monthly.sort(*pair, "month").with_columns(c("blue", "red", "told").cum_sum().over(pair))
    moved = until.with_columns(all=net()).with_columns(net_fen=c("all") - c("all").shift(1, fill_value=0).over(pair))
    partner = party_of(c("counterparty"))
    sides = moved.select(
        seller=pl.when("sale").then("enterprise").otherwise(partner),
        buyer=pl.when("sale").then(partner).otherwise("enterprise"),
        month="month",
        net_fen="net_fen",
        invoices="invoices",
        first="first",
        last="last",
        sides=pl.when("sale").then(SELLER).otherwise(BUYER).cast(pl.UInt8),
    )
    return sides.collect()


def united(monthly: pl.DataFrame) -> pl.DataFrame:
    """Return each month of each pair once (`MONTHS`): as the seller's file tells it, else as the buyer's does.

    `sides` adds up who tells it: `SELLER`, `BUYER`, or both. Who issues the invoices has the fuller file.
    """
    pair = ("seller", "buyer", "month")
    told = (
        monthly.lazy().group_by(*pair, "sides").agg(c("net_fen", "invoices").sum(), c("first").min(), c("last").max())
    )
    chosen = (
        told.sort(*pair, "sides")
        .group_by(pair, maintain_order=True)
        .agg(c("net_fen", "invoices", "first", "last").first(), c("sides").sum())
    )
    both = chosen.collect()
    return both.select(list(MONTHS)).cast(dict(MONTHS))  # type: ignore[arg-type]


def _coded(names: pl.Series) -> pl.Expr:
    """Return a column as an enumeration of its own values: compared and sorted as numbers, in the order of the text."""
    values = names.unique().drop_nulls().sort()
    return c(names.name).cast(pl.Enum(values.cast(pl.String)))
