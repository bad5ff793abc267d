"""The registered size class beside the one that the figures give."""

from __future__ import annotations

import polars as pl

from services.profile.portrait.domain.crosscheck.rule import PAIRS, Material
from services.profile.standards.sizes import CLASSES, size_class

RANKS = {name: float(rank) for rank, name in enumerate(reversed(CLASSES))}
NEEDS = ("enterprise", "size_class", "industry", "employees", "revenue_fen", "assets_fen")


def classes(material: Material) -> pl.LazyFrame:
    """Pair the registered class with the one that the figures decide, by rank from 0 (micro) to 3 (large)."""
    firms = material.evidence.enterprises.select(NEEDS).filter(pl.col("size_class").is_not_null())
    found = [
        (firm, "enterprise", None, material.as_of, RANKS[registered], RANKS[computed])
        for firm, registered, industry, heads, revenue, assets in firms.iter_rows()
        if (computed := size_class(industry, employees=heads, revenue_fen=revenue, assets_fen=assets))
    ]
    return pl.LazyFrame(found, schema=PAIRS, orient="row")
