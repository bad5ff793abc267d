"""From what registers tell to ties and facts: which words make a tie, and whose count for nothing.

Of every firm only what authorities, courts and associations tell makes a tie: what a firm says of itself ties nobody,
so that none gains by inventing a tie or by leaving one out, and what stands in another's file beyond the registers
moves no figure here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import polars as pl

from services.profile.book.domain.public_record import live
from services.profile.book.domain.relation import SEAL
from services.profile.graph.domain.figures.network import TIES
from services.profile.graph.domain.figures.of_ties import FACTS, HOPS, OF_GROUP

# What speaks against a firm: judgments and the lists of debtors; minor ones are not shown (信用修复管理办法).
ADVERSE = ("dishonest", "abnormal", "enforcement", "freeze", "judgment", "insolvency")
c = pl.col


def ties_of(relations: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return the ties (`TIES`, and `file`: in whose file it stands) that relations of a day make.

    An owner that is a firm invests, one that is a person owns; the weight is its contribution in fen, else its share
    of the registered capital, else 0.
    """
    now = relations.filter((c("since") <= as_of).fill_null(value=True) & (c("until") >= as_of).fill_null(value=True))
    firm = ~c("party").str.starts_with(SEAL)
    sorts = {"controller": "controls", "person-in-charge": "manages", "guarantor": "guarantees"}
    tie = pl.when(c("relation") == "shareholder").then(pl.when(firm).then(pl.lit("invests")).otherwise(pl.lit("owns")))
    named = now.filter(c("relation").is_in([*sorts, "shareholder"])).with_columns(
        tie=tie.otherwise(c("relation").replace(sorts))
    )
    of_share = c("share") * c("capital").fill_null(0.0)
    return (
        named.join(capital_of(now), on="enterprise", how="left")
        .select(
            source="party",
            target="enterprise",
            tie="tie",
            weight=pl.coalesce(c("amount_fen").cast(pl.Float64), of_share, pl.lit(0.0)),
            file="enterprise",
        )
        .sort("source", "target", "tie", "weight")
    )


def capital_of(relations: pl.DataFrame) -> pl.DataFrame:
    """Return the registered capital of each firm, the latest told: enterprise, capital (fen)."""
    told = relations.filter(c("relation") == "capital", c("amount_fen").is_not_null())
    latest = told.sort("enterprise", "since", "amount_fen", nulls_last=False).group_by("enterprise").last()
    return latest.select("enterprise", capital=c("amount_fen").cast(pl.Float64)).sort("enterprise")


def counted(records: pl.DataFrame, as_of: date) -> pl.DataFrame:
    """Return how many records speak against each firm on a day: enterprise, adverse."""
    shown = live(as_of) & (c("published_on") <= as_of)
    against = records.filter(shown, c("record").is_in(ADVERSE), c("tier").fill_null("general") != "minor")
    return against.group_by("enterprise").agg(adverse=pl.len().cast(pl.Float64)).sort("enterprise")


def facts_of(
    ties: pl.DataFrame, enterprise: str, relations: pl.DataFrame, records: pl.DataFrame, as_of: date
) -> pl.DataFrame:
    """Return what is known of the nodes of ties, and of one firm (`FACTS`)."""
    ends = pl.concat([ties["source"].alias("node"), ties["target"].alias("node"), pl.Series("node", [enterprise])])
    return (
        pl.DataFrame({"node": ends.unique().sort()})
        .with_columns(firm=~c("node").str.starts_with(SEAL))
        .join(capital_of(relations).rename({"enterprise": "node"}), on="node", how="left")
        .join(counted(records, as_of).rename({"enterprise": "node"}), on="node", how="left")
        .select(pl.col(name).cast(dtype) for name, dtype in FACTS.items())
        .sort("node")
    )


def around(ties: pl.DataFrame, enterprise: str) -> pl.DataFrame:
    """Return those ties that the figures of one firm rest on: within three ties of it, and those of its group."""
    near = _reached(ties, {enterprise}, HOPS)
    group = _reached(ties.filter(c("tie").is_in(OF_GROUP)), {enterprise}, None)
    kept = list(near | group)
    return ties.filter(c("source").is_in(kept) & c("target").is_in(kept)).select(*TIES)


def apart(ties: pl.DataFrame, crowd: Collection[str], enterprise: str) -> pl.DataFrame:
    """Return ties without those of a crowd's members to other firms than one: they tie no firm to another.

    The firm's own ties to them stay: it has its owners and its persons, whoever else bears such a name.
    """
    return ties.filter(~c("source").is_in(sorted(crowd)) | (c("target") == enterprise))


def _reached(ties: pl.DataFrame, start: Collection[str], hops: int | None) -> set[str]:
    """Return the nodes within so many ties (None: any number) of some nodes."""
    found = front = set(start)
    while front and hops != 0:
        at = list(front)
        onward = ties.filter(c("source").is_in(at))["target"], ties.filter(c("target").is_in(at))["source"]
        front = set(onward[0]) | set(onward[1])
        front, found = front - found, found | front
        hops = None if hops is None else hops - 1
    return found
