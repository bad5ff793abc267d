"""The screen itself: bidders, what is known of them, what they bid; findings, pairs and groups out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import combinations

import polars as pl

from services.profile.book.domain import relation
from services.profile.supervision.domain.screen.auction import Auction
from services.profile.supervision.domain.screen.finding import Finding, of_group, of_history, of_prices, of_tie
from services.profile.supervision.domain.screen.groups import Group, Pair, groups
from services.profile.supervision.domain.screen.history import Elsewhere
from services.profile.supervision.domain.screen.sign import signs
from services.profile.supervision.domain.screen.ties import Tie, Trade, of_documents, of_files, of_trade
from services.profile.supervision.domain.screen.weight import Weight, together

# Families whose findings speak of each pair among their bidders; those of the others speak of all of them at once.
OF_PAIRS = ("control", "contact", "money", "documents", "history")


@dataclass(frozen=True, slots=True)
class Tender:
    """What a buyer states: who bids, this tender's bids, past auctions in order, and words on tender documents.

    `elsewhere` counts past auctions in which none of the bidders was, by how many bid.
    """

    bidders: tuple[str, ...]
    present: Auction | None = None
    past: tuple[Auction, ...] = ()
    documents: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    elsewhere: Elsewhere = field(default_factory=dict)

    def until(self, day: date) -> Tender:
        """Return the tender without auctions after a day: what was not held then is no past of it."""
        return replace(self, past=tuple(each for each in self.past if each.day is None or each.day <= day))


@dataclass(frozen=True, slots=True)
class Files:
    """What the files that are open say: relations with the names of their records, trade among the bidders, crowds.

    `crowds` tells how many firms of the whole book name a party.
    """

    opened: frozenset[str] = frozenset()
    relations: pl.DataFrame = field(default_factory=relation.DATASET.empty)
    names: Sequence[str] = ()
    trade: Mapping[tuple[str, str], Trade] = field(default_factory=dict)
    crowds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Screened:
    """What was found: findings in order of weight, pairs with what they weigh together, and groups with paths."""

    findings: tuple[Finding, ...]
    pairs: tuple[Pair, ...]
    groups: tuple[Group, ...]


def screen(tender: Tender, files: Files, day: date) -> Screened:
    """Look for every sign among the bidders; ties of files are of those alone whose files are open."""
    bidders = sorted(set(tender.bidders))
    found = [of_tie(tie) for tie in _ties(tender, files, day)]
    found += of_history(tender.past, bidders, tender.elsewhere)
    found += of_prices(tender.present, tender.past, tender.elsewhere) if tender.present else ()
    pairs = weighed(found, bidders)
    hanging = groups(pairs)
    sets: list[Collection[str]] = [group.bidders for group in hanging] or [bidders]
    for members in sets:
        found += of_group(tender.past, sorted(members), len(sets))
    return Screened(tuple(sorted(found, key=_order)), tuple(pairs), tuple(hanging))


def weighed(found: Sequence[Finding], bidders: Sequence[str]) -> list[Pair]:
    """Return the pairs of bidders that any finding ties, with the likelihood ratio of all that does, the most first."""
    by_pair: dict[tuple[str, str], list[tuple[str, Weight]]] = defaultdict(list)
    known = frozenset(bidders)
    for each in found:
        if each.weight is not None and signs()[each.sign].family in OF_PAIRS:
            for pair in combinations(sorted(known.intersection(each.bidders)), 2):
                by_pair[pair].append((each.sign, each.weight))
    pairs = [Pair(*names, together(each)) for names, each in sorted(by_pair.items())]
    return sorted(pairs, key=lambda pair: -pair.ratio)


def _ties(tender: Tender, files: Files, day: date) -> list[Tie]:
    opened = sorted(files.opened.intersection(tender.bidders))
    ties = of_files(files.relations, files.names, opened, files.crowds, day)
    return [*ties, *of_trade(files.trade), *of_documents(tender.documents)]


def _order(found: Finding) -> tuple[float, float, str, tuple[str, ...]]:
    ratio = 0.0 if found.weight is None else found.weight.ratio
    return (-ratio, 1.0 if found.p_value is None else found.p_value, found.sign, found.bidders)
