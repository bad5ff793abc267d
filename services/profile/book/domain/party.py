"""The other side of a deal: how a counterparty is written, in one spelling, and which enterprise it stands for.

A credit code in any spelling is `uscc:…`; `local:E1` and `E1` are one party, written `E1`; a name is a name.
"""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from services.profile.standards.codes import USCC_FORM
from services.profile.standards.spelling import (
    BLANKS,
    MARK,
    MARKS_AFTER,
    UNPRINTED,
    filled,
    folded,
    matching,
    respelled,
)

LOCAL = "local:"
# What may have another spelling: what an identifier may, a scheme, a text as long as a credit code, `no-code`.
OTHERWISE = r"""[^!-~]|^[='`]|["\[\]:.+]|^.{18}$|^(?i:no-code)$"""
# Partners without a code, as they were once stored.
NOBODY = "no-code"
CODE = rf"^(?i:uscc:)?(?i:({USCC_FORM.pattern}))$"
MARKS_AND_SCHEME = rf"^(?:{MARK}|(?i:local:)| )+"
# Blanks that Chinese is written without; between Latin words one stays.
STRAY = ((rf"{BLANKS}+", " "), (r"([\p{Han}()]) ", "$1"), (r" ([\p{Han}()])", "$1"))


def counterparties(written: pl.Series) -> pl.Series:
    """Return counterparties in their one spelling; null where there is none.

    >>> counterparties(pl.Series(["９１330106ma2axk5r0w", "local:E1", "甲 公司（分）", "No-Code", "A7"])).to_list()
    ['uscc:91330106MA2AXK5R0W', 'E1', '甲公司(分)', None, 'A7']
    """
    return respelled(written, matching(written, OTHERWISE), _spelled)


def party_of(counterparty: pl.Expr) -> pl.Expr:
    """Return the enterprise id that a counterparty's name stands for, as a bare code in a file stands for one."""
    code = counterparty.str.to_uppercase()
    bare = pl.when(code.str.contains(f"^{USCC_FORM.pattern}$")).then(pl.lit("uscc:") + code)
    named = bare.otherwise(pl.lit(LOCAL) + counterparty)
    return pl.when(counterparty.str.contains(":", literal=True)).then(counterparty).otherwise(named)


def as_counterparty(enterprise: pl.Expr) -> pl.Expr:
    """Return what `written` does for one column: what is equal to a spelled counterparty is that very party."""
    return enterprise.str.strip_prefix(LOCAL)


def written(enterprises: Iterable[str]) -> list[str]:
    """Return how these enterprises are written where they are counterparties.

    >>> written(["local:E1", "uscc:91350100M000100Y43"])
    ['E1', 'uscc:91350100M000100Y43']
    """
    return [enterprise.removeprefix(LOCAL) for enterprise in enterprises]


def named(counterparty: str) -> str:
    """Return what `party_of` gives for one name.

    >>> named("E1"), named("91350100m000100y43"), named("local:E1")
    ('local:E1', 'uscc:91350100M000100Y43', 'local:E1')
    """
    return str(pl.select(party_of(pl.lit(counterparty))).item())


def _spelled(text: pl.Expr) -> pl.Expr:
    name = _name(text)
    code = name.str.replace_all(BLANKS, "").str.extract(CODE).str.to_uppercase()
    known = pl.when(name.str.to_lowercase() != NOBODY).then(filled(name))
    return pl.when(code.is_not_null()).then(pl.lit("uscc:") + code).otherwise(known)


def _name(text: pl.Expr) -> pl.Expr:
    seen = folded(folded(text).str.replace_all(UNPRINTED, ""))
    for blank, kept in STRAY:
        seen = seen.str.replace_all(blank, kept)
    return seen.str.replace(MARKS_AND_SCHEME, "").str.replace(MARKS_AFTER, "")
