"""Which counterparties are one firm: by code first, else by name, and told why; two codes are never one.

A counterparty with a code is that firm whatever its name says. One with a name alone is the one firm that the name
fits among those that the reader may know; where it fits more than one it stays by itself, and the candidates are told:
that A and B have two codes is known, so that a name which fits both cannot make them one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import polars as pl

from services.profile.book.domain.counterparty import HAN
from services.profile.book.domain.party import party_of
from services.profile.standards.names import Book, NameMatch, plain

NAME = "name:"


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a counterparty is in the graph: the node's id, by what, and what else it might have been.

    `by` is `code`, `name` (a firm's, with the comparison of its parts in `match`) or `itself` (a name that is no
    firm's here; then `candidates` are the firms that it may be, each of its own code).
    """

    node: str
    by: Literal["code", "name", "itself"]
    match: NameMatch | None = None
    candidates: tuple[str, ...] = ()


def is_name(counterparty: str) -> bool:
    """Tell whether a counterparty is written by its name alone."""
    return ":" not in counterparty and HAN.search(counterparty) is not None


def name_alone(counterparty: pl.Expr) -> pl.Expr:
    """Return what `is_name` does for one column."""
    return ~counterparty.str.contains(":", literal=True) & counterparty.str.contains(HAN.pattern)


def resolve(counterparties: Iterable[str], firms: Iterable[tuple[str, str]]) -> dict[str, Resolved]:
    """Return what each counterparty is; `firms` are ids with their names, as far as the reader may know them.

    Neither order matters. Of a firm with several names the first in the order of text stands for it.

    >>> firms = [("local:A", "杭州甲乙商贸有限公司"), ("local:B", "宁波甲乙商贸有限公司")]
    >>> found = resolve(["A", "杭州甲乙商贸有限公司", "甲乙商贸有限公司"], firms)
    >>> [(each.node, each.by) for each in found.values()]
    [('local:A', 'code'), ('local:A', 'name'), ('name:甲乙商贸有限公司', 'itself')]
    >>> found["甲乙商贸有限公司"].candidates
    ('local:A', 'local:B')
    """
    written = sorted(set(counterparties))
    names = {each for each in written if is_name(each)}
    book = _book(tuple(sorted(_one_name(firms).items()))) if names else None
    coded = pl.DataFrame({"written": written}, schema={"written": pl.String}).select(party_of(pl.col("written")))
    return {
        each: _by_name(each, book) if book is not None and each in names else Resolved(node, "code")
        for each, node in zip(written, coded.to_series(), strict=True)
    }


def _by_name(written: str, book: Book) -> Resolved:
    found = book.find(written)
    if found.enterprise is not None:
        return Resolved(found.enterprise, "name", found.match)
    return Resolved(NAME + plain(written), "itself", candidates=found.candidates)


def _one_name(firms: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    names: dict[str, str] = {}
    for firm, name in firms:
        names[firm] = min(name, names.get(firm, name))
    return names


@lru_cache(maxsize=8)
def _book(firms: tuple[tuple[str, str], ...]) -> Book:
    """Return the firms by their names; a reader's list stays the same from one request to the next."""
    return Book(firms)
