"""Confirmed by another source: the same invoice, stated by another channel (ADR 18 keeps every statement)."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.confirmation.told import Told
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.versions import among

c = pl.col


def other_source(rows: pl.DataFrame, told: Told, _: pl.DataFrame) -> pl.Series:
    """Tell which invoices both the enterprise and another source have stated, with the total that stands.

    Where the other source spoke last, its statement stands; that the enterprise said again what another had said
    before leaves no trace. A word that was refused against another source (version 0) is none of the two.
    """
    said = told.statements.filter(c("version") > 0, c("status") == "valid")
    own, others = _keyed(said.filter(told.own())), _keyed(said.filter(~told.own()))
    keys = _keyed(rows)
    return among(keys, own) & among(keys, others)


def _keyed(rows: pl.DataFrame) -> pl.DataFrame:
    return DATASET.keys(rows).rename({name: f"key_{name}" for name in DATASET.identity}).hstack([rows["total_fen"]])
