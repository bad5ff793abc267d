"""Days of a file: year, month and day in this order, with a time behind them or not, and nothing that is guessed.

A month or day of one digit needs a sign between; `2026113` may be two days and is neither.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from services.profile.book.domain.amounts import WIDE
from services.profile.standards.spelling import UNPRINTED

SIGNED = "|".join(rf"[0-9]{{4}}{sign}[0-9]{{1,2}}{sign}[0-9]{{1,2}}" for sign in ("-", "/", r"\."))
CHINESE = r"[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日?"
COMPACT = r"[0-9]{8}"
HOUR, SIXTY = r"(?:[01]?[0-9]|2[0-3])", r"[0-5]?[0-9]"
CLOCK = rf"(?P<hour>{HOUR}):(?P<minute>{SIXTY})(?::{SIXTY}(?:\.[0-9]+)?)?"
ZONE = r"(?:Z|(?P<sign>[+-])(?P<hours>[0-9]{2}):?(?P<minutes>[0-9]{2})?)"
SPOKEN = rf"{HOUR}[时点](?:{SIXTY}分(?:{SIXTY}秒)?)?"
PACKED = r"(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9]"
WRITTEN = (
    rf"^(?P<day>{SIGNED}|{CHINESE}|{COMPACT})"
    rf"(?:[ T]+(?:(?P<zoned>{CLOCK} *(?:{ZONE})?)|{SPOKEN}|{PACKED}))?$"
)
EXAMPLE = date(2026, 1, 31)
NUMBERED, SHORT, ENDING = r"^[0-9]{5}(?:\.[0-9]+)?$", r"^[0-9]{5,7}$", r"^[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}$"
# What a text is that is no date, the first that fits; the last fits all.
INSTEAD = (
    (WRITTEN, "not a date: there is no such day / 不是有效日期：没有这一天"),
    (NUMBERED, "not a date but a spreadsheet's number of it; format the column as a date and export again / "
               "不是有效日期，而是表格中的日期序号；请将该列设为日期格式后重新导出"),
    (SHORT, "not a date: it takes eight digits, as 20260131 / 不是有效日期：须为八位数字，例如 20260131"),
    (ENDING, "not a date: the year comes first, as 2026-01-31; the other way round it may be two days / "
             "不是有效日期：年份须在前，例如 2026-01-31"),
    ("", "not a date (2019/1/31, 2019-01-31, 20190131 or 2019年1月31日) / 不是有效日期"),
)  # fmt: skip
CHINA = pl.duration(hours=8)


def days(written: pl.Series, form: str | None = None) -> pl.Series:
    """Return the days that texts name, null where they name none; `form` is a source's own form.

    A moment with a zone is the day that it is in China.

    >>> days(pl.Series(["2026-3-4 9:8:7", "2026-03-04T21:38:43Z", "2026113"])).dt.to_string().to_list()
    ['2026-03-04', '2026-03-05', None]
    """
    plain = _plain(written)
    if form is None:
        return _days(plain)
    own = _in_form(plain, form)
    ordered = form.find("%Y") < form.find("%m") < form.find("%d")
    return own.fill_null(_days(plain)) if ordered else own


def instead(written: pl.Series, form: str | None = None) -> list[tuple[str, pl.Series]]:
    """Return what texts are that name no day: reasons with the texts that each holds for, the first that does."""
    plain = _plain(written)
    found = [(reason, plain.str.contains(pattern)) for pattern, reason in INSTEAD]
    if form is None:
        return found
    example = EXAMPLE.strftime(form)
    reason = f"not a date; this source writes {example} / 不是有效日期；该来源的写法为 {example}"
    return [*found[:-1], (reason, found[-1][1])]


def _plain(written: pl.Series) -> pl.Series:
    wide = WIDE | {"／": "/", "：": ":", "\u3000": " "}
    plain = written.str.replace_all(UNPRINTED, "").str.replace_many(wide)
    return plain.str.replace("日", "日 ").str.replace(r"^([0-9]{8})([0-9]{6})$", "$1 $2").str.strip_chars()


def _days(plain: pl.Series) -> pl.Series:
    parts = pl.select(pl.lit(plain).str.extract_groups(WRITTEN)).to_series().struct.unnest()
    day = pl.col("day").str.replace("日", "").str.replace_all("[/.年月]", "-")
    day = day.str.replace(r"^([0-9]{4})([0-9]{2})([0-9]{2})$", "$1-$2-$3").str.to_date("%Y-%m-%d", strict=False)
    east = _long("hours", "minutes")
    utc = day.cast(pl.Datetime("us")) + _long("hour", "minute") - pl.when(sign="-").then(-east).otherwise(east)
    zoned = pl.col("zoned").str.contains(f"{ZONE}$").fill_null(value=False)
    return parts.select(pl.when(zoned).then((utc + CHINA).dt.date()).otherwise(day)).to_series()


def _long(hours: str, minutes: str) -> pl.Expr:
    hour, minute = (pl.col(name).cast(pl.Int64, strict=False).fill_null(0) for name in (hours, minutes))
    return pl.duration(hours=hour, minutes=minute)


def _in_form(plain: pl.Series, form: str) -> pl.Series:
    """Return days in one form, exactly: what is read and written again is the text, but for zeros before a digit."""
    if any(part in form for part in ("%H", "%I", "%M", "%S")):
        return plain.str.to_datetime(form, strict=False, time_unit="us").dt.date()
    read = plain.str.to_date(form, strict=False)
    zeros = r"\b0+([0-9])"
    again = read.dt.strftime(form).str.replace_all(zeros, "$1") == plain.str.replace_all(zeros, "$1")
    return pl.select(pl.when(again).then(read)).to_series()
