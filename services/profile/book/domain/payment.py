"""A payment: money that came to the enterprise or left it, as its bank or its payer saw it.

Direction, enterprise, the bank's serial, date and amount make one payment; that it was reversed, whom it went to and
what it was for may be stated later, as a new version.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import polars as pl

from services.profile.book.domain.dataset import COUNTERPARTY, ENTERPRISE, MOST_REMEMBERED, Column, Dataset, RowRule

CAME = (
    *("收入", "收款", "收", "贷", "贷方", "贷记", "转入", "来账", "存入", "存", "汇入", "入账", "入", "进账", "入金"),
    *("in", "IN", "In", "credit", "Credit", "CREDIT", "C", "c", "Cr", "CR", "cr"),
    *("贷 Cr", "贷Cr", "贷(Cr)", "贷-Cr", "(贷)"),
)
WENT = (
    *("支出", "付款", "付", "借", "借方", "借记", "转出", "往账", "支取", "取", "支", "汇出", "出账", "出", "出金"),
    *("out", "OUT", "Out", "debit", "Debit", "DEBIT", "D", "d", "Dr", "DR", "dr"),
    *("借 Dr", "借Dr", "借(Dr)", "借-Dr", "(借)"),
)
FLOWS = MappingProxyType(dict.fromkeys(CAME, "in") | dict.fromkeys(WENT, "out"))
PURPOSES = MappingProxyType(
    dict.fromkeys(("货款", "goods"), "goods")
    | dict.fromkeys(("工资", "薪资", "wage"), "wage")
    | dict.fromkeys(("税款", "缴税", "tax"), "tax")
    | dict.fromkeys(("社保", "社会保险", "social-insurance"), "social-insurance")
    | dict.fromkeys(("贷款", "还款", "loan"), "loan")
    | dict.fromkeys(("其他", "其它", "other"), "other")
)
# What decides where a statement's own words hold it. A text with words of two purposes has neither.
PURPOSE_WORDS = MappingProxyType(
    dict.fromkeys(("货款", "材料款", "采购款", "购货", "商品款"), "goods")
    | dict.fromkeys(("工资", "薪资", "薪酬", "奖金"), "wage")
    | dict.fromkeys(("税款", "缴税", "税费", "增值税", "所得税", "印花税", "个税"), "tax")
    | dict.fromkeys(("社保", "社会保险"), "social-insurance")
    | dict.fromkeys(("贷款", "还贷", "放款", "借款"), "loan")
)
STATUSES = MappingProxyType(
    dict.fromkeys(
        ("成功", "正常", "有效", "valid", "交易成功", "支付成功", "处理成功", "转账成功", "入账成功"), "valid"
    )
    | dict.fromkeys(("已入账", "已记账", "已完成", "交易完成", "已支付", "已到账"), "valid")
    | dict.fromkeys(
        ("冲正", "退汇", "撤销", "reversed", "已冲正", "被冲正", "抹账", "已退汇", "退票", "已退票"), "reversed"
    )
    | dict.fromkeys(
        ("已撤销", "已退款", "已全额退款", "失败", "交易失败", "支付失败", "处理失败", "转账失败"), "reversed"
    )
    | dict.fromkeys(("交易关闭", "已关闭", "已取消", "已拒绝", "已作废", "作废"), "reversed")
)

DATASET = Dataset(
    name="payments",
    columns=(
        Column("direction", "choice", ("收支方向", "借贷标志", "direction"), choices=FLOWS, english="Direction"),
        ENTERPRISE,
        Column("reference", "identifier", ("交易流水号", "流水号", "reference", "serial"), english="Bank serial"),
        replace(COUNTERPARTY, required=False, filled=False),
        Column("date", "date", ("交易日期", "date", "value_date"), english="Date"),
        Column(
            "amount_fen",
            "money",
            ("交易金额", "发生额", "amount"),
            english="Amount",
        ),
        Column(
            "purpose",
            "choice",
            ("用途", "款项性质", "purpose"),
            required=False,
            filled=False,
            choices=PURPOSES,
            words=PURPOSE_WORDS,
            keeps="purpose_text",
            english="Purpose",
        ),
        Column(
            "purpose_text",
            "text",
            ("用途原文", "purpose_text"),
            required=False,
            filled=False,
            longest=MOST_REMEMBERED,
            english="Purpose in the payer's words",
        ),
        Column(
            "status",
            "choice",
            ("交易状态", "状态", "交易结果", "处理状态", "处理结果", "status"),
            required=False,
            filled=False,
            choices=STATUSES,
            english="Status",
            default="valid",
        ),
        Column(
            "account",
            "party",
            ("对方账号", "对方账户", "对方卡号", "account"),
            required=False,
            filled=False,
            english="The counterparty's account, held as a keyed hash",
        ),
        Column(
            "party_match",
            "text",
            ("对手识别方式", "party_match"),
            required=False,
            filled=False,
            derived=True,
            english="By what the counterparty was recognised",
        ),
    ),
    identity=("direction", "enterprise", "reference", "date", "amount_fen"),
    day="date",
    padded="reference",
    found=("counterparty", "party_match"),
    rules=(RowRule("amount_fen", pl.col("amount_fen") <= 0, "not above zero / 金额须大于零"),),
)
# What a statement says of its lines beside that, for the import alone: it is not held.
STATEMENT = (
    Column(
        "party", "party", ("对方户名", "对方名称", "party"), required=False, filled=False, english="Counterparty's name"
    ),
    Column("time", "text", ("交易时间", "time"), required=False, filled=False, english="Time of day"),
    Column("balance_fen", "money", ("余额", "balance"), required=False, filled=False, english="Balance after the line"),
    Column("own_account", "party", ("账号", "own_account"), required=False, filled=False, english="The account itself"),
)
SCHEMA, IDENTITY, CONTENT = DATASET.schema, DATASET.identity, DATASET.content
