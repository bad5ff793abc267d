"""Ties (关联): what one open file tells of the others that a firm is tied to, typed and dated.

Trade comes from invoices and payments of the file, the other kinds from its register. A tie says who tells it and by
which channel, and what of it only the firm itself says (ADR 28).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import numpy as np
import polars as pl

from services.profile.graph.domain.sums import BLUE, CHANNELS, OWN_WORD, by_sort, net
from services.profile.standards.text import Text

c = pl.col


class Kind(StrEnum):
    """What ties two: trade, shares, a person in charge, a guarantee, an address, a phone."""

    TRADE = "trade"
    EQUITY = "equity"
    PERSON = "person"
    GUARANTEE = "guarantee"
    ADDRESS = "address"
    PHONE = "phone"


TITLES: Mapping[Kind, Text] = MappingProxyType(
    {
        Kind.TRADE: Text("交易", "Trade"),
        Kind.EQUITY: Text("股权", "Shares"),
        Kind.PERSON: Text("任职", "A person in charge"),
        Kind.GUARANTEE: Text("担保", "A guarantee"),
        Kind.ADDRESS: Text("地址", "An address"),
        Kind.PHONE: Text("电话", "A phone"),
    }
)
# What a register says of a firm, by the kind of tie; capital ties it to nobody.
OF_RELATION: Mapping[str, Kind] = MappingProxyType(
    {
        "shareholder": Kind.EQUITY,
        "controller": Kind.EQUITY,
        "person-in-charge": Kind.PERSON,
        "guarantor": Kind.GUARANTEE,
        "address": Kind.ADDRESS,
        "phone": Kind.PHONE,
    }
)
SIDE = ("enterprise", "counterparty", "sale")
# What is paid for goods, or for what no source says.
FOR_GOODS = c("purpose").is_null() | c("purpose").is_in(["goods", "other"])
PAID = ("paid_fen", "paid_own_word_fen", "payments")
# What a share is taken of, and what it is called.
SUMMED: Mapping[str, str] = MappingProxyType({"net_fen": "share", "net_12m_fen": "share_12m"})
YEAR = "-12mo"
TRADE: Mapping[str, pl.DataType] = MappingProxyType(
    {
        "enterprise": pl.String(),
        "counterparty": pl.String(),
        "sale": pl.Boolean(),
        "net_fen": pl.Int64(),
        "net_12m_fen": pl.Int64(),
        "invoices": pl.Int64(),
        "invoices_12m": pl.Int64(),
        "first_on": pl.Date(),
        "last_on": pl.Date(),
        "usual_gap_days": pl.Float64(),
        "channels": pl.List(pl.UInt8()),
        "own_word_fen": pl.Int64(),
        "paid_fen": pl.Int64(),
        "paid_own_word_fen": pl.Int64(),
        "payments": pl.Int64(),
        "share": pl.Float64(),
        "share_12m": pl.Float64(),
    }
)


@dataclass(frozen=True, slots=True)
class Registered:
    """A tie that a register tells of a firm: `party` is an enterprise id or a keyed hash (`hash:…`).

    `record` is the name by which the firm disputes it.
    """

    firm: str
    kind: Kind
    relation: str
    party: str
    share: float | None
    amount_fen: int | None
    since: date | None
    until: date | None
    channel: str | None
    record: str | None = None

    @property
    def sealed(self) -> bool:
        """Whether the party is a person, a place or a number, of which only a keyed hash is held."""
        return self.party.startswith("hash:")

    @property
    def place(self) -> tuple[Any, ...]:
        """A total order, whatever the order of the rows."""
        return (self.firm, self.kind, self.relation, self.party, self.since or date.min, self.until or date.max)


def trade(daily: pl.DataFrame, payments: pl.DataFrame, as_of: date, own: Collection[str] = ()) -> pl.DataFrame:
    """Return the trade ties (`TRADE`) that files tell as of a day, from daily sums and payments as known.

    A row is one side of one file with one partner, partners without a code or a name together under null. `net_fen` is
    without tax, after red letters; `share` is that of all partners with a positive sum on that side of the file;
    `usual_gap_days` is the median of the days between two days with invoices, null where there is one such day only;
    `own_word_fen` is what of the blue invoices the firm itself told; `paid_fen` what others than itself tell as paid,
    `paid_own_word_fen` what only it does: `own` are the imports by which firms speak of themselves.
    """
    since = pl.lit(as_of).dt.offset_by(YEAR)
    rows = daily.lazy().filter(c("day") <= as_of)
    blue = c("sort") == BLUE
    told = rows.group_by(SIDE).agg(
        *by_sort(),
        *(part.name.suffix("_before") for part in by_sort(before=since)),
        invoices=c("invoices").filter(blue).sum().cast(pl.Int64),
        invoices_12m=c("invoices").filter(blue & (c("day") > since)).sum().cast(pl.Int64),
        first_on=c("day").min(),
        last_on=c("day").max(),
        usual_gap_days=c("day").filter(blue).unique().sort().diff().dt.total_days().median(),
        channels=c("channel").unique().sort(),
        own_word_fen=c("net_fen").filter(blue & (c("channel") == OWN_WORD)).sum(),
    )
    summed = told.with_columns(net_fen=net()).with_columns(net_12m_fen=c("net_fen") - net("_before"))
    paid = _paid(payments, as_of, own)
    both = summed.join(paid, on=SIDE, how="full", coalesce=True, nulls_equal=True)
    numbers = ("net_fen", "net_12m_fen", "invoices", "invoices_12m", "own_word_fen", *PAID)
    full = both.with_columns(c(numbers).fill_null(0), c("channels").fill_null([]))
    wholes = (_gained(name).sum().over("enterprise", "sale").alias(f"{name}_all") for name in SUMMED)
    found = full.with_columns(wholes).sort(SIDE, nulls_last=True).collect()
    shares = (_share(found, name).alias(share) for name, share in SUMMED.items())
    return found.with_columns(*shares).select(list(TRADE)).cast(dict(TRADE))  # type: ignore[arg-type]


def _gained(name: str) -> pl.Expr:
    return c(name).clip(lower_bound=0)


def _share(rows: pl.DataFrame, name: str) -> pl.Series:
    """Return what each row has of its side of its file, null where that has nothing.

    Divided by numpy: Polars at times multiplies by a reciprocal instead, and a replay is to give the same bytes.
    """
    part, whole = rows.select(_gained(name), f"{name}_all").to_numpy().T.astype(float)
    share = np.divide(part, whole, out=np.full(rows.height, np.nan), where=whole > 0)
    return pl.Series(share).fill_nan(None)


def _paid(payments: pl.DataFrame, as_of: date, own: Collection[str]) -> pl.LazyFrame:
    """Return what was paid for goods by partner, to whom one sells and by whom one is sold to."""
    valid = c("status").fill_null("valid") == "valid"
    goods = payments.lazy().filter(valid, FOR_GOODS, c("date") <= as_of, c("counterparty").is_not_null())
    sides = goods.with_columns(sale=c("direction") == "in")
    itself = c("import_id").is_in(list(own))
    return sides.group_by(SIDE).agg(
        paid_fen=c("amount_fen").filter(~itself).sum(),
        paid_own_word_fen=c("amount_fen").filter(itself).sum(),
        payments=pl.len().cast(pl.Int64),
    )


def registered(relations: pl.DataFrame, as_of: date, channels: Mapping[str, str]) -> list[Registered]:
    """Return the ties that registers tell as of a day, in a total order; `channels` is by import.

    Where the rows have the names of their records (`record`), the ties have them too.
    """
    here = (c("since") <= as_of).fill_null(value=True) & (c("until") >= as_of).fill_null(value=True)
    rows = relations.filter(here, c("relation").is_in(list(OF_RELATION)))
    found = [
        Registered(
            row["enterprise"],
            OF_RELATION[row["relation"]],
            row["relation"],
            row["party"],
            row["share"],
            row["amount_fen"],
            row["since"],
            row["until"],
            channels.get(row["import_id"]),
            row.get("record"),
        )
        for row in rows.iter_rows(named=True)
    ]
    return sorted(found, key=lambda tie: tie.place)


def channel_names(codes: list[int]) -> list[str]:
    """Return channels by their numbers in sums; one of an import that nobody noted is left out."""
    return [str(CHANNELS[code]) for code in codes if code < len(CHANNELS)]
