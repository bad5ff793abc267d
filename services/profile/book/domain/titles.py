"""The titles of a file's columns: as the file has them, as names of a table's columns, and compared with ours."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# The column of every table read that tells where in its file a row stands.
LINE = "line"
# The columns of reasons that rejected rows come back with: nobody's data.
REASONS = ("退回原因", "reason for rejection")
# A unit in brackets at the end: 金额(元), 计税依据（万元）, amount (CNY), 比例（%）. Another currency stays.
UNIT = re.compile(
    r"[(\[【](?:单位:?)?(?:人民币|rmb|cny)?(?P<unit>万元|元|分|yuan|¥|%|(?<=人民币)|(?<=rmb)|(?<=cny))[)\]】]$"
)
# The English beside a Chinese title, as in 交易日期[ Transaction Date ]; a currency in brackets is shorter.
ENGLISH = re.compile(r"(?<=[\u4e00-\u9fff])\[[a-z][a-z0-9.,'&()/-]{3,}\]$")
# What a column of currencies is called, whatever stands before it: 账户币种, 货币代码, Trade Currency.
OF_CURRENCY = re.compile(
    r"[^额率价]*(?:币种|币别|货币|currency|ccy)[_-]?(?:代码|编码|名称|类型|类别|种类|单位|code|name)?(?:\([^额]*\))?|币"
)
UNITS = {"万元": "wan", "分": "fen", "%": "percent"}
# What a table takes for a pattern of names, and not for one: *, ^b$.
PATTERN = re.compile(r"\*|\^.*\$")
UNSEEN = ("Cc", "Cf", "Zl", "Zp", "Zs")


def plain(title: str) -> str:
    """Return a title as titles are compared: NFKC, lower case, without blanks, marks, a unit and its English."""
    folded = ENGLISH.sub("", _folded(title))
    return UNIT.sub("", folded) or folded


def unit(title: str) -> str | None:
    """Return the unit that a title states in brackets: yuan, wan, fen or percent; None where it states none."""
    found = UNIT.search(_folded(title))
    return UNITS.get(found["unit"], "yuan") if found else None


def names(titles: Sequence[str]) -> list[str]:
    """Return unique names for the columns of a table: their titles, told apart by their place where need be.

    A title is its own name, but for line ends and invisible characters. One that is empty, comes again, is `line` or
    reads as a pattern of columns gets its place from 1.
    """
    found: dict[str, None] = {LINE: None}
    for place, title in enumerate(titles, 1):
        name = shown(title) or f"第{place}列"
        while name in found or PATTERN.fullmatch(name):
            name = f"{name} ({place})"
        found[name] = None
    return list(found)[1:]


def shown(title: str) -> str:
    """Return a title on one line, without what nobody sees."""
    if title.isprintable():  # nothing unseen but blanks
        return " ".join(title.split())
    blanks = (" " if unicodedata.category(letter) in UNSEEN else letter for letter in title)
    return " ".join("".join(blanks).split())


def _folded(title: str) -> str:
    wide = unicodedata.normalize("NFKC", title).lower()
    if wide.isprintable():
        return wide.replace(" ", "").strip("*:'\"")
    return "".join(letter for letter in wide if unicodedata.category(letter) not in UNSEEN).strip("*:'\"")
