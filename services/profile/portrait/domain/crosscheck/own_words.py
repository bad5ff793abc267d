"""Pairs of what an enterprise says of an invoice itself and what the source says that stands, field by field."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.crosscheck.rule import Material

c = pl.col


def own_total(material: Material) -> pl.LazyFrame:
    """Pair the totals."""
    return _pairs(material, c("own_total_fen"), c("total_fen"))


def own_tax(material: Material) -> pl.LazyFrame:
    """Pair the taxes."""
    return _pairs(material, c("own_tax_fen"), c("tax_fen"))


def own_date(material: Material) -> pl.LazyFrame:
    """Pair the days of issue, counted from 1970."""
    return _pairs(material, c("own_date").to_physical(), c("date").to_physical())


def own_status(material: Material) -> pl.LazyFrame:
    """Pair whether the invoice is valid."""
    return _pairs(material, c("own_status") == "valid", c("status") == "valid")


def own_partner(material: Material) -> pl.LazyFrame:
    """Tell whether both name the same partner; where they do not, the subject names both."""
    same = c("own_counterparty").eq_missing(c("counterparty"))
    parties = (c(name).fill_null("–") for name in ("own_counterparty", "counterparty"))
    subject = pl.when(same).then("number").otherwise(pl.format("{}: {} ≠ {}", "number", *parties))
    return _pairs(material, same, pl.lit(1), subject)


def _pairs(material: Material, own: pl.Expr, stands: pl.Expr, subject: pl.Expr | None = None) -> pl.LazyFrame:
    return material.evidence.contested.lazy().select(
        "enterprise",
        (c("number") if subject is None else subject).alias("subject"),
        "counterparty",
        c("date").alias("on"),
        left=own.cast(pl.Float64),
        right=stands.cast(pl.Float64),
    )
