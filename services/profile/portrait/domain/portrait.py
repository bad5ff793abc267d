"""The credit portrait (信用画像): eight dimensions, depth, months of trade and main partners of one enterprise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import numpy as np
import polars as pl

from services.profile.portrait.domain.features.aggregates import slot_of
from services.profile.portrait.domain.features.feature import Dimension, Feature
from services.profile.portrait.domain.indicators import FIGURES
from services.profile.portrait.domain.peers import Group
from services.profile.portrait.domain.reliability import Reliability, reliability
from services.profile.portrait.domain.standing import (
    WHOLE,
    Grid,
    base,
    contributions,
    dimension_scores,
    percentile,
    standing,
)
from services.profile.standards.text import Text

TITLES: Mapping[Dimension, Text] = {
    "payment": Text("履约能力", "Payment"),
    "operation": Text("经营状况", "Operation"),
    "stability": Text("交易稳定性", "Stability"),
    "growth": Text("发展潜力", "Growth"),
    "relation": Text("关联风险", "Relations"),
    "compliance": Text("合规记录", "Compliance"),
    "chain": Text("供应链地位", "Place in the chain"),
    "confidence": Text("数据可信度", "Confidence in the data"),
}
NO_SOURCE = Text("尚未接入该维度的数据来源", "No source for this dimension yet")
TOO_LITTLE = Text("发票不足，无法评价该维度", "Too few invoices to judge this dimension")
NO_PEERS = Text("没有可比的同类企业", "No firms to compare with")
MONTHS, PARTNERS, TREND = 36, 10, 24


@dataclass(frozen=True, slots=True)
class Aspect:
    """One dimension: its score 0–100, where that stands among peers, and the figures behind it.

    `score` is None exactly where `missing` says why. `trend` is the score as of the end of each of the last 24
    months, on today's baseline of peers, so that it moves with the firm and not with the others.
    """

    key: Dimension
    title: Text
    score: float | None
    percentile: float | None
    missing: Text | None
    features: tuple[tuple[Feature, float | None], ...]
    confidence: Reliability | None = None
    trend: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of a dimension: its value, the peers' median, where it stands (0–100), and what it contributes.

    `contribution` is in points of the dimension's score, `standing` None in a dimension that starts whole; both are
    None where the figure says nothing.
    """

    figure: Feature
    value: float | None
    median: float | None
    standing: float | None
    contribution: float | None


@dataclass(frozen=True, slots=True)
class Subject:
    """One enterprise as of a day: depth, latest record, its figures now, and by month-end (`history`, by `as_of`)."""

    as_of: date
    depth: str
    last_on: date | None
    values: Mapping[str, float | None]
    history: pl.DataFrame


@dataclass(frozen=True, slots=True)
class Month:
    """Net sales and purchases of a calendar month, `YYYY-MM`, in fen."""

    month: str
    sales_fen: int
    purchases_fen: int


@dataclass(frozen=True, slots=True)
class Partner:
    """A customer or supplier: net amount and share of 36 months, months with invoices, first and last invoice."""

    id: str
    net_fen: int
    share: float
    months: int
    first_on: date
    last_on: date


@dataclass(frozen=True, slots=True)
class Portrait:
    """Everything the portrait page shows."""

    dimensions: tuple[Aspect, ...]
    group: Group | None
    trend_months: tuple[str, ...]
    months: tuple[Month, ...]
    customers: tuple[Partner, ...]
    suppliers: tuple[Partner, ...]


def portrait(invoices: pl.DataFrame, subject: Subject, group: Group | None) -> Portrait:
    """Draw the portrait of one enterprise from its invoices (as known), its figures, and its peers."""
    as_of = subject.as_of
    counted = invoices.filter((pl.col("status") == "valid") & (pl.col("date") <= as_of))
    trends = _trends(subject.history, month_ends(as_of), group)
    drawn = [
        replace(
            aspect,
            confidence=reliability(aspect.key, subject.values, subject.depth, subject.last_on, as_of),
            trend=trends[aspect.key],
        )
        for aspect in aspects(subject.values, group)
    ]
    return Portrait(
        dimensions=tuple(drawn),
        group=group,
        trend_months=tuple(f"{day:%Y-%m}" for day in month_ends(as_of)),
        months=months(counted, as_of),
        customers=partners(counted, "sale", as_of),
        suppliers=partners(counted, "purchase", as_of),
    )


def month_ends(as_of: date) -> tuple[date, ...]:
    """Return the last day of each of the 23 months before the as-of day's, and that day itself."""
    ends = [as_of]
    for _ in range(TREND - 1):
        ends.append(ends[-1].replace(day=1) - timedelta(days=1))
    return tuple(reversed(ends))


def aspects(values: Mapping[str, float | None], group: Group | None) -> tuple[Aspect, ...]:
    """Return the eight dimensions in their fixed order, unrounded, without confidence and trend."""
    scores = dimension_scores(_columns(values), group.features if group else {})
    return tuple(_aspect(key, _one(scores.get(key)), values, group) for key in TITLES)


def lines(key: Dimension, values: Mapping[str, float | None], group: Group | None) -> tuple[Line, ...]:
    """Return every figure of a dimension with what it contributes: base + Σ contributions = score."""
    grids = group.features if group else {}
    columns = _columns(values)
    added = contributions(key, columns, grids)
    return tuple(
        Line(
            figure=figure,
            value=values.get(figure.name),
            median=float(grids[figure.name][len(grids[figure.name]) // 2]) if figure.name in grids else None,
            standing=None if key in WHOLE else _one(standing(figure, columns[figure.name], grids)),
            contribution=_one(added.get(figure.name)),
        )
        for figure in FIGURES
        if figure.dimension == key
    )


def starts_at(key: Dimension) -> float:
    """Return the base of a dimension, to which its lines add up."""
    return base(key)


def _columns(values: Mapping[str, float | None]) -> dict[str, Grid]:
    return {f.name: np.array([values.get(f.name)], dtype=np.float64) for f in FIGURES}  # None becomes NaN


def _one(found: Grid | None) -> float | None:
    return None if found is None or np.isnan(found[0]) else float(found[0])


def _aspect(key: Dimension, score: float | None, values: Mapping[str, float | None], group: Group | None) -> Aspect:
    grid = group.dimensions.get(key) if group else None
    return Aspect(
        key=key,
        title=TITLES[key],
        score=score,
        percentile=None if score is None or grid is None else float(percentile(np.array([score]), grid)[0]),
        missing=None if score is not None else _why_missing(key, group),
        features=tuple((figure, values.get(figure.name)) for figure in FIGURES if figure.dimension == key),
    )


def _why_missing(key: Dimension, group: Group | None) -> Text:
    if key in WHOLE:
        return NO_SOURCE
    return TOO_LITTLE if group else NO_PEERS


def _trends(
    history: pl.DataFrame, ends: tuple[date, ...], group: Group | None
) -> dict[Dimension, tuple[float | None, ...]]:
    by_month = pl.DataFrame({"as_of": ends}).join(history, on="as_of", how="left", maintain_order="left")
    columns = {
        f.name: by_month[f.name].cast(pl.Float64).fill_null(np.nan).to_numpy()
        for f in FIGURES
        if f.name in by_month.columns
    }
    scores = dimension_scores(columns, group.features if group else {})
    nothing = np.full(len(ends), np.nan)
    return {key: tuple(_known(scores.get(key, nothing))) for key in TITLES}


def _known(scores: Grid) -> list[float | None]:
    return [None if np.isnan(score) else float(score) for score in scores]


def months(counted: pl.DataFrame, as_of: date) -> tuple[Month, ...]:
    """Return net sales and purchases of the 36 calendar months that end with the as-of month, silent ones as zero."""
    number = pl.col("date").dt.year() * 12 + pl.col("date").dt.month().cast(pl.Int32) - 1
    last = as_of.year * 12 + as_of.month - 1
    sums = {
        (month, direction): net
        for month, direction, net in counted.group_by(number.alias("month"), "direction")
        .agg(pl.col("net_fen").sum())
        .iter_rows()
    }
    return tuple(
        Month(f"{n // 12}-{n % 12 + 1:02}", sums.get((n, "sale"), 0), sums.get((n, "purchase"), 0))
        for n in range(last - MONTHS + 1, last + 1)
    )


def partners(counted: pl.DataFrame, direction: Literal["sale", "purchase"], as_of: date) -> tuple[Partner, ...]:
    """Return the ten largest customers (of sales) or suppliers (of purchases) by net amount of the last 36 months.

    The share is of all partners with a positive net amount; the first invoice may lie before the window. Persons,
    who have no code, are no partners.
    """
    recent = slot_of(pl.col("date"), as_of) < MONTHS
    links = (
        counted.filter((pl.col("direction") == direction) & pl.col("counterparty").is_not_null())
        .group_by("counterparty")
        .agg(
            net=pl.col("net_fen").filter(recent).sum(),
            months=pl.col("date").filter(recent & (pl.col("total_fen") > 0)).dt.truncate("1mo").n_unique(),
            first=pl.col("date").min(),
            last=pl.col("date").max(),
        )
        .filter(pl.col("net") > 0)
        .sort("net", "counterparty", descending=[True, False])
    )
    total = links["net"].sum()
    return tuple(
        Partner(counterparty, net, net / total, met, first, last)
        for counterparty, net, met, first, last in links.head(PARTNERS).iter_rows()
    )
