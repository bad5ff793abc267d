"""Crowds: a person, an address or a phone that many firms name is no tie between any two of them.

Persons are found equal by what sources write, mostly a name alone, so that one that ten firms bear in their registers
may be ten people; an address or a phone of ten firms is an agency's or a park's. That many name it is told, of ten or
more, and no file is opened for it. What a register writes of enterprises, a guarantee company's clients among them, is
no such guess and has no crowd.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import polars as pl

from services.profile.book.domain.relation import CROWD, SEAL
from services.profile.standards.text import Text

c = pl.col
NOT_FOLLOWED = Text(
    zh=f"同一自然人（多仅凭姓名识别）、地址或电话有{CROWD}家以上企业登记的，可能是重名、代理机构或园区，不据此延伸关联",
    en=f"a person (mostly known by name alone), an address or a phone that {CROWD} firms or more register may be a "
    "common name, an agency's or a park's: nothing is followed through it",
)


def crowd_among(rows: Iterable[Sequence[Any]], day: date) -> set[str]:
    """Return what `crowded` does, of some rows of `ties.REGISTER`."""
    firms: defaultdict[str, set[str]] = defaultdict(set)
    for firm, _, party, _, _, since, until, *_ in rows:
        if party.startswith(SEAL) and (since or day) <= day <= (until or day):
            firms[party].add(firm)
    return {party for party, each in firms.items() if len(each) >= CROWD}


def crowded(relations: pl.DataFrame, day: date) -> frozenset[str]:
    """Return the parties, of those that are keyed hashes, that ten firms or more name on a day."""
    now = (c("since") <= day).fill_null(value=True) & (c("until") >= day).fill_null(value=True)
    sealed = relations.filter(now, c("party").str.starts_with(SEAL))
    firms = sealed.group_by("party").agg(firms=c("enterprise").n_unique())
    return frozenset(firms.filter(c("firms") >= CROWD)["party"])
