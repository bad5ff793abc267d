"""What an enterprise declared and paid for a period: taxes and social insurance.

Enterprise, tax and period make one filing; a correction, or that it was paid, is a new version.
"""

from __future__ import annotations

from types import MappingProxyType

import polars as pl

from services.profile.book.domain.dataset import ENTERPRISE, Column, Dataset, RowRule, Settled

INSURANCE = (
    *("社会保险费", "社保", "社会保险", "企业职工基本养老保险费", "城镇职工基本养老保险费", "基本养老保险费"),
    *("失业保险费", "工伤保险费", "生育保险费", "基本医疗保险费", "职工基本医疗保险费", "职工基本医疗保险(含生育)费"),
    "职工基本医疗保险费(含生育保险费)",
)
OTHERS = (
    *(
        "其他",
        "其它",
        "消费税",
        "个人所得税",
        "城市维护建设税",
        "教育费附加",
        "地方教育附加",
        "地方教育费附加",
        "印花税",
    ),
    *("房产税", "城镇土地使用税", "土地增值税", "耕地占用税", "契税", "车船税", "车辆购置税", "资源税", "环境保护税"),
    *("残疾人就业保障金", "水利建设基金", "地方水利建设基金", "文化事业建设费", "工会经费", "其他收入"),
)
TAXES = MappingProxyType(
    dict.fromkeys(("增值税", "vat"), "vat")
    | dict.fromkeys(("企业所得税", "所得税", "income"), "income")
    | dict.fromkeys((*INSURANCE, "social-insurance"), "social-insurance")
    | dict.fromkeys((*OTHERS, "other"), "other")
)
PAID, UNPAID = "paid", "unpaid"
PAID_STATES = MappingProxyType(
    dict.fromkeys(
        ("已缴款", "已缴税", "已缴清", "已缴", "缴款成功", "扣款成功", "已入库", "无需缴款", "无需缴税", PAID), PAID
    )
    | dict.fromkeys(("未缴款", "未缴税", "未缴", "待缴款", "欠税", "扣款失败", UNPAID), UNPAID)
)
FILED, VOID = "filed", "void"
NOT_FILED = "declared void, withdrawn or not accepted: it is no filing / 该申报已作废、撤销或未成功，不计入"
# What a list of declarations may say beside what is held.
STATED = (
    Column("paid_state", "choice", ("缴款状态", "缴税状态"), required=False, filled=False, choices=PAID_STATES),
    Column(
        "filing_state",
        "choice",
        ("申报状态", "申报结果", "作废标志", "是否作废", "数据状态"),
        required=False,
        filled=False,
        choices=MappingProxyType({"申报成功": FILED, "否": FILED, "是": VOID, "Y": VOID}),
        words=MappingProxyType(
            dict.fromkeys(("未作废", "未更正"), FILED)
            | dict.fromkeys(("作废", "撤销", "失败", "未申报", "未成功", "不成功", "驳回", "退回"), VOID)
        ),
    ),
)
# What was paid can be told from what was due and whether it was paid.
INSTEAD = MappingProxyType({"paid_fen": (frozenset({"paid_state", "due_fen"}),)})

DATASET = Dataset(
    name="tax-filings",
    columns=(
        Column("tax", "choice", ("税种", "征收项目", "tax"), choices=TAXES, english="Tax"),
        ENTERPRISE,
        Column("period_start", "date", ("所属期起", "税款所属期起", "period_start"), english="First day of the period"),
        Column("period_end", "date", ("所属期止", "税款所属期止", "period_end"), english="Last day of the period"),
        Column(
            "declared_sales_fen",
            "money",
            ("申报销售额", "计税依据", "declared_sales"),
            required=False,
            filled=False,
            english="Declared sales",
        ),
        Column("due_fen", "money", ("应纳税额", "应缴金额", "due"), english="Amount due"),
        Column("paid_fen", "money", ("实缴税额", "实缴金额", "paid"), english="Amount paid"),
        # Null where the source does not say it: then nobody can tell whether the filing was in time.
        Column(
            "due_on",
            "day",
            ("缴款期限", "申报期限", "due_on"),
            required=False,
            filled=False,
            english="Due on",
        ),
        Column("filed_on", "date", ("申报日期", "filed_on"), required=False, filled=False, english="Filed on"),
        Column("paid_on", "date", ("缴款日期", "入库日期", "paid_on"), required=False, filled=False, english="Paid on"),
    ),
    identity=("enterprise", "tax", "period_start", "period_end"),
    day="period_end",
    rules=(
        RowRule(
            "period_end",
            pl.col("period_end") < pl.col("period_start"),
            "before its start / 所属期止早于所属期起",
        ),
        RowRule("paid_fen", pl.col("paid_fen") < 0, "below zero / 实缴金额不能为负"),
    ),
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content


def paid_as_said(rows: pl.DataFrame) -> Settled:
    """Return filings with what was paid where only a state says it: all that was due, or nothing."""
    void = RowRule("filing_state", pl.col("filing_state") == VOID, NOT_FILED)
    if "paid_state" not in rows.columns:
        return Settled(rows, (void,))
    due = pl.col("due_fen").clip(0)
    told = pl.when(pl.col("paid_state") == PAID).then(due).when(pl.col("paid_state") == UNPAID).then(0)
    stated = [pl.col("paid_fen")] if "paid_fen" in rows.columns else []
    rows = rows.with_columns(pl.coalesce(*stated, told).alias("paid_fen"))
    return Settled(rows, (void, RowRule("paid_state", pl.col("paid_fen").is_null(), "empty / 不能为空")))
