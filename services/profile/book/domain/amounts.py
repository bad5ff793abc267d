"""Numbers of a file: plain decimals as people and spreadsheets write them, read exactly, and nothing else.

No exponent, no underscore, no digits of another script, which a machine would read and which hide lost digits.
"""

from __future__ import annotations

import polars as pl

from services.profile.standards.spelling import UNPRINTED

PLAIN = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$"
SCIENTIFIC = r"^[+-]?[0-9]*\.?[0-9]+[eE][+-]?[0-9]+$"
# Money is read to the eighth decimal; what lies behind it is the noise of a spreadsheet's binary numbers.
READ_SCALE = 8
SCALES = {"fen": 0, "yuan": 2, "wan": 6}
WIDE = {chr(ord("０") + digit): str(digit) for digit in range(10)} | dict(
    zip("．－−＋，（）％￥", ".--+,()%¥", strict=True)
)
PERCENT = "percent"  # the unit of a column of shares whose title says %
SIGN = r"(?:¥|RMB|CNY|人民币)\s*"
# Below zero: a sign before or behind, or an accountant's brackets; and what of these may be taken off.
MINUS = r"^\s*(?:[-−－]|[(（]\s*[^()（）]*[)）]\s*$)|[0-9０-９]\s*[-−－]\s*$"
PLUS = r"^\s*[+＋]\s*"
SIGNS = r"^\s*[-−－(（]\s*|\s*[-−－)）]\s*$"
# What may stand behind a sum, by the unit of its column: 5元 in a column of 万元 is neither.
BEHIND = {"fen": "分", "yuan": "元|圆|CNY|RMB", "wan": "万元|万"}


def fen_of(text: pl.Series, unit: str = "yuan") -> pl.Series:
    """Return sums as exact integer fen (Int64); null where it is no plain number, or finer than a fen.

    Decimal arithmetic throughout, so 0.1 + 0.2 never enters: 0.07 is 7 fen, whatever binary says.

    >>> fen_of(pl.Series(["0.07", "-3.5", "1e3", "0.001"])).to_list(), fen_of(pl.Series(["1.5"]), "wan").to_list()
    ([7, -350, None, None], [1500000])
    """
    scale = SCALES[unit]
    fen = text.cast(pl.Decimal(38, scale), strict=False)
    if text.str.contains(rf"[eE]|\.[0-9]{{{scale}}}[0-9]").any():
        fen = pl.select(pl.when(decimals(text) == fen).then(fen)).to_series()
    return fen.to_physical().cast(pl.Int64, strict=False)


def decimals(text: pl.Series) -> pl.Series:
    """Return plain decimals as exact numbers; null for all else, exponents among it."""
    exact = text.cast(pl.Decimal(38, READ_SCALE), strict=False)
    return pl.select(pl.when(~text.str.contains("[eE]")).then(exact)).to_series()


def whole(text: pl.Series) -> pl.Series:
    """Return whole numbers (Int64), null for all else; a decimal point with zeros behind it changes nothing."""
    plain = text.str.replace(r"^([+-]?[0-9]+)\.0*$", "$1")
    return plain.cast(pl.Int64, strict=False)


def shares(text: pl.Series, *, percent: bool = False) -> pl.Series:
    """Return shares as they are written: a number (of hundred where the column is `percent`), or a percentage.

    >>> shares(pl.Series(["0.51", "51%"])).to_list(), shares(pl.Series(["51.00", "0.5"]), percent=True).to_list()
    ([0.51, 0.51], [0.51, 0.005])
    """
    written = text.str.strip_suffix("%").str.strip_chars_end()
    number = pl.when(written.str.contains(PLAIN)).then(written.cast(pl.Float64, strict=False))
    of_hundred = text.str.ends_with("%") | percent
    return pl.select(pl.when(of_hundred).then(number / 100).otherwise(number)).to_series()


def tidied(text: pl.Series, unit: str = "yuan") -> pl.Series:
    """Return numbers without what people put around them: grouping, currency, brackets for minus, full-width forms.

    >>> tidied(pl.Series(["¥1,234.50", "（1,234.00）", "－３．５元", "88.00-", "1,23"])).to_list()
    ['1234.50', '-1234.00', '-3.5', '-88.00', '1,23']
    """
    bare = text.str.replace_all(UNPRINTED, "").str.replace_many(WIDE).str.strip_chars()
    bare = bare.str.replace(rf"\s*(?:{BEHIND[unit]})$", "")
    bare = bare.str.replace(rf"^([+-]?){SIGN}", "$1")
    bare = bare.str.replace(rf"^\((?:{SIGN})?([0-9.,]+)\)$", "-$1").str.replace(r"^([0-9.,]+)-$", "-$1")
    grouped = bare.str.contains(r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?$")
    return pl.select(pl.when(grouped).then(bare.str.replace_all(",", "")).otherwise(bare)).to_series()
