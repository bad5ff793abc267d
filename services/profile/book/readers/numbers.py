"""Binary numbers of workbooks, Parquet and JSON as the decimal texts that people meant.

A binary number holds fifteen decimal digits: what lies behind is noise, and a whole number with more has lost digits.
Such a number is written with an exponent, which no reader of identities or money takes.
"""

from __future__ import annotations

from decimal import Decimal
from math import isfinite

import polars as pl

DIGITS = 15
LOST = 10**DIGITS


def plain_number(value: float) -> str | None:
    """Return a binary number as a plain decimal text, None where it is none."""
    if not isfinite(value):
        return None
    if abs(value) >= LOST:
        return f"{value:.{DIGITS}G}"
    text = format(Decimal(f"{value:.{DIGITS}g}"), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def plain_numbers(values: pl.Series) -> pl.Series:
    """Return binary numbers as plain decimal texts, by their distinct values."""
    distinct = values.drop_nulls().unique()
    if distinct.is_empty():
        return pl.Series(values.name, [None] * values.len(), dtype=pl.String)
    texts = pl.Series([plain_number(value) for value in distinct], dtype=pl.String)
    return values.replace_strict(distinct, texts, default=None, return_dtype=pl.String)
