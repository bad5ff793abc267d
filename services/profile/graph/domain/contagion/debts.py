"""Who owes whom, from what open files tell: trade credit from invoices and payments, guarantees from relations.

An open file tells of the firm's own dealings. What only the firm itself says ties nobody else to it: of its own word
counts what it loses itself, never what another would lose through it, nor that it was paid or gave back (ADR 28).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import polars as pl

from services.profile.book.domain.party import party_of
from services.profile.graph.domain.contagion.parameters import BOUNDS, Parameters

c = pl.col
YEAR = 365
PAIR = ["teller", "partner", "sold"]
# A row a debt, in fen, low / central / high; `told` where payments say what is open, else it is estimated.
DEBTS: dict[str, pl.DataType] = {
    "creditor": pl.String(),
    "debtor": pl.String(),
    "tie": pl.String(),
    "low": pl.Int64(),
    "value": pl.Int64(),
    "high": pl.Int64(),
    "told": pl.Boolean(),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What open files say up to a day: invoices, payments, relations; and the imports that are firms' own word."""

    invoices: pl.DataFrame
    payments: pl.DataFrame
    relations: pl.DataFrame
    as_of: date
    own: frozenset[str] = frozenset()


def debts(told: Told, parameters: Parameters) -> pl.DataFrame:
    """Return DEBTS between firms, each once: what payments tell before estimates, the creditor before the debtor.

    A creditor's own word goes last, where nobody else says anything of the two.
    """
    both = pl.concat([_trade(told, parameters), _guarantees(told)])
    best = ["creditor", "debtor", "tie", "heard", "told"]
    ordered = both.sort(best, descending=[False, False, False, True, True], maintain_order=True)
    first = ordered.unique(["creditor", "debtor", "tie"], keep="first", maintain_order=True)
    return first.filter((c("high") > 0) & (c("creditor") != c("debtor"))).select(list(DEBTS))


def dealings(told: Told) -> pl.DataFrame:
    """Return valid invoices of the last year between firms: teller, partner, sold, age (days), net_fen, total_fen."""
    valid = told.invoices.filter((c("status") == "valid") & (c("date") <= told.as_of))
    rows = valid.with_columns(
        teller=c("enterprise"),
        partner=party_of(c("counterparty")),
        sold=c("direction") == "sale",
        age=(pl.lit(told.as_of) - c("date")).dt.total_days(),
        own=_own(told.own),
    )
    return rows.filter(c("age") < YEAR).select(*PAIR, "age", "own", "net_fen", "total_fen")


def _own(imports: Collection[str]) -> pl.Expr:
    return c("import_id").is_in(sorted(imports)).fill_null(value=False) if imports else pl.lit(value=False)


def _trade(told: Told, parameters: Parameters) -> pl.DataFrame:
    low, usual, high = parameters.days
    rows = dealings(told).drop_nulls("partner").filter(c("sold") | ~c("own"))
    pairs = rows.group_by(PAIR).agg(year=summed("total_fen"), heard=(~c("own")).any())
    paid = _paid(told)
    open_ = pairs.join(paid, on=PAIR).with_columns(left=(c("year") - c("paid")).clip(0)).filter(c("year") > 0)
    rhythm = (
        open_.group_by("teller", "sold")
        .agg(days=(YEAR * c("left").sum() / c("year").sum()).clip(low, high))
        .select("teller", "sold", "days")
    )
    aged = rows.join(rhythm, on=["teller", "sold"], how="left").with_columns(c("days").fill_null(usual))

    def within(days: int | pl.Expr) -> pl.Expr:
        return summed("total_fen", c("age") < days)

    guessed = aged.group_by(PAIR).agg(low=within(low), value=within(c("days")), high=within(high))
    # Red letters may leave more within fewer days.
    guessed = guessed.with_columns(
        low=pl.min_horizontal(*BOUNDS), high=pl.max_horizontal(*BOUNDS), told=pl.lit(value=False)
    )
    known = open_.select(*PAIR, "heard", low="left", value="left", high="left", told=pl.lit(value=True))
    guessed = guessed.join(known, on=PAIR, how="anti").join(pairs.select(*PAIR, "heard"), on=PAIR)
    both = pl.concat([guessed.select(known.columns), known])
    side = {"creditor": ("teller", "partner"), "debtor": ("partner", "teller")}
    named = [pl.when(c("sold")).then(c(sale)).otherwise(c(other)).alias(name) for name, (sale, other) in side.items()]
    # The creditor's own word goes before the debtor's: it is the one that invoiced.
    return both.sort("sold", descending=True).select(
        *named, pl.lit("trade").alias("tie"), *(c(name).cast(DEBTS[name]) for name in (*BOUNDS, "told")), "heard"
    )


def summed(amount: str, which: pl.Expr | None = None) -> pl.Expr:
    """Return the sum of an amount of dealings, at least 0: what a firm alone says takes nothing off the rest."""
    some = pl.lit(value=True) if which is None else which
    heard, own = (c(amount).filter(some & side).sum() for side in (~c("own"), c("own")))
    return heard.clip(0) + own.clip(0)


def _paid(told: Told) -> pl.DataFrame:
    """Return what others than the firm say was paid for goods within the year, by pairs that any such payment names."""
    since = pl.lit(told.as_of).dt.offset_by(f"-{YEAR}d")
    rows = told.payments.filter(
        (c("status") == "valid")
        & ~_own(told.own)
        & (c("purpose").is_null() | (c("purpose") == "goods"))
        & (c("date") > since)
        & (c("date") <= told.as_of)
    )
    named = rows.drop_nulls("counterparty").select(
        teller="enterprise", partner=party_of(c("counterparty")), sold=c("direction") == "in", paid="amount_fen"
    )
    return named.group_by(PAIR).agg(c("paid").sum())


def _guarantees(told: Told) -> pl.DataFrame:
    """Return guarantees that stand: the guarantor pays where the firm does not."""
    standing = c("until").is_null() | (c("until") >= told.as_of)
    rows = told.relations.filter((c("relation") == "guarantor") & standing & (c("amount_fen") > 0))
    rows = rows.filter(c("party").str.contains(":") & ~c("party").str.starts_with("hash:") & ~_own(told.own))
    sums = rows.group_by(creditor=c("party"), debtor=c("enterprise")).agg(amount=c("amount_fen").sum())
    return sums.select(
        "creditor",
        "debtor",
        pl.lit("guarantee").alias("tie"),
        *(c("amount").cast(pl.Int64).alias(name) for name in BOUNDS),
        pl.lit(value=True).alias("told"),
        pl.lit(value=True).alias("heard"),
    )
