"""What cells say: a column of text becomes a column of values, null where a cell cannot be used, and why it cannot.

Whole columns at a time, and by distinct values where each costs something. A reader gives its reasons in order with
the rows that each may hold for (None: all): the first that fits a row which could not be read is told. A row that no
reason fits is not at fault: it says nothing. `{column}` in a reason is the column's title in the file.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache

import polars as pl

from services.profile.book.domain import amounts, dates
from services.profile.book.domain.amounts import PERCENT
from services.profile.book.domain.dataset import MOST_REMEMBERED, Column
from services.profile.book.domain.party import counterparties
from services.profile.standards import spelling
from services.profile.standards.codes import NotAnEnterpriseId, enterprise_id

Reasons = Iterator[tuple[str, pl.Series | None]]
Reader = Callable[[Column, pl.Series, date], tuple[pl.Series, Reasons]]

# China's VAT and its invoices began on this day; an earlier invoice date is a slip of the pen.
FIRST_INVOICE = date(1994, 1, 1)
FIRST_DATE = date(1900, 1, 1)
# What lies ahead, as a day of payment does, lies before this.
LAST_DAY = date(2199, 12, 31)
# A cell of text as a spreadsheet exports it: ="20260301", '20260301.
MARKED = r"""(?s)^(?:="(.*)"|'(.*))$"""
# What a cell has that may not be as it is seen; most cells have nothing of it, which costs one look.
UNLIKE = r"[^!-~]|^['=]|^$"
LARGEST_COUNT = 100_000_000
MOST_KNOWN = 40
EMPTY = "empty / 不能为空"
LOST = (
    "the number has lost digits, as a spreadsheet's or a binary number; format the column {column} as text and export "
    "again / 号码位数已丢失（科学计数法或数值格式）；请将“{column}”列的格式设为“文本”后重新导出"
)
# What programs write where there is no value: their word for nothing; a formula's error or a truth, which is a slip.
NOTHING = r"null|none|nan|<na>|undefined|\(null\)"
STRANGE = r"#(?:n/a|ref!|value!|name\?|div/0!|num!|null!|spill!|calc!)|true|false"
NO_NAME = rf"^(?i:{NOTHING}|{STRANGE})$"
# What stands for the tax of a sale without any, as the tax platform prints it.
NO_TAX = r"^(?:\*+|[-—]+|免税|不征税|零税率)$"
# What stands for a share that a register does not tell, and for a last day where there is none.
NOT_TOLD = r"^(?:无|未公示|非公示项|不公示|未披露|不详|未知)$"
NO_END = r"^(?:长期|永久|永续|至今|无固定期限|长期有效|无)$"
NOT_A_NAME = (
    "a spreadsheet's error or a truth, which names nothing; put the value in its place / "
    "该单元格为公式错误值或逻辑值，不能作为代号，请填写实际内容"
)
NOT_AN_ID = "not an enterprise code (18-character codes must pass both check characters) / 企业代码无效"
NOT_YUAN = (
    "the amounts are in another currency; the book is in yuan: state them in yuan at the day's rate / "
    "币种不是人民币；请按当日汇率折算为人民币后报送"
)
SCIENTIFIC = (
    "not a plain number: scientific notation hides digits; format the column {column} as a number and export again / "
    "不是普通数字：科学计数法会丢失位数；请将“{column}”列的格式设为“数值”后重新导出"
)


def visible(text: pl.Series) -> pl.Series:
    """Return cells without blanks around them, characters that nobody sees and a spreadsheet's mark for text.

    Null is where nothing is left.
    """
    return all_visible(text.to_frame()).to_series()


def all_visible(cells: pl.DataFrame) -> pl.DataFrame:
    """Return whole tables of cells as `visible` gives one column of them."""
    touched = cells.select(pl.all().str.contains(UNLIKE).fill_null(value=False))
    return cells.with_columns(spelling.respelled(cells[each.name], each, _visible) for each in touched.iter_columns())


def _visible(text: pl.Expr) -> pl.Expr:
    bare = text.str.strip_chars().str.replace(MARKED, "$1$2")
    return spelling.filled(bare.str.strip_chars().str.replace_all(spelling.UNPRINTED, "").str.strip_chars())


def _identifiers(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    return _identities(column, text, spelling.identifiers(text))


def _counterparties(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    return _identities(column, text, counterparties(text))


def _identities(column: Column, text: pl.Series, spelled: pl.Series) -> tuple[pl.Series, Reasons]:
    no_name = spelled.str.contains(NO_NAME)
    if no_name.any():
        return _named(column, text, spelled, no_name)
    fits = spelled.str.len_chars() <= column.longest
    sure = spelled is text and not spelling.may_have_lost_digits(spelled)
    lost = None if sure else spelling.lost_digits(spelled, column.rounding)
    parsed = pl.select(pl.when(fits if lost is None else fits & ~lost).then(spelled)).to_series()
    reasons = [(EMPTY, spelled.is_null())] if column.filled else []
    return parsed, iter([*([] if lost is None else [(LOST, lost)]), *reasons, (_too_long(column), ~fits)])


def _named(column: Column, text: pl.Series, spelled: pl.Series, no_name: pl.Series) -> tuple[pl.Series, Reasons]:
    """Read identities without what names nothing: a word for nothing is an empty cell, an error a fault."""
    parsed, reasons = _identities(column, text, _of(spelled, ~no_name))
    strange = no_name & spelled.str.contains(f"^(?i:{STRANGE})$")
    return parsed, iter([(NOT_A_NAME, strange), *reasons])


def _enterprises(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    written = text.drop_nulls().unique()
    lost = spelling.lost_digits(spelling.identifiers(written), column.rounding)
    strange = text.is_in(written.filter(written.str.contains(NO_NAME)).implode())
    ids = list(map(_id_or_none, written.zip_with(~lost, pl.Series([None], dtype=pl.String)).to_list()))
    cut = text.is_in(written.filter(lost).implode())
    parsed = _of(_replaced(text, written, pl.Series(ids, dtype=pl.String)), ~strange)
    return parsed, iter([(NOT_A_NAME, strange), (LOST, cut), (NOT_AN_ID, None)])


# A big file names the same firms slice after slice; so many take some 30 MB.
@lru_cache(maxsize=1 << 17)
def _id_or_none(value: str | None) -> str | None:
    try:
        return None if value is None else enterprise_id(value)
    except NotAnEnterpriseId:
        return None


def _texts(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    no_name = text.str.contains(NO_NAME)
    long = text.str.len_chars() > column.longest
    empty = [(EMPTY, no_name)] if column.filled else []
    return _of(text, ~(long | no_name)), iter([*empty, (_too_long(column), long)])


def _too_long(column: Column) -> str:
    return f"longer than {column.longest} characters / 文字过长，最多 {column.longest} 个字符"


def _choices(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    """Read words of a dictionary; where the column has `words`, any text is welcome, and null without a meaning."""
    written = text.drop_nulls().unique()
    meant = {_word(name): value for name, value in (column.choices or {}).items()}
    values = [meant.get(_word(each)) or meaning(each, column.words or {}) for each in written]
    parsed = _replaced(text, written, pl.Series(values, dtype=pl.String))
    return parsed, iter(()) if column.words is not None else iter([(_unknown(column), None)])


def meaning(text: str, words: Mapping[str, str]) -> str | None:
    """Return what the words that a text contains stand for; None where it contains none, or words that disagree.

    >>> words = {"工资": "wage", "社保": "social-insurance"}
    >>> meaning("代发6月工资", words), meaning("工资及社保", words)
    ('wage', None)
    """
    found = {value for word, value in words.items() if word in text}
    return found.pop() if len(found) == 1 else None


def remembered(text: pl.Expr) -> pl.Expr:
    """Return free words as they may be kept: short, and without what looks like a number of a person or an account."""
    bare = text.str.replace_all(r"[0-9*xX]{5,}", "…").str.slice(0, MOST_REMEMBERED)
    return spelling.filled(bare.str.strip_chars())


def _word(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def _unknown(column: Column) -> str:
    known = list(dict.fromkeys(column.choices or ()))
    more = f" … ({len(known)})" if len(known) > MOST_KNOWN else ""
    listed = " ".join(known[:MOST_KNOWN]) + more
    return f"unknown value; known are {listed} / 取值不在字典中，可用的取值见前"


def _currencies(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    written = text.drop_nulls().unique()
    yuan = {_word(name).upper(): value for name, value in (column.choices or {}).items()}
    values = pl.Series([yuan.get(_word(each).upper()) or _of_several(each, yuan) for each in written], dtype=pl.String)
    return _replaced(text, written, values), iter([(NOT_YUAN, None)])


def _of_several(text: str, known: Mapping[str, str]) -> str | None:
    """Return what several words for one thing mean, as in CNY-人民币 and 人民币(156); None where one is not known."""
    words = [word for word in re.split(r"[^\w¥]+", _word(text).upper()) if word]
    return next(iter({known[word] for word in words}), None) if all(word in known for word in words) else None


def _flags(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    parsed, reasons = _choices(column, text, today)
    return (parsed == "true"), reasons


def _dates(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    """Read dates by their distinct values: a book of half a million rows has some 1,500 of them."""
    if column.reads == "day" and not column.filled:
        text = _of(text, ~text.str.contains(NO_END))
    written = text.drop_nulls().unique()
    parsed = dates.days(written, column.form)
    first = FIRST_INVOICE if column.name == "date" else FIRST_DATE
    last = LAST_DAY if column.reads == "day" else today
    late, early = (parsed > last).fill_null(value=False), (parsed < first).fill_null(value=False)
    usable = pl.select(pl.when(~late & ~early).then(parsed)).to_series()
    told = [
        (f"after {'today, ' * (last == today)}{last} / 日期晚于{'今天 ' * (last == today)}{last}", late),
        (f"before {first} / 日期早于 {first}", early),
        *(dates.instead(written, column.form) if parsed.null_count() else ()),
    ]
    reasons = ((reason, _replaced(text, written, rows, pl.Boolean)) for reason, rows in told if rows.any())
    return _replaced(text, written, usable, pl.Date), reasons


def _money(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    parsed = amounts.fen_of(text, column.unit)
    if parsed.null_count() == text.null_count():
        return parsed, iter(())
    # Only now the dearer reading, and of these alone: grouping, currency signs and full-width digits.
    if column.name == "tax_fen":
        text = text.str.replace(NO_TAX, "0")
        parsed = amounts.fen_of(text, column.unit)
    tidy = amounts.tidied(_of(text, parsed.is_null()), column.unit)
    parsed = parsed.fill_null(amounts.fen_of(tidy, column.unit))
    finer = "not a whole number of fen / 不是整数分"
    if column.unit != "fen":
        finer = "more than two decimals, or too large / 金额超过两位小数或过大"
    reasons = [(SCIENTIFIC, tidy.str.contains(amounts.SCIENTIFIC)), (finer, amounts.decimals(tidy).is_not_null())]
    return parsed, iter([*reasons, ("not a number / 不是数字", None)])


def _counts(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    number = amounts.whole(amounts.tidied(text))
    parsed = pl.select(pl.when(number.is_between(0, LARGEST_COUNT)).then(number)).to_series()
    return parsed, iter([(f"not a whole number from 0 to {LARGEST_COUNT:,} / 不是有效的整数", None)])


def _shares(column: Column, text: pl.Series, today: date) -> tuple[pl.Series, Reasons]:
    """Read shares; what registers write where they do not tell one is an empty cell."""
    if not column.filled:
        text = _of(text, ~text.str.contains(NOT_TOLD))
    share = amounts.shares(amounts.tidied(text), percent=column.unit == PERCENT)
    parsed = pl.select(pl.when(share.is_between(0, 1)).then(share)).to_series()
    reason = "not a share from 0 to 1 or 0% to 100% / 不是有效的比例"
    return parsed, iter([(reason, text.is_not_null())])


def _of(text: pl.Series, rows: pl.Series) -> pl.Series:
    return pl.select(pl.when(rows).then(text)).to_series()


def _replaced(
    text: pl.Series, written: pl.Series, values: pl.Series, dtype: type[pl.DataType] = pl.String
) -> pl.Series:
    if written.is_empty():
        return pl.Series([None] * text.len(), dtype=dtype)
    return text.replace_strict(written, values, default=None, return_dtype=dtype)


READERS: Mapping[str, Reader] = {
    "enterprise": _enterprises,
    "counterparty": _counterparties,
    "identifier": _identifiers,
    "text": _texts,
    "party": _texts,
    "choice": _choices,
    "currency": _currencies,
    "flag": _flags,
    "date": _dates,
    "day": _dates,
    "money": _money,
    "count": _counts,
    "share": _shares,
}
