"""A look at a file as the JSON that its sender sees; whoever is a person in it is veiled, as in reject reports."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.dataset import Column
from services.profile.book.domain.proposal.propose import SIDE, Guess, Weighed, targets
from services.profile.book.domain.titles import LINE
from services.profile.book.domain.validation import VEIL
from services.profile.book.usecases.preview import Preview
from services.profile.book.usecases.try_out import SOMEBODY, Findings, Trial

ROWS_SHOWN, REJECTS_SHOWN, EXAMPLES_SHOWN, KINDS_SHOWN, LONGEST = 10, 50, 3, 5, 40
# A kind that is less likely than this is none.
LEAST = 0.3
# What need not stand in a file, since its sender can name it beside.
WHOSE = "enterprise"
# Beside the columns that hold persons by what they are: titles of columns that we do not read.
PERSONAL = (
    *("姓名", "户名", "购买方名称", "购方名称", "客户名称", "对方名称", "对手", "身份证", "证件", "电话", "手机"),
    *("联系", "住址", "地址", "法人", "法定代表", "账号", "卡号", "person", "phone", "mobile", "address", "account"),
)
SIDES = {"in": ("收入", "money that came"), "out": ("支出", "money that went")}
NO_MAPPING = (
    "XML, zips of XML and OFD need no mapping: import them as invoices.sale, invoices.purchase, or invoices with "
    "?enterprise= / XML、压缩包和 OFD 无需映射，直接按发票导入"
)
NO_HEADER = "no header line was found; put one in, such as: {header} / 未找到表头，请在首行加上列名，例如：{header}"
OWNER = "all rows are about {owner}; import with it as ?enterprise= / 各行均涉及该企业，导入时请注明 enterprise"
BESIDE = "no column names the enterprise; import with ?enterprise= / 文件未载明企业，导入时请注明 enterprise"


def shown(found: Preview, file: str) -> dict[str, Any]:
    """Show a look at a file."""
    about = {
        "file": file,
        "form": found.head.sort.name.lower(),
        "encoding": found.head.encoding,
        "whole": found.head.whole,
    }
    if found.found is None:
        return {**about, **NOTHING, "notes": [NO_MAPPING]}
    findings = found.found
    best = findings.tables[0]
    named = best.form.constants.get("enterprise")
    beside = named == SOMEBODY or (named is None and WHOSE in best.proposal.missing)
    found_out = named == findings.owner and named is not None
    return {
        **about,
        "kind": findings.kind if best.checked is not None or best.confidence >= LEAST else None,
        "confidence": best.confidence,
        "connector": best.connector,
        "connectors": list(findings.fitting),
        "declaration": best.declared if findings.headed else None,
        "needs_enterprise": beside,
        "enterprise": None if beside else named,
        "sheets": list(findings.sheets),
        "kinds": list(_kinds(findings)),
        "tables": [_table(one) for one in findings.tables],
        "notes": [
            *([BESIDE] if beside else []),
            *([OWNER.format(owner=named)] if found_out else []),
            *([] if findings.headed else [_no_header(best)]),
        ],
    }


def _no_header(best: Trial) -> str:
    """Tell that a header is missing, with one that the file could have."""
    titles = [_title(one.taken.column, best)["zh"] if one.taken else "" for one in best.proposal.columns]
    return NO_HEADER.format(header=",".join(titles))


NOTHING: dict[str, Any] = {
    **dict.fromkeys(("kind", "confidence", "connector", "declaration", "enterprise")),
    **{name: [] for name in ("connectors", "sheets", "kinds", "tables")},
    "needs_enterprise": False,
}


def _kinds(findings: Findings) -> Iterator[dict[str, Any]]:
    for one in findings.kinds[:KINDS_SHOWN]:
        if one.confidence >= LEAST:
            yield {"kind": one.kind, "confidence": one.confidence, "missing": list(one.missing)}


def _table(one: Trial) -> dict[str, Any]:
    persons = any(column.reads == "party" for column in one.form.columns) and one.form.kind == "relations"
    checked = one.checked
    return {
        "sheet": one.raw.name,
        "kind": one.form.kind,
        "columns": [_column(each, one, hidden=persons) for each in one.proposal.columns],
        "choices": [
            {"column": target.name, "title": _title(target.name, one)} for target in targets(one.form.kind, ())
        ],
        "missing": [{"column": name, "title": _title(name, one)} for name in one.proposal.missing if name != WHOSE],
        "ignored": list(one.ignored),
        "rows": list(_rows(one)),
        "checked": checked.received if checked else 0,
        "accepted": checked.rows.height if checked else 0,
        "rejected": checked.rejected if checked else 0,
        "rejects": checked.report.head(REJECTS_SHOWN).to_dicts() if checked else [],
        "notes": list(one.raw.notes),
    }


def _column(each: Weighed, one: Trial, *, hidden: bool) -> dict[str, Any]:
    return {
        "title": each.title,
        "taken": _guess(each.taken, one) if each.taken else None,
        "others": [_guess(guess, one) for guess in each.others],
        "examples": [] if hidden or _is_personal(each, one) else _examples(one.raw.frame, each.name),
    }


def _is_personal(each: Weighed, one: Trial) -> bool:
    """Tell whether a column may hold what is a person's: by what it is read as, or could be, or is called."""
    meant = {guess.column for guess in (*([each.taken] if each.taken else []), *each.others)}
    held = any(column.reads == "party" for name, column in _columns(one).items() if name in meant)
    return held or any(word in each.title.lower() for word in PERSONAL)


def _examples(frame: pl.DataFrame, name: str) -> list[str]:
    if name not in frame.columns:
        return []
    filled = frame[name].drop_nulls().str.strip_chars().unique(maintain_order=True)
    return [text[:LONGEST] for text in filled.head(EXAMPLES_SHOWN) if text]


def _guess(guess: Guess, one: Trial) -> dict[str, Any]:
    english, chinese = (part.strip() for part in _halves(guess.reason))
    return {
        "column": guess.column,
        "title": _title(guess.column, one),
        "confidence": guess.confidence,
        "reason": {"en": english, "zh": chinese},
    }


def _halves(reason: str) -> tuple[str, str]:
    """Return the two languages of a reason that is put together of several."""
    parts = [part.partition(" / ") for part in reason.split("; ")]
    return "; ".join(part[0] for part in parts), "；".join(part[2] for part in parts)


def _title(name: str, one: Trial) -> dict[str, str]:
    whole, _, side = name.partition(SIDE)
    column = _columns(one).get(whole)
    english = (column.english if column else "") or whole.removesuffix("_fen").replace("_", " ").capitalize()
    chinese = column.titles[0] if column and column.titles else whole
    if side in SIDES:
        return {"zh": f"{chinese}（{SIDES[side][0]}）", "en": f"{english}, {SIDES[side][1]}"}
    return {"zh": chinese, "en": english}


def _columns(one: Trial) -> Mapping[str, Column]:
    return {column.name: column for column in KINDS[one.form.kind].columns}


def _rows(one: Trial) -> Iterator[dict[str, Any]]:
    """Give the first rows that would be accepted, as they would be booked; what is not held is not shown."""
    if one.checked is None:
        return
    columns = {**_columns(one), **{column.name: column for column in one.form.columns}}
    held = one.form.dataset.content if one.form.dataset else tuple(columns)
    rows = one.checked.rows.head(ROWS_SHOWN)
    money = [name for name, column in columns.items() if column.reads == "money"]
    for row in rows.select(LINE, *(name for name in held if name in rows.columns)).iter_rows(named=True):
        yuan = {name: str(Decimal(row[name]).scaleb(-2)) for name in money if row.get(name) is not None}
        values = {name: _value(value, columns.get(name)) for name, value in row.items() if name != LINE}
        yield {"line": row[LINE], "values": values, "yuan": yuan}


def _value(value: Any, column: Column | None) -> Any:
    if value is not None and column is not None and column.reads == "party":
        return VEIL
    if value == SOMEBODY:
        return None
    return value.isoformat() if isinstance(value, date) else value
