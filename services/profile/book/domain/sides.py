"""The two sides of an invoice: who sold, who bought, which of them the enterprise is, and who is left as its partner.

A file may name both sides of each row. Then the codes tell a sale from a purchase, an invoice of somebody else is
refused in words, and no firm is its own partner. Who buys without a code is a person, and no party to anything: the
counterparty is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import polars as pl

from services.profile.book.domain.dataset import RowRule, Settled
from services.profile.book.domain.party import as_counterparty
from services.profile.book.domain.told import tell
from services.profile.standards.codes import NotAnEnterpriseId, enterprise_id, is_resident
from services.profile.standards.names import is_organisation

c = pl.col
OWN = {"sale": "seller", "purchase": "buyer"}
OTHER = {"sale": "buyer", "purchase": "seller"}
TITLES = {"seller": ("seller", "销方"), "buyer": ("buyer", "购方")}
# What stands in the place of a code where there is none: words for a person, dashes, zeros, stars.
NOBODY = r"^(?:个人(?:\(.*\)|（.*）)?|自然人|散户|消费者|无|no-code|NO-CODE|[0０*\-—/\\]+)$"
ITSELF = "the enterprise itself; name the other side / 交易对手是本企业自己，请填写对方"
EMPTY = "empty / 不能为空"
NOT_A_CODE = "not an enterprise code (18-character codes must pass both check characters) / 企业代码无效"
NEITHER = "neither the seller nor the buyer is this enterprise / 销方、购方均不是本企业"
BOTH = "the seller and the buyer are both this enterprise / 销方、购方均为本企业"
BY_NAME = (
    "{n} rows name a company without its code; the name is held as the party / "
    "{n} 行只有单位名称、没有识别号，以名称作为交易对手"
)
PERSONS = (
    "{n} rows name no code of the other side; they count, as trade with persons / "
    "{n} 行没有对方识别号，计入交易额，视为与个人的交易"
)


def settled(rows: pl.DataFrame) -> Settled:
    """Return invoices with enterprise, direction and counterparty, told by the codes of both sides where need be.

    Read are `seller` and `buyer` (codes), `seller_name` and `buyer_name`; `enterprise`, `direction` and
    `counterparty` are as the file or the import states them. Rules name the columns of the file.
    """
    given, owned = "counterparty" in rows.columns, "enterprise" not in rows.columns
    rows = rows.with_columns(_somebody(rows))
    rows = _with_enterprise(rows)
    rows = _with_direction(rows)
    if not given:
        rows = rows.with_columns(_chosen(rows, OTHER).alias("counterparty"))
    rows, by_name = _with_names(rows)
    persons = rows["counterparty"].null_count()
    told = [tell(words, {"n": n}) for words, n in ((BY_NAME, by_name), (PERSONS, persons)) if n]
    rules = [*_about_own(rows, owned=owned), *_about_other(rows, given=given)]
    return Settled(rows, tuple(rules), tuple(told))


def partner_is_another(rows: pl.DataFrame) -> Settled:
    """Refuse rows in which an enterprise is its own partner."""
    return Settled(rows, (RowRule("counterparty", _is("counterparty"), ITSELF),))


def own_accounts(rows: pl.DataFrame) -> Settled:
    """Leave the party out where money goes between accounts of one enterprise: that is trade with nobody."""
    if "counterparty" not in rows.columns:
        return Settled(rows)
    return Settled(rows.with_columns(pl.when(~_is("counterparty")).then("counterparty").alias("counterparty")))


def _is(side: str) -> pl.Expr:
    """Tell where a side is the enterprise; false where it has no code."""
    return (c(side) == as_counterparty(c("enterprise"))).fill_null(value=False)


def _somebody(rows: pl.DataFrame) -> Iterator[pl.Expr]:
    """Give the sides without the words and signs that stand for nobody."""
    for side in _there(rows, ("seller", "buyer", "counterparty")):
        written = rows[side].unique().drop_nulls()
        numbers = written.filter(written.str.contains(r"^(?:uscc:)?[0-9]{3,}[0-9*]+[0-9Xx*]$"))
        persons = (number for number in numbers if is_resident(number.removeprefix("uscc:")))
        nobody = [*written.filter(written.str.contains(NOBODY)), *persons]
        if nobody:
            yield pl.when(~c(side).is_in(nobody)).then(side).alias(side)


def _with_enterprise(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the enterprise; where nobody names it, its own side is it."""
    if "enterprise" in rows.columns:
        return rows
    own = rows.select(_chosen(rows, OWN).alias("own")).to_series()
    written = own.unique().drop_nulls()
    ids = pl.Series([_id(code) for code in written], dtype=pl.String)
    return rows.with_columns(own.replace_strict(written, ids, default=None, return_dtype=pl.String).alias("enterprise"))


def _with_direction(rows: pl.DataFrame) -> pl.DataFrame:
    """Return rows with the direction that is stated, else with the one that the codes tell."""
    if {"seller", "buyer"} - set(rows.columns):
        return rows
    sold, bought = _is("seller"), _is("buyer")
    told = pl.when(sold & ~bought).then(pl.lit("sale")).when(bought & ~sold).then(pl.lit("purchase"))
    stated = [c("direction")] if "direction" in rows.columns else []
    return rows.with_columns(pl.coalesce(*stated, told).alias("direction"))


def _with_names(rows: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """Return rows with the names of companies that stand without a code, and how many there are."""
    name = _chosen(rows, {way: f"{side}_name" for way, side in OTHER.items()})
    lacking = rows.select(pl.when(c("counterparty").is_null()).then(name).alias("name")).to_series()
    companies = [written for written in lacking.unique().drop_nulls() if is_organisation(written)]
    if not companies:
        return rows, 0
    named = lacking.is_in(companies).fill_null(value=False)
    filled = pl.when(named).then(lacking).otherwise(c("counterparty"))
    return rows.with_columns(filled.alias("counterparty")), int(named.sum())


def _about_own(rows: pl.DataFrame, *, owned: bool) -> Iterator[RowRule]:
    """Give what must hold of the side that is to be the enterprise; `owned` where that side has named it."""
    known = c("enterprise").is_not_null()
    for way, own in OWN.items():
        if own in rows.columns:
            strange = known & _strange(way)
            yield RowRule(own, strange & _is("counterparty"), _wrong_way(way))
            yield RowRule(own, strange & ~_is("counterparty"), NEITHER)
            if owned:
                yield RowRule(own, ~known, NOT_A_CODE)
    if not {"seller", "buyer"} - set(rows.columns):
        untold = known & c("direction").is_null()
        yield RowRule("seller", untold & _is("seller"), BOTH)
        yield RowRule("seller", untold & ~_is("seller"), NEITHER)


def _about_other(rows: pl.DataFrame, *, given: bool) -> Iterator[RowRule]:
    """Give what must hold of the partner; `given` where the file has a column for it, whatever the direction."""
    for way, other in OTHER.items():
        column = "counterparty" if given else other
        here = c("direction") == way
        if OWN[way] in rows.columns:
            here &= ~_strange(way)
        yield RowRule(column, here & _is("counterparty"), ITSELF)
        nobody = here & c("counterparty").is_null()
        if column not in rows.columns and f"{other}_name" not in rows.columns:
            yield RowRule("counterparty", nobody, EMPTY)
        elif way == "purchase":
            yield RowRule(column, nobody & ~_named(rows, other), EMPTY)


def _strange(way: str) -> pl.Expr:
    """Tell where the side of a direction that should be the enterprise is somebody else."""
    own = OWN[way]
    return (c("direction") == way) & c(own).is_not_null() & ~_is(own)


def _wrong_way(way: str) -> str:
    other = {"sale": "purchase", "purchase": "sale"}[way]
    (own, zh), (partner, partner_zh) = TITLES[OWN[way]], TITLES[OTHER[way]]
    word = {"sale": "销项", "purchase": "进项"}[other]
    return (
        f"the {own} is somebody else and this enterprise the {partner}: a {other}; send it as invoices.{other} or "
        f"invoices / {zh}不是本企业，本企业是{partner_zh}：这是{word}发票，请按 invoices.{other} 或 invoices 导入"
    )


def _named(rows: pl.DataFrame, side: str) -> pl.Expr:
    name = f"{side}_name"
    return c(name).is_not_null() if name in rows.columns else pl.lit(value=False)


def _chosen(rows: pl.DataFrame, columns: dict[str, str]) -> pl.Expr:
    """Return the column that the direction chooses, null where the file does not have it."""
    chosen = pl.lit(None, dtype=pl.String)
    for way, column in columns.items():
        if column in rows.columns:
            chosen = pl.when(c("direction") == way).then(c(column)).otherwise(chosen)
    return chosen


def _there(rows: pl.DataFrame, names: Iterable[str]) -> list[str]:
    return [name for name in names if name in rows.columns]


def _id(code: str) -> str | None:
    try:
        return enterprise_id(code)
    except NotAnEnterpriseId:
        return None
