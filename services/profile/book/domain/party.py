"""Which enterprise a counterparty's name stands for."""

from __future__ import annotations

import polars as pl


def party_of(counterparty: pl.Expr) -> pl.Expr:
    """Return the enterprise id that a counterparty's name stands for, as a bare code in a file stands for one."""
    code = pl.when(counterparty.str.len_chars() == 18).then(pl.lit("uscc:") + counterparty.str.to_uppercase())
    named = code.otherwise(pl.lit("local:") + counterparty)
    return pl.when(counterparty.str.contains(":", literal=True)).then(counterparty).otherwise(named)


def named(counterparty: str) -> str:
    """Return what `party_of` gives for one name.

    >>> named("E1"), named("91350100m000100y43"), named("local:E1")
    ('local:E1', 'uscc:91350100M000100Y43', 'local:E1')
    """
    return str(pl.select(party_of(pl.lit(counterparty))).item())
