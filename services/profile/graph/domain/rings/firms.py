"""Rings by firm: what features and lists take of them."""

from __future__ import annotations

import polars as pl

c = pl.col
BY_FIRM: dict[str, pl.DataType] = {
    "enterprise": pl.String(),
    "rings": pl.Int64(),
    "hops": pl.Int64(),
    "amount": pl.Int64(),
    "last_on": pl.Date(),
}


def by_firm(rings: pl.DataFrame) -> pl.DataFrame:
    """Return each firm that is on a ring (RINGS): how many, the fewest hops, what it sold in them (fen), the last day.

    An invoice that is a hop of several rings is sold once.
    """
    on = rings.select("ring", "hops", "last_on", enterprise="members").explode("enterprise")
    counted = on.group_by("enterprise").agg(
        rings=pl.len().cast(pl.Int64), hops=c("hops").min(), last_on=c("last_on").max()
    )
    sold = rings.select(hop="path").explode("hop").unnest("hop").drop("times").unique()
    amounts = sold.group_by(enterprise="seller").agg(c("amount").sum())
    return counted.join(amounts, on="enterprise", how="left").select(list(BY_FIRM)).sort("enterprise")
