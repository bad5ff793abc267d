"""All features in one tuple, their version, and how they are computed."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import date

import polars as pl
import polars.selectors as cs

from services.profile.portrait.domain.features import chain, confidence, evidence, growth, operation, payment, stability
from services.profile.portrait.domain.features.aggregates import aggregate, rows_of, slot_of
from services.profile.portrait.domain.features.feature import Feature
from services.profile.portrait.domain.features.past import sums_of_days
from services.profile.portrait.domain.features.reversals import where_told

CATALOGUE: tuple[Feature, ...] = (
    *payment.FEATURES,
    *operation.FEATURES,
    *stability.FEATURES,
    *growth.FEATURES,
    *chain.FEATURES,
    *confidence.FEATURES,
    *evidence.FEATURES,
)
# Raise with any change of a formula or a window; declared names, units and directions are in the digest.
REVISION = "2026.14"
UNKNOWN_WITHOUT_A_MONTH = tuple(f"{side}_{run}" for side in "sp" for run in ("gap", "silent", "oldest"))
ALWAYS = frozenset({"first", "last"})  # what tells whether anything is known, and since when
DAY = pl.col("as_of")
VALUES = {feature.name: feature.value.cast(pl.Float64).alias(feature.name) for feature in CATALOGUE}
WHOLE_BOOK = 50_000  # rows above which the streaming engine is the quicker one (measured: 167 against 227 ms a book)


AS_WRITTEN = pl.QueryOptFlags._eager()  # there is no public name for what every eager frame is run by


def _version() -> str:
    declared = "\n".join(
        f"{f.name} {f.unit} {f.dimension} {f.direction} {f.family} {f.actionable} {f.pace_per_month}" for f in CATALOGUE
    )
    return f"{REVISION}-{hashlib.sha256(declared.encode()).hexdigest()[:8]}"


VERSION = _version()


def compute(invoices: pl.DataFrame | pl.LazyFrame, *, as_of: date) -> pl.DataFrame:
    """Return all features of every enterprise in the invoices, as of a date.

    One row per enterprise, sorted by `enterprise`; every feature is Float64, and null where it is unknown. Invoices
    dated after `as_of` are not looked at; void ones count in void rates only. The same code serves one enterprise
    and the book, and gives the same bytes for both.
    """
    if isinstance(invoices, pl.DataFrame):
        invoices = where_told(invoices)
    small = isinstance(invoices, pl.DataFrame) and invoices.height < WHOLE_BOOK
    sums = aggregate(invoices.lazy(), as_of).collect(engine="in-memory" if small else "streaming")
    return read_off(sums, as_of, "enterprise")


def history(invoices: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """Return all features of one enterprise as of each of the days, in one pass over its invoices.

    One row per day on which an invoice was known, sorted by `as_of`, with the values that `compute` gives for that
    day. Its sums are made without a plan (`past`), to the same bits.
    """
    # As polars runs eager steps: of so few rows most of a large plan is spent on planning it.
    rows = rows_of(where_told(invoices).lazy()).collect(optimizations=AS_WRITTEN)
    return read_off(sums_of_days(rows, days, "as_of"), DAY, "as_of")


def chosen(names: Collection[str] | None) -> list[Feature]:
    """Return the features of these names (None: all), in the order of the catalogue."""
    return [feature for feature in CATALOGUE if names is None or feature.name in names]


def sums_behind(names: Collection[str] | None) -> frozenset[str]:
    """Return which sums of a side, or of the seasons, features (None: all) are read off."""
    roots = {root for feature in chosen(names) for root in feature.value.meta.root_names()}
    return frozenset(root[2:] if root[:2] in {"s_", "p_"} else root for root in roots) | ALWAYS


def read_off(sums: pl.DataFrame, as_of: date | pl.Expr, by: str, names: Collection[str] | None = None) -> pl.DataFrame:
    """Return the features (None: all) of each row of sums (`aggregates.fold`), sorted by the column `by`."""
    day = pl.lit(as_of) if isinstance(as_of, date) else as_of
    read = (
        sums.with_columns(s_known=pl.col("s_first").is_not_null(), p_known=pl.col("p_first").is_not_null())
        .with_columns(cs.integer().exclude(by, *UNKNOWN_WITHOUT_A_MONTH).fill_null(0))
        .with_columns(
            reach=slot_of(pl.min_horizontal("s_first", "p_first"), as_of).cast(pl.Int64),
            s_idle=(day - pl.col("s_last")).dt.total_days(),
            p_idle=(day - pl.col("p_last")).dt.total_days(),
        )
    )
    usable = read["reach"].is_not_null()  # without a single blue invoice everything is unknown, even a zero
    values = [by, *(VALUES[feature.name] for feature in chosen(names))]
    if usable.all():
        return read.select(values).sort(by)
    return pl.concat([read.filter(usable).select(values), read.filter(~usable).select(by)], how="diagonal").sort(by)
