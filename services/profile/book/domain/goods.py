"""What goods a line of an invoice is of, in one spelling, and in the tax office's words.

Since 2018 every line begins with the short name of its category between asterisks (*计算机外部设备*显示器). It belongs
to the first seven digits of a code of nineteen (商品和服务税收分类编码): goods begin with 1, labour with 2, services
with 3, rights with 4, real estate with 5, what is no sale with 6.
"""

from __future__ import annotations

import polars as pl

from services.profile.book.domain import amounts
from services.profile.book.domain.cells import visible
from services.profile.standards import spelling

c = pl.col
CODE, CODE_OF_GOODS = r"^[0-9]{19}$", "1"
CATEGORY_DIGITS = 7
SHORT_NAME = r"^\*([^*]+)\*"
# What is no goods though its short name does not end as services do (ours, 2026-11).
SERVICES = frozenset(
    (
        *("无形资产", "不动产", "软件维护", "企业管理", "预付卡销售", "建筑工程", "住宿", "餐饮", "会展", "广告"),
        *("委托加工", "土地使用权", "自然资源使用权"),
    )
)
ENDS_A_SERVICE = r"(?:服务|劳务|租赁|费)$"
OTHERWISE = r"[^!-~]"


def spelled(written: pl.Series) -> pl.Series:
    """Return names of goods, of their kinds and units in one spelling, null where nothing visible is written.

    >>> spelled(pl.Series(["＊钢材＊  螺纹钢（HRB400）", " ", "吨"])).to_list()
    ['*钢材*螺纹钢(HRB400)', None, '吨']
    """
    seen = visible(written)
    return spelling.respelled(seen, spelling.matching(seen, OTHERWISE), _spelled)


def quantities(written: pl.Series) -> pl.Series:
    """Return quantities and prices as plain decimals; null where none is written, or nothing that can be read.

    What lies behind the eighth decimal is the noise of a spreadsheet's binary numbers.

    >>> quantities(pl.Series(["1,200.50", "１０", "33.333333333333336", "1e3", "若干"])).to_list()
    ['1200.5', '10', '33.33333333', None, None]
    """
    return _plain(amounts.decimals(amounts.tidied(visible(written))))


def rates(written: pl.Series) -> pl.Series:
    """Return rates of tax as plain shares, and words (免税) as they are; null where nothing is said.

    >>> rates(pl.Series(["13%", "0.13", "13", "免税", "***"])).to_list()
    ['0.13', '0.13', '0.13', '免税', None]
    """
    text = spelled(written)
    number = amounts.decimals(text.str.strip_suffix("%"))
    percent = text.str.ends_with("%") | (number >= 1)
    share = pl.select(pl.when(percent).then(number / 100).otherwise(number)).to_series()
    words = pl.when(text.str.contains(r"[^*\-—/.0-9]")).then(text)
    return pl.select(pl.coalesce(_plain(share), words)).to_series()


def codes(written: pl.Series) -> pl.Series:
    """Return the codes of categories that are whole."""
    code = spelling.identifiers(visible(written))
    return pl.select(pl.when(code.str.contains(CODE)).then(code)).to_series()


def category() -> pl.Expr:
    """Return the category of a line (`goods`, `class_code`): its short name, else the first digits of its code.

    A code without a name goes by the name that the same enterprise's lines give it elsewhere. Where some of them have
    names, a code that none of these belongs to says nothing: its name may be among them.
    """
    name = c("goods").str.extract(SHORT_NAME)
    digits = c("class_code").str.slice(0, CATEGORY_DIGITS)
    elsewhere = pl.when(digits.is_not_null()).then(name.min().over("enterprise", digits))
    nameless = name.is_null().all().over("enterprise")
    return pl.coalesce(name, elsewhere, pl.when(nameless).then(digits))


def is_goods() -> pl.Expr:
    """Tell whether a line (`category`, `class_code`) is of goods: not of labour, a service, a right or an estate."""
    code = pl.coalesce("class_code", pl.when(c("category").str.contains("^[0-9]+$")).then("category"))
    by_name = ~c("category").is_in(sorted(SERVICES)) & ~c("category").str.contains(ENDS_A_SERVICE)
    return pl.when(code.is_not_null()).then(code.str.starts_with(CODE_OF_GOODS)).otherwise(by_name)


def _spelled(text: pl.Expr) -> pl.Expr:
    seen = spelling.folded(text).str.replace_all(spelling.UNPRINTED, "")
    single = seen.str.replace_all(rf"{spelling.BLANKS}+", " ").str.replace_all(r" ?\* ?", "*")
    return spelling.filled(single.str.strip_chars())


def _plain(number: pl.Series) -> pl.Series:
    text = number.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")
    return pl.select(pl.when(text.is_in(["", "-"])).then(pl.lit("0")).otherwise(text)).to_series()
