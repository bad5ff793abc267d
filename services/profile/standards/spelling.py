"""One spelling of what names a thing: credit codes, numbers of documents and accounts, serials.

The same number comes as `2633…`, full width, with invisible characters, as `="2633…"`, behind an apostrophe. Values
are respelled as whole columns, and only those that may be spelled otherwise are touched: a million plain ones cost one
look.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

# Blanks with the control characters; and what prints nothing at all.
BLANKS = r"[\p{Z}\p{Cc}]"
UNPRINTED = r"[\p{Cf}\p{Default_Ignorable_Code_Point}\x{2800}]"
INVISIBLE = rf"{BLANKS}|{UNPRINTED}"
# Brackets as documents are numbered with: （2026）, 〔2026〕, 【2026】, ［2026］ and [2026] are (2026).
PAIRS = (("（", "）"), ("〔", "〕"), ("【", "】"), ("［", "］"), ("[", "]"))
BRACKETS = {sign: plain for pair in PAIRS for sign, plain in zip(pair, "()", strict=True)}
# How spreadsheets are told that a number is text: ="2633…", '2633….
MARK, MARKS_AFTER = r"""="|["'`‘’“”]""", r"""["“” ]+$"""
# A number that a table of decimals has written.
DECIMAL = r"^([0-9]{1,15})\.0$"
# What may have another spelling, or may have lost digits; nearly all values of a file do not match.
OTHERWISE = r"""[^!-~]|^[='`]|["\[\].+]"""
# What a number of more than 15 digits becomes in a cell of numbers, and a binary number of that size in a text.
LOST = (
    r"^[+-]?[0-9]+(?:\.[0-9]+)?[eE]\+[0-9]+$"
    r"|^[+-]?[0-9]+\.[0-9]+[eE][0-9]+$"
    r"|^[0-9]{16,}\.0*$"
)

# A spreadsheet's number has so many digits; one of so many more is not by chance all zeros behind them.
EXACT, LONG = 15, 18
Spell = Callable[[pl.Expr], pl.Expr]
# Whether long numbers were rounded, by all of them and by those that end in zeros.
Rounding = Callable[[pl.Series, pl.Series], bool]
_MAY_DIFFER = re.compile(OTHERWISE)


def identifiers(written: pl.Series) -> pl.Series:
    """Return numbers and codes in their one spelling, null where nothing visible is written.

    It is the very column that was given where no value needed a second look; then none has lost digits either.
    """
    return respelled(written, matching(written, OTHERWISE), _identifier)


def identifier(written: str) -> str:
    """Return one number or code in its one spelling.

    >>> identifier("（２０２６）浙0106 执1234号"), identifier('="26332000000009902"'), identifier("'007")
    ('(2026)浙0106执1234号', '26332000000009902', '007')
    """
    if not _MAY_DIFFER.search(written):
        return written
    return str(identifiers(pl.Series([written], dtype=pl.String)).fill_null("").item())


def by_majority(long: pl.Series, zeros: pl.Series) -> bool:
    """Tell whether a spreadsheet has rounded the long numbers of a column: most, and more than one, are zeros."""
    return mostly(zeros.len(), long.len())


def mostly(zeros: int, long: int) -> bool:
    """Tell whether so many of so many are most, and more than one."""
    return zeros > 1 and 2 * zeros >= long


def lost_digits(spelled: pl.Series, rounding: Rounding = by_majority) -> pl.Series:
    """Tell which identities are numbers that a spreadsheet or a binary number has cut: they may be another's.

    Where most long numbers of a column are zeros from the sixteenth digit on, a spreadsheet has rounded them:
    `rounding` tells, of all long numbers and of those with the zeros. It is not asked where no number is that long.

    >>> lost_digits(pl.Series(["2.6952E+19", "26332000000000000.0", "26952", "E10"])).to_list()
    [True, True, False, False]
    """
    lost = spelled.str.contains(LOST).fill_null(value=False)
    return lost | rounded if (rounded := _rounded(spelled, rounding)) is not None else lost


def may_have_lost_digits(spelled: pl.Series) -> bool:
    """Tell, at the price of a look at their lengths, whether numbers are long enough to be rounded."""
    longest = spelled.str.len_bytes().max()
    return isinstance(longest, int) and longest >= LONG


def _rounded(spelled: pl.Series, rounding: Rounding) -> pl.Series | None:
    if not may_have_lost_digits(spelled):
        return None
    long = spelled.str.contains(rf"^[0-9]{{{LONG},}}$").fill_null(value=False)
    zeros = long & spelled.str.contains(rf"^[0-9]{{{EXACT}}}0+$").fill_null(value=False)
    return zeros if rounding(spelled.filter(long), spelled.filter(zeros)) else None


def matching(written: pl.Series, pattern: str) -> pl.Series:
    """Tell which values match a pattern; those that are null do not."""
    return written.str.contains(pattern).fill_null(value=False)


def respelled(written: pl.Series, touched: pl.Series, spell: Spell) -> pl.Series:
    """Return a column with those values respelled that are `touched`, each distinct one once."""
    if not touched.any():
        return written
    before = written.filter(touched).unique()
    after = pl.select(spell(pl.lit(before))).to_series()
    return written.replace(before, after)


def folded(text: pl.Expr) -> pl.Expr:
    """Return text with compatible characters as one (NFKC), and one kind of brackets."""
    return text.str.normalize("NFKC").str.replace_many(BRACKETS)


def filled(text: pl.Expr) -> pl.Expr:
    """Return text, null where there is none."""
    return pl.when(text != "").then(text)


def _identifier(text: pl.Expr) -> pl.Expr:
    # Normalised again: where blanks are taken out, marks meet the letters that they belong to.
    seen = folded(folded(text).str.replace_all(INVISIBLE, ""))
    bare = seen.str.replace(rf"^(?:{MARK})+", "").str.replace(MARKS_AFTER, "")
    return filled(bare.str.replace(DECIMAL, "$1"))
