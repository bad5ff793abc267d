"""What public bodies and courts say of an enterprise: penalties, lists, grades, judgments, awards, licences.

Enterprise, sort of record and number make one record; that it ended or was repaired is a new version. Credit repair
(信用修复管理办法, in force 2026-04-01) knows three tiers and ends display, sharing and use: see `live`.
"""

from __future__ import annotations

from datetime import date
from types import MappingProxyType

import polars as pl

from services.profile.book.domain.dataset import ENTERPRISE, Column, Dataset, RowRule
from services.profile.book.domain.display import displayed, too_early

RECORDS = MappingProxyType(
    dict.fromkeys(("行政处罚", "penalty"), "penalty")
    | dict.fromkeys(("失信被执行人", "严重失信", "dishonest"), "dishonest")
    | dict.fromkeys(("经营异常", "经营异常名录", "abnormal"), "abnormal")
    | dict.fromkeys(("纳税信用", "纳税信用等级", "tax-grade"), "tax-grade")
    | dict.fromkeys(("法院执行", "被执行人", "enforcement"), "enforcement")
    | dict.fromkeys(("破产案件", "破产清算", "破产重整", "破产和解", "insolvency"), "insolvency")
    | dict.fromkeys(("裁判文书", "判决", "judgment"), "judgment")
    | dict.fromkeys(("股权冻结", "司法冻结", "冻结", "freeze"), "freeze")
    | dict.fromkeys(("守信红名单", "表彰", "award"), "award")
    | dict.fromkeys(("行政许可", "许可", "licence", "license"), "licence")
)
TIERS = MappingProxyType(
    dict.fromkeys(("轻微", "minor"), "minor")
    | dict.fromkeys(("一般", "general"), "general")
    | dict.fromkeys(("严重", "serious"), "serious")
)
GRADES = MappingProxyType({grade: grade.upper() for grade in "ABMCDabmcd"})

DATASET = Dataset(
    name="public-records",
    columns=(
        Column("record", "choice", ("记录类型", "信息类型", "record"), choices=RECORDS, english="Sort of record"),
        ENTERPRISE,
        Column("number", "identifier", ("文书号", "决定书文号", "案号", "number"), english="Number of the document"),
        Column(
            "tier",
            "choice",
            ("失信程度", "修复类别", "tier"),
            required=False,
            filled=False,
            choices=TIERS,
            english="Tier of credit repair",
        ),
        Column(
            "grade",
            "choice",
            ("信用等级", "纳税信用级别", "grade"),
            required=False,
            filled=False,
            choices=GRADES,
            english="Tax credit grade",
        ),
        Column("authority", "text", ("认定机关", "处罚机关", "执行法院", "authority"), english="Authority"),
        Column(
            "amount_fen", "money", ("涉及金额", "罚款金额", "amount"), required=False, filled=False, english="Amount"
        ),
        Column("date", "date", ("决定日期", "认定日期", "date"), english="Decided on"),
        Column("published_on", "date", ("公示日期", "发布日期", "published_on"), english="Published on"),
        Column(
            "ends_on", "day", ("公示截止日期", "有效期至", "ends_on"), required=False, filled=False, english="Ends on"
        ),
        Column("repaired_on", "date", ("修复日期", "repaired_on"), required=False, filled=False, english="Repaired on"),
    ),
    identity=("enterprise", "record", "number"),
    day="published_on",
    rules=(
        RowRule(
            "published_on", pl.col("published_on") < pl.col("date"), "before it was decided / 公示日期早于决定日期"
        ),
        RowRule("ends_on", pl.col("ends_on") < pl.col("date"), "before it was decided / 截止日期早于决定日期"),
        RowRule("repaired_on", pl.col("repaired_on") < pl.col("date"), "before it was decided / 修复日期早于决定日期"),
        RowRule(
            "repaired_on",
            too_early(),
            "sooner than its tier allows / 早于该类失信信息的最短公示期",
        ),
        RowRule("amount_fen", pl.col("amount_fen") < 0, "below zero / 金额不能为负"),
        RowRule(
            "grade",
            (pl.col("record") == "tax-grade") & pl.col("grade").is_null(),
            "a tax grade names the grade A B M C D / 纳税信用须注明等级",
        ),
    ),
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content


def live(as_of: date | pl.Expr) -> pl.Expr:
    """Tell which records may be shown, shared and used on a day: displayed on it, and not repaired."""
    return displayed(as_of) & ~(pl.col("repaired_on") <= as_of).fill_null(value=False)
