"""Confidence (数据可信度): how many kinds of data there are, from whom, and whether they agree with each other."""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.evidence import Evidence
from services.profile.portrait.domain.indicators.indicator import FIRM, Indicator, Scale, moments
from services.profile.standards.text import Text

c = pl.col
# The day on which each kind of data happened.
KINDS = {
    "invoices": "date",
    "payments": "date",
    "orders": "date",
    "deliveries": "date",
    "tax_filings": "period_end",
    "public_records": "published_on",
    "relations": "since",
}
# 征信业管理条例 Art. 21 names the sources; what the firm says of itself is not verified, what others say of it is.
UNVERIFIED = ("subject",)
CHANNELS: dict[str, pl.DataType] = {"import_id": pl.String(), "channel": pl.String()}
CHECKS: dict[str, pl.DataType] = {"enterprise": pl.String(), "pass_rate": pl.Float64()}
SHARE = Scale(((0, 0), (0.5, 30), (0.9, 70), (1, 100)))

INDICATORS = (
    Indicator(
        name="kinds_of_data",
        title=Text("已有数据种类数", "Kinds of data known"),
        unit="count",
        dimension="confidence",
        direction=-1,
        actionable="raise",
        worse=Text("数据种类单一", "Few kinds of data"),
        better=Text("数据种类丰富", "Many kinds of data"),
        value=c("kinds"),
        source="imports",
        scale=Scale(((0, 0), (1, 30), (3, 60), (7, 100))),
    ),
    Indicator(
        name="verified_share",
        title=Text("来自第三方来源的记录比例", "Records from sources other than the firm itself"),
        unit="ratio",
        dimension="confidence",
        direction=-1,
        actionable="raise",
        worse=Text("多数数据由企业自行提供", "Most data come from the firm itself"),
        better=Text("数据来自政府、法院、交易对手等来源", "Data come from government, courts or counterparties"),
        value=c("verified"),
        source="imports",
        scale=SHARE,
        weight=2,
    ),
    Indicator(
        name="checks_passed_share",
        title=Text("交叉比对通过率", "Cross-checks passed"),
        unit="ratio",
        dimension="confidence",
        direction=-1,
        actionable="raise",
        worse=Text("数据之间存在矛盾", "Data contradict each other"),
        better=Text("数据之间相互印证", "Data agree with each other"),
        value=c("passed_share"),
        source="network",
        scale=SHARE,
        weight=2,
    ),
)


def measured(evidence: Evidence, days: pl.DataFrame, channels: pl.DataFrame) -> pl.DataFrame:
    """Return kinds, verified and `last_on` (the latest day of any record) per firm and day.

    `channels` names the lawful channel of imports; a record of an import without one is left out of the share.
    """
    tables = []
    for kind, day in KINDS.items():
        if getattr(evidence, kind).is_empty() and kind != "invoices":
            continue
        rows = getattr(evidence, kind).select("enterprise", "import_id", day=c(day))
        daily = rows.group_by("enterprise", "import_id", "day").agg(count=pl.len())
        tables.append(daily.with_columns(kind=pl.lit(kind)))
    counts = pl.concat(tables).join(channels, on="import_id", how="left")
    known = moments(counts, days).filter((c("day") <= c("as_of")).fill_null(value=True))
    stated = c("channel").is_not_null()
    verified = c("count").filter(stated & ~c("channel").is_in(UNVERIFIED)).sum().cast(pl.Float64)
    whole = c("count").filter(stated).sum()
    return known.group_by(FIRM).agg(
        kinds=c("kind").n_unique().cast(pl.Float64),
        verified=pl.when(whole > 0).then(verified / whole.cast(pl.Float64)),
        last_on=c("day").max(),
    )


def agreed(checks: pl.DataFrame) -> pl.DataFrame:
    """Return the share of cross-checks passed per firm that any rule of `crosscheck` could speak of."""
    return checks.select("enterprise", passed_share="pass_rate")
