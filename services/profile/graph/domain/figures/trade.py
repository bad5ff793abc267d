"""Figures of a firm's trade: how much of it is with partners that are strong, old, or in trouble.

An amount only rises as more trade is shown, so that no partner left out improves one with direction −1; that of
partners in trouble would improve, and is for reading only (`model` is not set; ADR 26).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from services.profile.book.domain.party import as_counterparty
from services.profile.standards.days import months_before
