"""Compliance (合规记录): what public bodies and courts hold against the firm, and for it, on a day.

The dimension starts whole at 100; each live record takes or adds points. A record is live from its publication until
it is repaired or its display ends (`book/domain/display.py`). Minor ones take nothing. The points are ours, 2026-11,
and are declared beside each record.
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain.public_record import live
from services.profile.portrait.domain.indicators.indicator import FIRM, Indicator, Scale, moments, nothing
from services.profile.standards.text import Text

c = pl.col
GRADES = "ABMCD"  # tax grades (纳税信用) from best to worst; a new firm without a bad record is M


def _counted(name: str, zh: str, en: str, *anchors: tuple[float, float]) -> Indicator:
    raises = anchors[-1][1] > 0
    return Indicator(
        name=name,
        title=Text(zh, en),
        unit="count",
        dimension="compliance",
        direction=-1 if raises else 1,
        actionable="raise" if raises else "lower",
        worse=Text(f"没有{zh}" if raises else f"有{zh}", f"No {en.lower()}" if raises else en),
        better=Text(f"有{zh}" if raises else f"没有{zh}", en if raises else f"No {en.lower()}"),
        value=c(name),
        source="public-records",
        scale=Scale(((0, 0), *anchors)),
    )


INDICATORS = (
    _counted("penalties_general", "一般失信行政处罚", "Penalties of the general tier", (1, -12), (3, -30)),
    _counted("penalties_serious", "严重失信行政处罚", "Penalties of the serious tier", (1, -35), (2, -60)),
    _counted("dishonest_entries", "失信被执行人记录", "Dishonest-debtor entries", (1, -60)),
    _counted("abnormal_entries", "经营异常记录", "Abnormal-operation entries", (1, -20), (2, -30)),
    _counted("enforcements", "法院执行案件", "Court enforcements", (1, -15), (3, -35)),
    _counted("judgments", "败诉判决", "Judgments", (1, -6), (5, -25)),
    _counted("freezes", "股权或资产冻结", "Frozen shares or assets", (1, -25), (2, -35)),
    Indicator(
        name="tax_grade",
        title=Text("最近一次纳税信用等级", "Latest tax credit grade"),
        unit="grade",
        dimension="compliance",
        direction=1,
        actionable="lower",
        worse=Text("纳税信用等级偏低", "A low tax credit grade"),
        better=Text("纳税信用等级高", "A high tax credit grade"),
        value=c("tax_grade"),
        source="public-records",
        scale=Scale(((1, 0), (2, -4), (3, -8), (4, -25), (5, -50))),
    ),
    _counted("awards", "守信红名单与表彰", "Awards and red lists", (1, 3), (3, 6)),
)
# Each counted record: the sort, and the tier where it matters.
COUNTED: dict[str, tuple[str, str | None]] = {
    "penalties_general": ("penalty", "general"),
    "penalties_serious": ("penalty", "serious"),
    "dishonest_entries": ("dishonest", None),
    "abnormal_entries": ("abnormal", None),
    "enforcements": ("enforcement", None),
    "judgments": ("judgment", None),
    "freezes": ("freeze", None),
    "awards": ("award", None),
}


def counted(name: str) -> pl.Expr:
    """Tell which records an indicator counts, live or not; a penalty without a tier is taken for a general one."""
    record, tier = COUNTED[name]
    chosen = c("record") == record
    if tier is not None:
        return chosen & (c("tier").fill_null("general") == tier)
    return chosen & (c("tier").fill_null("general") != "minor")


def measured(records: pl.DataFrame, days: pl.DataFrame) -> pl.DataFrame:
    """Return the counts of live records and the latest tax grade (1 is A … 5 is D) per firm and day.

    A firm of which nothing was published yet has no row: unknown is not clean.
    """
    if records.is_empty():
        return nothing(*COUNTED, "tax_grade")
    known = moments(records, days).filter(c("published_on") <= c("as_of")).with_columns(live=live(c("as_of")))
    grade = c("grade").replace_strict({letter: place + 1 for place, letter in enumerate(GRADES)}, default=None)
    graded = (c("record") == "tax-grade") & c("grade").is_not_null()
    latest = grade.filter(graded).sort_by(c("published_on").filter(graded), c("number").filter(graded)).last()
    return known.group_by(FIRM).agg(
        *((c("live") & counted(name)).sum().cast(pl.Float64).alias(name) for name in COUNTED),
        latest.cast(pl.Float64).alias("tax_grade"),
    )
