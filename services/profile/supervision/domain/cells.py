"""From firms to the cells of the tables: region (nation, province, prefecture) × industry (all, section), with sums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import polars as pl

NATION, ANYWHERE = "000000", "999999"  # all of the country; a firm whose region nobody stated
EVERY, UNKNOWN = "all", "unknown"  # every industry; one that nobody stated
FIRMS, LARGEST, SECOND = "firms", "largest", "second"
TOTAL = "index"
KEY = ["level", "region", "industry"]
c = pl.col


class Level(StrEnum):
    """How fine a region is."""

    NATION = "nation"
    PROVINCE = "province"
    PREFECTURE = "prefecture"


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """One cell of a month: a region of a level, an industry's section or every one."""

    level: Level
    region: str
    industry: str

    @property
    def above(self) -> str:
        """The region that this one is part of."""
        return NATION if self.level == Level.PROVINCE else province_of(self.region)


def province_of(prefecture: str) -> str:
    """Return the province of a prefecture's code; what is unknown is unknown there too."""
    return ANYWHERE if prefecture == ANYWHERE else prefecture[:2] + "0000"


def prefecture_of(region: str | None) -> str:
    """Return the prefecture of a region's code, the province's own code where no finer one is stated."""
    return ANYWHERE if region is None else region[:4] + "00"


def section_of(industry: str | None) -> str:
    """Return the section of an industry's code."""
    return industry[0] if industry and industry[0].isalpha() and industry[0].isascii() else UNKNOWN


def tabulated(firms: pl.DataFrame, measures: Sequence[str]) -> pl.DataFrame:
    """Return every cell that has a firm: level, region, industry, `firms`, the sums, and the two largest totals.

    `firms` has prefecture, industry (a section), the measures as whole numbers and their total `index`.
    """
    provinces = {each: province_of(each) for each in firms["prefecture"].unique()}
    regions = {
        Level.NATION: pl.lit(NATION),
        Level.PROVINCE: c("prefecture").replace_strict(provinces, return_dtype=pl.String),
        Level.PREFECTURE: c("prefecture"),
    }
    tables = [
        firms.select(
            *measures, TOTAL, level=pl.lit(str(level)), region=region, industry=c("industry") if by else pl.lit(EVERY)
        )
        .group_by(KEY)
        .agg(
            pl.len().cast(pl.Int64).alias(FIRMS),
            *(c(name).sum() for name in measures),
            c(TOTAL).sum(),
            c(TOTAL).max().alias(LARGEST),
            c(TOTAL).top_k(2).min().alias(SECOND),
        )
        for (level, region), by in product(regions.items(), (False, True))
    ]
    return pl.concat(tables).sort(KEY)


def cell(row: tuple[str, str, str]) -> Cell:
    """Return the cell of a row's key."""
    return Cell(Level(row[0]), row[1], row[2])
