"""Checks a file in columns, never row by row: what can be trusted goes on, the rest is reported with line and reason.

Every function takes whole columns of text and gives whole columns of values; a null where there was text is a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain

import polars as pl

from services.profile.book.domain import balances, statement
from services.profile.book.domain.cells import EMPTY, READERS, Reasons, all_visible, remembered
from services.profile.book.domain.dataset import DTYPES, Column, RowRule
from services.profile.book.domain.form import FEN_SUFFIX, Form, Matched
from services.profile.book.domain.split import SIGNED

REPORT: dict[str, pl.DataType] = {
    "line": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "reason": pl.String(),
}
LARGEST_SHOWN = 120
# What people write in a cell where there is nothing to write, in columns that may be empty.
DASHES, MEASURED = r"^[-—–－/]+$", frozenset({"money", "share", "date", "day", "count"})
VEIL = "***"


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
    seen = all_visible(raw.select(pl.col(title).alias(column.name) for title, column in found.items()))
    text = seen.insert_column(0, raw["line"])
    read, faults = _all_read(found, text, today)
    values = {"line": text["line"], **read}
    values |= _kept(found.values(), text, values)
    rows = pl.DataFrame(values).with_columns(_constants(form, titles, today))
    rows, about, warnings = _as_statement(form, rows, sent, matched, unread["line"])
    rows, rules, told = _settled(form, rows)
    faults += _broken(rows, (*about, *rules), titles)
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
) -> tuple[pl.DataFrame, tuple[RowRule, ...], tuple[str, ...]]:
    """Return the lines of a statement with a serial each, and what its balances prove; other rows as they are."""
    if statement.REFERENCE not in form.made:
        return rows, (), ()
    named = {name: column.name for name, column in matched.found.items()}
    minute = statement.minutes(sent.select(name for name, ours in named.items() if ours in {"time", "date"}))
    account = next((sent[name] for name, ours in named.items() if ours == "own_account"), None)
    told = balances.gaps(rows, minute, account, unread)
    if told and balances.exchanged(rows, minute, account):
        return rows, (RowRule("amount_fen", pl.lit(value=True), balances.EXCHANGED),), ()
    if SIGNED in matched.parts and "direction" not in named.values():
        told = (*statement.without_a_sign(sent[matched.parts[SIGNED]]), *told)
    return statement.numbered(rows, minute), (), told


def _kept(columns: Iterable[Column], text: pl.DataFrame, values: Mapping[str, pl.Series]) -> dict[str, pl.Series]:
    """Return the words that a column of choices could not read and that another column keeps."""
    kept = {}
    for column in columns:
        if column.keeps is not None:
            words = remembered(pl.when(values[column.name].is_null()).then(text[column.name]))
            own = values.get(column.keeps)
            kept[column.keeps] = pl.select(words if own is None else pl.coalesce(own, words)).to_series()
    return kept


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


def _all_read(found: Mapping[str, Column], text: pl.DataFrame, today: date) -> tuple[dict[str, pl.Series], list[Fault]]:
    """Read the columns side by side: Polars works without Python's lock."""
    with ThreadPoolExecutor() as pool:
        coming = {
            column.name: pool.submit(_read, column, title, text[column.name], today) for title, column in found.items()
        }
    read = {name: one.result() for name, one in coming.items()}
    return {name: values for name, (values, _) in read.items()}, [
        fault for _, wrong in read.values() for fault in wrong
    ]


def _read(column: Column, title: str, text: pl.Series, today: date) -> tuple[pl.Series, list[Fault]]:
    if column.reads == "money" and title.strip().lower().endswith(FEN_SUFFIX):
        column = replace(column, unit="fen")
    if not column.filled and column.reads in MEASURED and column.name != "tax_fen":  # a dash for a tax is none to pay
        text = pl.select(pl.when(~text.str.contains(DASHES)).then(text)).to_series()
    parsed, reasons = READERS[column.reads](column, text, today)
    mistaken = ((reason, text.str.contains(pattern).fill_null(value=False)) for pattern, reason in column.mistaken)
    faults = list(_faults(column, title, text, parsed, chain(mistaken, reasons)))
    return parsed if column.default is None else parsed.fill_null(column.default), faults


def _faults(column: Column, title: str, text: pl.Series, parsed: pl.Series, reasons: Reasons) -> Iterator[Fault]:
    if column.filled and text.null_count():
        yield Fault(column.name, title, text.is_null(), EMPTY)
    if parsed.null_count() == text.null_count():
        return
    unread = parsed.is_null() & text.is_not_null()
    for reason, mask in reasons:
        rows = unread if mask is None else unread & mask.fill_null(value=False)
        if rows.any():
            yield Fault(column.name, title, rows, reason.replace("{column}", title))
            unread = unread & ~rows


def _broken(rows: pl.DataFrame, rules: Sequence[RowRule], titles: Mapping[str, str]) -> list[Fault]:
    """Return where the rules between columns do not hold; a rule about columns that are not there says nothing."""
    told = [rule for rule in rules if set(rule.wrong.meta.root_names()) <= set(rows.columns)]
    wrong = rows.select(rule.wrong.fill_null(value=False).alias(str(place)) for place, rule in enumerate(told))
    return [
        Fault(rule.column, titles.get(rule.column, rule.column), where, rule.reason)
        for rule, where in zip(told, wrong.get_columns(), strict=True)
        if where.any()
    ]


def _value(raw: pl.DataFrame, title: str) -> pl.Expr:
    return (pl.col(title) if title in raw.columns else pl.lit(None, dtype=pl.String)).alias("value")


def _veiled(checked: Checked, secret: Sequence[str]) -> Checked:
    """Remove from the report what names a person: the columns in question, and lines that could not be split."""
    if not secret:
        return checked
    veil = pl.col("column").is_in([*secret, ""])
    value = pl.when(veil).then(pl.lit(VEIL)).otherwise(pl.col("value")).alias("value")
    return replace(checked, report=checked.report.with_columns(value))
