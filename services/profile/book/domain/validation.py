"""Checks a file in columns, never row by row: what can be trusted goes on, the rest is reported with line and reason.

Every function takes whole columns of text and gives whole columns of values; a null where there was text is a fault.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

import polars as pl

from services.profile.book.domain import balances, statement
from services.profile.book.domain.columns import FEN_SUFFIX, Form, Matched
from services.profile.book.domain.dataset import DTYPES, Column, RowRule
from services.profile.book.domain.split import SIGNED
from services.profile.standards.codes import NotAnEnterpriseId, enterprise_id

REPORT: dict[str, pl.DataType] = {
    "line": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "reason": pl.String(),
}
# China's VAT and its invoices began on this day; an earlier invoice date is a slip of the pen.
FIRST_INVOICE = date(1994, 1, 1)
FIRST_DATE = date(1900, 1, 1)
# What lies ahead, as a day of payment does, lies before this.
LAST_DAY = date(2199, 12, 31)
DATE_FORMS = ("%Y/%m/%d", "%Y-%m-%d", "%Y%m%d", "%Y年%m月%d日", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S")
DATE_FORMS_LONG = ("%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S%.f")
# Money is read to the eighth decimal; what lies behind it is the noise of a spreadsheet's binary numbers.
READ_SCALE, FEN_SCALE, WAN_SCALE = 8, 2, 6
LARGEST_SHOWN = 120
VEIL = "***"
LARGEST_COUNT = 100_000_000


@dataclass(frozen=True, slots=True)
class Checked:
    """A file after validation: `rows` are values with their `line`, `report` says why the others are not here.

    `warnings` tell what is odd about rows that are here all the same.
    """

    rows: pl.DataFrame
    report: pl.DataFrame
    received: int
    rejected: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """Rows of a column that cannot be used, and why, in Chinese and English."""

    column: str
    title: str
    rows: pl.Series
    reason: str


def check(form: Form, raw: pl.DataFrame, matched: Matched, unread: pl.DataFrame, *, today: date) -> Checked:
    """Parse the columns of `raw` (text, with `line`) for a form; `unread` reports lines that no reader split."""
    sent = raw
    raw, found = form.arranged(raw, matched)
    titles = {column.name: title for title, column in found.items()}
    text = raw.select("line", *(pl.col(t).str.strip_chars().alias(c.name) for t, c in found.items()))
    text = text.with_columns(pl.col(name).replace("", None) for name in titles)
    values: dict[str, pl.Series] = {"line": text["line"]}
    faults: list[Fault] = []
    for title, column in found.items():
        values[column.name], wrong = _read(column, title, text[column.name], today)
        faults += wrong
    rows = pl.DataFrame(values).with_columns(_constants(form, titles, today))
    rows, warnings = _as_statement(form, rows, sent, matched, unread["line"])
    rows, rules, told = _settled(form, rows)
    faults += _broken(rows, rules, titles)
    checked = replace(_separate(rows, raw, faults, unread), warnings=(*warnings, *told))
    return _veiled(checked, [t for t, column in found.items() if column.reads == "party"])


def _settled(form: Form, rows: pl.DataFrame) -> tuple[pl.DataFrame, tuple[RowRule, ...], tuple[str, ...]]:
    """Take the steps of a form, and return with the rows what must hold of them and what is told."""
    rules, told = form.rules, tuple[str, ...]()
    for step in form.steps:
        found = step(rows)
        rows, rules, told = found.rows, (*rules, *found.rules), (*told, *found.warnings)
    return rows, rules, told


def _as_statement(
    form: Form, rows: pl.DataFrame, sent: pl.DataFrame, matched: Matched, unread: pl.Series
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the lines of a statement with a serial each, and what is told of its balances; other rows as they are."""
    if statement.REFERENCE not in form.made:
        return rows, ()
    named = {name: column.name for name, column in matched.found.items()}
    minute = statement.minutes(sent.select(name for name, ours in named.items() if ours in {"time", "date"}))
    account = next((sent[name] for name, ours in named.items() if ours == "own_account"), None)
    told = balances.gaps(rows, minute, account, unread)
    if SIGNED in matched.parts and "direction" not in named.values():
        told = (*statement.without_a_sign(sent[matched.parts[SIGNED]]), *told)
    return statement.numbered(rows, minute), told


def _constants(form: Form, titles: Mapping[str, str], today: date) -> list[pl.Expr]:
    """Return what every row has alike, for the columns that the file has not."""
    columns = {column.name: column for column in (*(form.dataset.columns if form.dataset else ()), *form.columns)}
    defaults = {name: column.default for name, column in columns.items() if column.default is not None}
    found = []
    for name, value in ({**defaults, **form.constants}).items():
        if name not in titles:
            reads = columns[name].reads
            parsed, _ = READERS[reads](columns[name], pl.Series([value], dtype=pl.String), today)
            found.append(pl.lit(parsed[0], dtype=DTYPES[reads]).alias(name))
    return found


def one_nature(rows: pl.DataFrame) -> bool | None:
    """Tell whether the rows are synthetic: True or False when all agree, None when they are mixed."""
    if "synthetic" not in rows.columns or rows.is_empty():
        return False
    values = rows["synthetic"].unique().to_list()
    return bool(values[0]) if len(values) == 1 else None


def _separate(rows: pl.DataFrame, raw: pl.DataFrame, faults: list[Fault], unread: pl.DataFrame) -> Checked:
    if not faults:
        received = rows.height + unread["line"].n_unique()
        return Checked(rows, unread, received, received - rows.height)
    shown = pl.col("value").str.slice(0, LARGEST_SHOWN)
    parts = [
        raw.filter(fault.rows)
        .select("line", pl.lit(fault.title).alias("column"), _value(raw, fault.title))
        .with_columns(shown.fill_null(""), pl.lit(fault.reason).alias("reason"))
        for fault in faults
    ]
    bad = faults[0].rows
    for fault in faults[1:]:
        bad = bad | fault.rows
    report = pl.concat([unread, *(part.cast(pl.Schema(REPORT)) for part in parts)]).sort("line", maintain_order=True)
    good = rows.filter(~bad)
    received = rows.height + unread["line"].n_unique()
    return Checked(good, report, received, received - good.height)


def _read(column: Column, title: str, text: pl.Series, today: date) -> tuple[pl.Series, list[Fault]]:
    if column.reads == "money" and title.strip().lower().endswith(FEN_SUFFIX):
        column = replace(column, unit="fen")
    parsed, reasons = READERS[column.reads](column, text, today)
    mistaken = ((reason, text.str.contains(pattern).fill_null(value=False)) for pattern, reason in column.mistaken)
    faults = list(_faults(column, title, text, parsed, chain(mistaken, reasons)))
    return parsed if column.default is None else parsed.fill_null(column.default), faults


Reasons = Iterator[tuple[str, pl.Series | None]]


def _faults(column: Column, title: str, text: pl.Series, parsed: pl.Series, reasons: Reasons) -> Iterator[Fault]:
    if column.filled and text.null_count():
        yield Fault(column.name, title, text.is_null(), "empty / 不能为空")
    if parsed.null_count() == text.null_count():
        return
    unread = parsed.is_null() & text.is_not_null()
    for reason, mask in reasons:
        rows = unread if mask is None else unread & mask
        if rows.any():
            yield Fault(column.name, title, rows, reason)
            unread = unread & ~rows


def _enterprises(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    written = text.drop_nulls().unique()
    ids = pl.Series([_id_or_none(value) for value in written], dtype=pl.String)
    return _replaced(text, written, ids), iter([(_ID_REASON, None)])


_ID_REASON = "not an enterprise code (18-character codes must pass both check characters) / 企业代码无效"


def _id_or_none(value: str) -> str | None:
    try:
        return enterprise_id(value)
    except NotAnEnterpriseId:
        return None


def _texts(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    parsed = pl.select(pl.when(text.str.len_chars() <= column.longest).then(text)).to_series()
    return parsed, iter([(f"longer than {column.longest} characters / 文字过长", None)])


def _counts(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    number = text.cast(pl.Int64, strict=False)
    parsed = pl.select(pl.when(number.is_between(0, LARGEST_COUNT)).then(number)).to_series()
    return parsed, iter([(f"not a whole number from 0 to {LARGEST_COUNT} / 不是有效的整数", None)])


def _choices(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    choices = column.choices or {}
    written = text.drop_nulls().unique()
    parsed = _replaced(text, written, pl.Series([choices.get(v) for v in written], dtype=pl.String))
    names = sorted({*list(choices)[:6]})
    return parsed, iter([(f"unknown value; known are {' '.join(names)} / 取值不在字典中", None)])


def _flags(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    parsed, reasons = _choices(column, text, today)
    return (parsed == "true"), reasons


def _dates(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    """Read dates by their distinct values: a book of half a million rows has some 1,500 of them."""
    written = text.drop_nulls().unique()
    parsed = pl.Series([None] * written.len(), dtype=pl.Date)
    for form in (column.form,) if column.form else DATE_FORMS + DATE_FORMS_LONG:
        if not parsed.null_count():
            break
        parsed = parsed.fill_null(_as_dates(written, form))
    first = FIRST_INVOICE if column.name == "date" else FIRST_DATE
    last = LAST_DAY if column.reads == "day" else today
    late, early = parsed > last, parsed < first
    usable = pl.select(pl.when(~late & ~early).then(parsed)).to_series()
    is_late = _replaced(text, written, late.fill_null(value=False), pl.Boolean)
    is_early = _replaced(text, written, early.fill_null(value=False), pl.Boolean)
    reasons = [
        (f"after {'today, ' * (last == today)}{last} / 日期晚于今天", is_late),
        (f"before {first} / 日期过早", is_early),
        ("not a date (2019/1/31 or 2019-01-31) / 不是有效日期", None),
    ]
    return _replaced(text, written, usable, pl.Date), iter(reasons)


def _as_dates(written: pl.Series, form: str) -> pl.Series:
    if "%H" in form:
        return written.str.to_datetime(form, strict=False, time_unit="us").dt.date()
    return written.str.to_date(form, strict=False)


def _money(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    if column.unit == "fen":
        return whole_fen(text)
    to_fen = wan_to_fen if column.unit == "wan" else yuan_to_fen
    parsed = to_fen(text)
    if parsed.null_count() == text.null_count():
        return parsed, iter(())
    # Only now the dearer reading: thousands separators, currency signs and full-width digits.
    tidy = _plain_digits(text)
    parsed = to_fen(tidy)
    finer = tidy.cast(pl.Decimal(38, READ_SCALE), strict=False).is_not_null()
    return parsed, iter(
        [
            ("more than two decimals, or too large / 金额超过两位小数或过大", finer),
            ("not a number / 不是数字", None),
        ]
    )


def yuan_to_fen(text: pl.Series) -> pl.Series:
    """Return amounts in yuan as exact integer fen (Int64); null where it is no number or finer than a fen.

    Decimal arithmetic throughout, so 0.1 + 0.2 never enters: 0.07 is 7 fen, whatever binary says.
    """
    return _exact(text, FEN_SCALE)


def wan_to_fen(text: pl.Series) -> pl.Series:
    """Return amounts in 万元 (10,000 yuan) as exact integer fen (Int64); null where it is no number or finer."""
    return _exact(text, WAN_SCALE)


def _exact(text: pl.Series, scale: int) -> pl.Series:
    """Return numbers in units of their last of `scale` decimals, null where they have more."""
    fen = text.cast(pl.Decimal(38, scale), strict=False)
    exact = text.cast(pl.Decimal(38, READ_SCALE), strict=False)
    whole = pl.when(exact == fen).then(fen)
    return pl.select(whole.to_physical().cast(pl.Int64, strict=False)).to_series()


def whole_fen(text: pl.Series) -> tuple[pl.Series, Reasons]:
    """Return amounts written in whole fen as Int64."""
    return text.cast(pl.Int64, strict=False), iter([("not a whole number of fen / 不是整数分", None)])


def _plain_digits(text: pl.Series) -> pl.Series:
    wide = {chr(ord("０") + digit): str(digit) for digit in range(10)} | {"．": ".", "－": "-", "，": ","}
    plain = text.str.replace_many(wide).str.replace(r"^([+-]?)[¥￥]\s*", "$1")
    grouped = plain.str.contains(r"^[+-]?\d{1,3}(,\d{3})+(\.\d+)?$")
    return pl.select(pl.when(grouped).then(plain.str.replace_all(",", "")).otherwise(plain)).to_series()


def _broken(rows: pl.DataFrame, rules: Sequence[RowRule], titles: Mapping[str, str]) -> list[Fault]:
    """Return where the rules between columns do not hold; a rule about columns that are not there says nothing."""
    found = []
    for rule in rules:
        if not set(rule.wrong.meta.root_names()) <= set(rows.columns):
            continue
        wrong = rows.select(rule.wrong.fill_null(value=False)).to_series()
        if wrong.any():
            found.append(Fault(rule.column, titles.get(rule.column, rule.column), wrong, rule.reason))
    return found


def _value(raw: pl.DataFrame, title: str) -> pl.Expr:
    return (pl.col(title) if title in raw.columns else pl.lit(None, dtype=pl.String)).alias("value")


def _veiled(checked: Checked, secret: Sequence[str]) -> Checked:
    """Remove from the report what names a person: the columns in question, and lines that could not be split."""
    if not secret:
        return checked
    veil = pl.col("column").is_in([*secret, ""])
    value = pl.when(veil).then(pl.lit(VEIL)).otherwise(pl.col("value")).alias("value")
    return replace(checked, report=checked.report.with_columns(value))


def _shares(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    percent = text.str.ends_with("%")
    number = text.str.strip_suffix("%").cast(pl.Float64, strict=False)
    share = pl.when(percent).then(number / 100).otherwise(number)
    parsed = pl.select(pl.when(share.is_between(0, 1)).then(share)).to_series()
    return parsed, iter([("not a share from 0 to 1 or 0% to 100% / 不是有效的比例", None)])


def _replaced(
    text: pl.Series, written: pl.Series, values: pl.Series, dtype: type[pl.DataType] = pl.String
) -> pl.Series:
    if written.is_empty():
        return pl.Series([None] * text.len(), dtype=dtype)
    return text.replace_strict(written, values, default=None, return_dtype=dtype)


READERS: dict[str, Callable[[Column, pl.Series, date], tuple[pl.Series, Reasons]]] = {
    "enterprise": _enterprises,
    "text": _texts,
    "party": _texts,
    "share": _shares,
    "day": _dates,
    "count": _counts,
    "choice": _choices,
    "flag": _flags,
    "date": _dates,
    "money": _money,
}
