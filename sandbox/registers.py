"""What registers say of firms: tax grades, penalties, lists, awards."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sandbox.economy import Economy
from sandbox.tables import party_codes

REGISTERS = 40  # the random stream of this module
# Chance of each record within the book for a firm under no stress, and what a unit of stress multiplies it by.
RECORDS = (
    ("penalty", "minor", 0.10, 1.6),
    ("penalty", "general", 0.03, 2.2),
    ("abnormal", "minor", 0.03, 2.2),
    ("enforcement", "general", 0.02, 3.0),
    ("judgment", "general", 0.04, 2.4),
    ("dishonest", "serious", 0.006, 4.0),
    ("award", None, 0.08, 0.5),
)
AUTHORITIES = {
    "penalty": "市场监督管理局",
    "abnormal": "市场监督管理局",
    "enforcement": "人民法院",
    "judgment": "人民法院",
    "dishonest": "人民法院",
    "award": "工业和信息化局",
    "tax-grade": "税务局",
}
GRADES = ("A", "B", "M", "C", "D")


def public_records(economy: Economy) -> pl.DataFrame:
    """Return records as the registers publish them; a tax grade per firm and full year."""
    rng = np.random.default_rng([economy.plan.seed, REGISTERS])
    stress = economy.course.stress.max(axis=1)
    codes = party_codes(economy).head(len(economy.firms))
    parts = [_grades(rng, economy, codes)]
    for record, tier, usual, per_stress in RECORDS:
        chance = np.minimum(usual * per_stress ** np.maximum(stress, 0), 0.9)
        firm = np.flatnonzero(rng.random(len(chance)) < chance)
        decided = rng.choice(economy.calendar.days, len(firm))
        parts.append(_records(codes.gather(firm), record, tier, decided))
    return pl.concat(parts).with_columns(synthetic=pl.lit(value=True)).sort("enterprise", "date", "number")


def _grades(rng: np.random.Generator, economy: Economy, codes: pl.Series) -> pl.DataFrame:
    """Draw yearly tax grades, published in April for the year before: the better led, the better graded."""
    first = economy.plan.start.year
    years = np.arange(first, first + economy.calendar.months // 12)
    firm, year = np.divmod(np.arange(len(codes) * len(years)), len(years))
    quality = economy.firms.quality[firm] - economy.course.stress.max(axis=1)[firm] + rng.normal(0, 0.5, len(firm))
    grade = np.digitize(-quality, [-0.3, 0.8, 1.6, 2.4])
    published = (np.array([f"{y + 1}-04-20" for y in years], dtype="datetime64[D]"))[year]
    known = (published <= economy.calendar.days[-1]) & (economy.firms.born[firm] <= year * 12)
    return _records(
        codes.gather(firm[known]),
        "tax-grade",
        None,
        published[known],
        grade=pl.Series([GRADES[g] for g in grade[known]], dtype=pl.String),
    )


def _records(
    enterprise: pl.Series,
    record: str,
    tier: str | None,
    decided: NDArray[np.datetime64],
    grade: pl.Series | None = None,
) -> pl.DataFrame:
    months = {"minor": "3mo", "general": "12mo", "serious": "36mo"}.get(tier or "")
    date = pl.Series("date", decided)
    frame = pl.DataFrame({"enterprise": enterprise.rename("enterprise"), "date": date})
    day, firm = pl.col("date").dt.strftime("%Y%m%d"), pl.col("enterprise").str.slice(6)
    ends = pl.col("date").dt.offset_by(months) if months else pl.lit(None, pl.Date)
    return frame.select(
        "enterprise",
        number=pl.format("{}-{}-{}", pl.lit(record), day, firm),
        record=pl.lit(record),
        tier=pl.lit(tier, pl.String),
        grade=grade if grade is not None else pl.lit(None, pl.String),
        authority=pl.lit(AUTHORITIES[record]),
        amount_fen=pl.lit(None, pl.Int64),
        date="date",
        published_on=pl.col("date"),
        ends_on=ends,
        repaired_on=pl.lit(None, pl.Date),
    )
