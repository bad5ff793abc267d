"""Red letters (红字发票): what the tax office's words for the state of an invoice mean, and what a red one cancels.

A red letter is an invoice of its own with amounts below zero. So the blue invoice that it cancels stays valid beside
it, and both come to nothing; it would be counted off twice if it were left out as well. What the office says of a blue
invoice is kept beside it (`reversal`): what is cancelled then counts for nothing, its red letter sent or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType

import polars as pl

from services.profile.book.domain.dataset import RowRule, Settled
from services.profile.book.domain.told import tell

c = pl.col
# What the words for a state become before they are held as valid or void.
CANCELLED, PARTLY, RED, ABNORMAL = "cancelled", "partly", "red", "abnormal"
# The total of all rows of a row's invoice, where it is known beforehand.
WHOLE = "whole_fen"
REVERSAL = MappingProxyType({CANCELLED: "whole", PARTLY: "part"})
STATES = MappingProxyType(
    dict.fromkeys(("有效发票", "有效", "正常", "正常发票", "已开具", "开具成功", "valid", "normal"), "valid")
    | dict.fromkeys(("已红冲-部分", "部分红冲", "已部分红冲", "已红冲", "红冲", "被红冲"), PARTLY)
    | dict.fromkeys(("已红冲-全额", "全额红冲", "已全额红冲", "已全部红冲"), CANCELLED)
    | dict.fromkeys(("红字", "红字发票", "负数发票", "红票"), RED)
    | dict.fromkeys(("作废发票", "作废", "已作废", "空白作废", "void", "voided"), "void")
    | dict.fromkeys(("失控", "失控发票", "异常", "异常凭证", "异常发票", "非正常"), ABNORMAL)
)
# How a remark names the blue invoice: 被红冲蓝字数电票号码：…, 对应正数发票代码:…号码:…, 对应蓝字发票号：….
BLUE = (
    r"(?:蓝字|正数)(?:数电|全电|电子)?(?:发票|票)(?:代码[:：]?\s*\d{10,12}\s*)?"
    r"(?:发票)?(?:号码|号)?\s*[:：]?\s*(\d{20}|\d{8})(?:\D|$)"
)
NOT_THE_SIGN = "does not agree with the sign of the amount / 与金额正负不一致"
RED_ABOVE_ZERO = "a red letter is below zero / 红字发票金额应为负数"
BY_THE_OFFICE = (
    "the tax office holds the invoice for abnormal or out of control; it is not counted / "
    "税务机关列为失控或异常凭证，不计入"
)
AT_RISK = (
    "{n} rows are abnormal or doubtful by their 发票风险等级; they count all the same / "
    "{n} 行的发票风险等级为异常凭证或疑点发票，仍计入"
)
UNCANCELLED = (
    "the blue invoices cancelled in full come to {blue:,.2f} yuan, the red letters in the file to {red:,.2f}; "
    "send the red letters too, or signals and cross-checks count what they cancel / "
    "全额红冲的蓝字发票合计 {blue:,.2f} 元，文件中红字发票合计 {red:,.2f} 元；"
    "请一并导入红字发票，否则预警与交叉核验仍会计入被红冲的金额"
)


def red_letters(rows: pl.DataFrame, *, sliced: bool = False) -> Settled:
    """Return invoices valid or void, a blue one with its `reversal`, a red one with the number of what it cancels.

    Read are `status` as STATES gives it, `positive` (是否正数发票), `risk` and `remark`, where they are there. Of a
    slice of a file the sums of whole invoices stand in WHOLE, and what is told of the file is told by another.
    """
    rules = tuple(_rules(rows))
    told = (*(() if sliced else uncancelled(*cancelled(rows))), *_at_risk(rows))
    if "status" in rows.columns:
        rows = _standing(rows)
    return Settled(_linked(rows), rules, told)


def _standing(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows valid or void, a blue one with what of it is cancelled."""
    stands = c("status").is_in([*REVERSAL, RED, ABNORMAL])
    if rows["status"].is_in([*REVERSAL]).any():
        told = c("status").replace_strict(REVERSAL, default=None, return_dtype=pl.String)
        stated = [c("reversal")] if "reversal" in rows.columns else []
        rows = rows.with_columns(pl.when(whole(rows) > 0).then(pl.coalesce(*stated, told)).alias("reversal"))
    return rows.with_columns(pl.when(stands).then(pl.lit("valid")).otherwise("status").alias("status"))


def _rules(rows: pl.DataFrame) -> Iterator[RowRule]:
    above, below = whole(rows) > 0, whole(rows) < 0
    if "positive" in rows.columns:
        yield RowRule("positive", (c("positive") & below) | (~c("positive") & above), NOT_THE_SIGN)
    # A book of half a million rows mostly has none of these words: nothing is worked out for them then.
    words = rows["status"].unique().to_list() if "status" in rows.columns else []
    # The step replaces the words afterwards, so the rules keep where they stood.
    if RED in words:
        yield RowRule("status", _where(rows, (c("status") == RED) & above), RED_ABOVE_ZERO)
    if ABNORMAL in words:
        yield RowRule("status", _where(rows, c("status") == ABNORMAL), BY_THE_OFFICE)
    if CANCELLED in words:
        yield RowRule("status", _where(rows, (c("status") == CANCELLED) & below & _said_blue(rows)), NOT_THE_SIGN)


def whole(rows: pl.DataFrame) -> pl.Expr:
    """Return the total of the invoice that a row is of: a line of discount is below zero in a blue invoice."""
    if WHOLE in rows.columns:
        return c(WHOLE)
    names = [name for name in ("code", "number") if name in rows.columns]
    return c("total_fen").sum().over(names)


def _said_blue(rows: pl.DataFrame) -> pl.Expr:
    return c("positive") if "positive" in rows.columns else pl.lit(value=False)


def _where(rows: pl.DataFrame, flag: pl.Expr) -> pl.Expr:
    return pl.lit(rows.select(flag.fill_null(value=False).alias("where")).to_series())


def cancelled(rows: pl.DataFrame) -> tuple[int, int]:
    """Return to what blue invoices that are cancelled in full come, and red letters, in fen."""
    if "status" not in rows.columns:
        return 0, 0
    blue = rows.filter((c("status") == CANCELLED) & (c("total_fen") > 0))["total_fen"].sum()
    return int(blue), -int(rows.filter((c("total_fen") < 0) & (c("status") != "void"))["total_fen"].sum())


def uncancelled(blue: int, red: int) -> tuple[str, ...]:
    """Tell where blue invoices are cancelled and the file has not as much in red."""
    return (tell(UNCANCELLED, {}, blue=blue / 100, red=red / 100),) if red < blue else ()


def _at_risk(rows: pl.DataFrame) -> Iterator[str]:
    """Tell of invoices that count, and that the office holds for abnormal by their risk."""
    if "risk" in rows.columns:
        count = rows.filter(c("risk").str.contains("异常|疑点|失控")).height
        if count:
            yield tell(AT_RISK, {"n": count})


def _linked(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with `blue_number` for red letters only, from its column or from the remark."""
    stated = [c("blue_number")] if "blue_number" in rows.columns else []
    remarked = [c("remark").str.extract(BLUE)] if "remark" in rows.columns else []
    if not (stated or remarked):
        return rows
    named = pl.coalesce(*stated, *remarked)
    return rows.with_columns(pl.when(whole(rows) < 0).then(named).alias("blue_number"))
