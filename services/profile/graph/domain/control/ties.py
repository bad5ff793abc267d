"""The ties of a day: who holds how much of whom, and who is declared to control whom, from relations of open files.

A party has one stake in a firm: of several that run on a day the one that began last counts, since a register states a
holder's whole stake anew. Own shares carry no vote and no claim (公司法 2023 Art. 116), so that the other holders share
what is left. Stated shares of more than the whole are scaled down to it, and that is told.

What only the held firm says takes nothing from what others say: it has what these leave of the whole, and counts for no
party of which they speak, so that none loses its controller by inventing another (ADR 28).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

import polars as pl

from services.profile.book.domain.relation import SEAL

SHAREHOLDER, CONTROLLER, CAPITAL, UNSPECIFIED = "shareholder", "controller", "capital", "unspecified"
KINDS = (SHAREHOLDER, CONTROLLER, CAPITAL, UNSPECIFIED)
# Shares as whole billionths: sums are exact, and the same in every order.
WHOLE = 10**9
# Stated shares are rounded; beyond this sum somebody is wrong.
ROUNDING = 10**3
c = pl.col


@dataclass(frozen=True, slots=True)
class Tie:
    """One hop: `holder` holds `parts` billionths of `held`, or is declared to control it (then `parts` may be None).

    `own_word` tells that the held firm alone says so, `by_name` that the holder was found by its name, without a code.
    """

    relation: str
    holder: str
    held: str
    parts: int | None = None
    since: date | None = None
    own_word: bool = False
    by_name: bool = False

    @property
    def share(self) -> float | None:
        """The share, 0 to 1."""
        return None if self.parts is None else self.parts / WHOLE


@dataclass(frozen=True, slots=True)
class Ties:
    """All ties of a day among open files, sorted, and what was odd about them.

    `scaled` has the stated sum (1 is the whole) of firms whose shares were more than the whole, `own_shares` what firms
    hold of themselves; `untold` are stakes of unknown size, which count for nothing; `unspecified` are the firms that
    say that no owner can be named, each with the reason.
    """

    stakes: tuple[Tie, ...] = ()
    declared: tuple[Tie, ...] = ()
    scaled: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    own_shares: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    untold: tuple[Tie, ...] = ()
    unspecified: tuple[Tie, ...] = ()

    def without_own_words(self) -> Ties:
        """Return the ties that another than the held firm says."""
        kept = [tuple(tie for tie in some if not tie.own_word) for some in (self.stakes, self.declared)]
        return replace(self, stakes=kept[0], declared=kept[1])

    @property
    def parties(self) -> frozenset[str]:
        """All parties and firms among the ties."""
        every = (*self.stakes, *self.declared, *self.untold)
        return frozenset(name for tie in every for name in (tie.holder, tie.held))


def is_enterprise(party: str) -> bool:
    """Tell whether a party is an enterprise by its code; others are held as keyed hashes."""
    return not party.startswith(SEAL)


def running(relations: pl.DataFrame, day: date) -> pl.DataFrame:
    """Return the relations about ownership and control that run on a day, each party's last of a kind in a firm.

    Of `own_word` is only what nobody else says of the party.
    """
    now = relations.filter(
        c("relation").is_in(KINDS),
        (c("since") <= day).fill_null(value=True),
        (c("until") >= day).fill_null(value=True),
    )
    order = ("enterprise", "relation", "party", "since", "share", "amount_fen")
    last = now.sort(*order[:3], ~c("own_word"), *order[3:], nulls_last=False)
    return last.unique(("enterprise", "relation", "party"), keep="last").sort(order[:3])


def ties_of(relations: pl.DataFrame, day: date, own: Collection[str]) -> Ties:
    """Return the ties of a day from relations (rows of the book); `own` are the imports of firms' own words.

    Rows may tell which parties were found by name (`by_name`).
    """
    if "by_name" not in relations.columns:
        relations = relations.with_columns(by_name=pl.lit(value=False))
    said = c("import_id").is_in(list(own)).fill_null(value=False)
    rows = running(relations.with_columns(own_word=said), day)
    stated = rows.filter(c("relation") == CAPITAL).sort(~c("own_word"), "since", "amount_fen", nulls_last=False)
    capital = {row["enterprise"]: row["amount_fen"] for row in stated.to_dicts()}
    stakes = [_stake(row, capital) for row in rows.filter(c("relation") == SHAREHOLDER).to_dicts()]
    known = [tie for tie in stakes if tie.parts]
    others, own_shares = _without_own_shares(known)
    scaled, sums = _within_the_whole(others)
    return Ties(
        tuple(scaled),
        tuple(_tie(row) for row in rows.filter(c("relation") == CONTROLLER).to_dicts()),
        MappingProxyType(sums),
        MappingProxyType(own_shares),
        tuple(tie for tie in stakes if tie.parts is None),
        tuple(_tie(row) for row in rows.filter(c("relation") == UNSPECIFIED).to_dicts()),
    )


def _stake(row: Mapping[str, Any], capital: Mapping[str, int | None]) -> Tie:
    """Return a stake; one without a share has that of its contribution in the registered capital, where both are told.

    A contribution beyond the capital is no share of it.
    """
    tie, paid, whole = _tie(row), row["amount_fen"], capital.get(row["enterprise"])
    if tie.parts is None and paid and whole and paid <= whole:
        return replace(tie, parts=round(paid * WHOLE / whole))
    return tie


def _tie(row: Mapping[str, Any]) -> Tie:
    parts = None if row["share"] is None else round(row["share"] * WHOLE)
    return Tie(row["relation"], row["party"], row["enterprise"], parts, row["since"], row["own_word"], row["by_name"])


def _without_own_shares(stakes: Sequence[Tie]) -> tuple[list[Tie], dict[str, float]]:
    heard = {tie.held for tie in stakes if not tie.own_word and tie.holder != tie.held}
    itself = [tie for tie in stakes if tie.holder == tie.held and not (tie.own_word and tie.held in heard)]
    own = {tie.held: tie.parts or 0 for tie in itself}
    others = [tie for tie in stakes if tie.holder != tie.held and own.get(tie.held, 0) < WHOLE]
    voting = [_times(tie, WHOLE, WHOLE - own[tie.held]) if tie.held in own else tie for tie in others]
    return voting, {held: parts / WHOLE for held, parts in sorted(own.items())}


def _within_the_whole(stakes: Sequence[Tie]) -> tuple[list[Tie], dict[str, float]]:
    """Scale the stakes in a firm to the whole where they are more, and tell the sums that no rounding explains.

    What others say has room first, what only the firm itself says in what is left.
    """
    heard, own = _sums(tie for tie in stakes if not tie.own_word), _sums(tie for tie in stakes if tie.own_word)
    scaled = []
    for tie in stakes:
        of = own if tie.own_word else heard
        room = max(0, WHOLE - heard.get(tie.held, 0)) if tie.own_word else WHOLE
        scaled.append(_times(tie, room, of[tie.held]) if of[tie.held] > room else tie)
    sums = _sums(stakes)
    told = {held: total / WHOLE for held, total in sorted(sums.items()) if total > WHOLE + ROUNDING}
    return [tie for tie in scaled if tie.parts], told


def _sums(stakes: Iterable[Tie]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for tie in stakes:
        sums[tie.held] = sums.get(tie.held, 0) + (tie.parts or 0)
    return sums


def _times(tie: Tie, over: int, under: int) -> Tie:
    """Return a stake of `over / under` its size, rounded down so that stakes of one firm never exceed the whole."""
    return replace(tie, parts=(tie.parts or 0) * over // under)


def incoming(ties: Iterable[Tie]) -> dict[str, list[Tie]]:
    """Return the ties into each held firm."""
    found: dict[str, list[Tie]] = {}
    for tie in ties:
        found.setdefault(tie.held, []).append(tie)
    return found


def outgoing(ties: Iterable[Tie]) -> dict[str, list[Tie]]:
    """Return the ties of each holder."""
    found: dict[str, list[Tie]] = {}
    for tie in ties:
        found.setdefault(tie.holder, []).append(tie)
    return found


def above(ties: Ties, firm: str) -> Iterator[str]:
    """Give all parties from which a way leads down to a firm, the nearest first."""
    into = incoming((*ties.stakes, *ties.declared, *ties.untold))
    seen, layer = {firm}, [firm]
    while layer:
        layer = sorted({tie.holder for held in layer for tie in into.get(held, ())} - seen)
        seen.update(layer)
        yield from layer
