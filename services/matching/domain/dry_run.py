"""The dry run of a product's new version: who of many enterprises would gain or lose it, why, at what price."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.cost import SALES
from services.matching.domain.dry_run_prices import Prices, ask
from services.matching.domain.eligibility import Check, Shelf, check
from services.matching.domain.facts import Facts, Need
from services.matching.domain.product import Product, ProductDraft

GAINED, LOST = "gained", "lost"


@dataclass(frozen=True, slots=True)
class DryRunOrder:
    """A proposed version to be tried on enterprises, None for every one that may be read; at most `limit` are listed.

    Without a need, the least amount and the shortest term that the version lends.
    """

    kind: ClassVar[str] = "dry-run"

    product: ProductDraft
    enterprises: tuple[str, ...] | None
    limit: int
    need: Need | None
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class ChangedFirm:
    """An enterprise that gains or loses the product; `failed` is the first rule against it in the other version.

    Where there is no other version, no rule stood against anybody.
    """

    enterprise: str
    change: str
    failed: Check | None


@dataclass(frozen=True, slots=True)
class DecidingRule:
    """How many firms gain or lose by one rule."""

    change: str
    rule_id: str | None
    firms: int


@dataclass(frozen=True, slots=True)
class PricesOfVersions:
    """What the version that is published costs and earns, None where there is none, and what the proposed one would."""

    before: Prices | None
    after: Prices


@dataclass(frozen=True, slots=True)
class DryRunReport:
    """How many would have the product before and after; the lines are the first of those who gain or lose."""

    version: int | None
    need: Need
    enterprises: int
    before: int
    after: int
    gained: int
    lost: int
    rules: tuple[DecidingRule, ...]
    lines: tuple[ChangedFirm, ...]
    prices: PricesOfVersions


def read_dry_run_order(document: Mapping[str, Any], as_of: date | None) -> DryRunOrder:
    """Return an order from its JSON form, which has passed the api's schema."""
    enterprises, need, product = document["enterprises"], document["need"], document["product"]
    return DryRunOrder(
        ProductDraft(product["id"], product),
        None if enterprises is None else tuple(enterprises),
        document["limit"],
        Need(**need) if need else None,
        as_of,
    )


def compare(
    published: Product | None, proposed: Product, facts: Facts, need: Need, *, day: date, limit: int
) -> DryRunReport:
    """Return who gains and loses by the proposed version, with the rule that decides; at most `limit` are listed.

    Each version is asked on the first day that it could hold, so that rules and dates of tomorrow count.
    """
    after = _asked(proposed, facts, need, day)
    before = _asked(published, facts, need, day) if published else _Unpublished(facts)
    gains, losses = after.may & ~before.may, before.may & ~after.may
    lines = [
        *_lines(GAINED, np.flatnonzero(gains), before, need),
        *_lines(LOST, np.flatnonzero(losses), after, need),
    ]
    deciding = Counter((line.change, line.failed.rule.id if line.failed else None) for line in lines)
    return DryRunReport(
        version=published.version if published else None,
        need=need,
        enterprises=len(facts),
        before=int(before.may.sum()),
        after=int(after.may.sum()),
        gained=int(gains.sum()),
        lost=int(losses.sum()),
        rules=tuple(DecidingRule(change, rule, firms) for (change, rule), firms in deciding.most_common()),
        lines=tuple(_balanced(lines, limit)),
        prices=PricesOfVersions(before.prices, after.prices),
    )


class _Asked:
    """One version asked of all by what counts for it: who may have it, at what price, and what is against others."""

    def __init__(self, shelf: Shelf, facts: Facts, need: Need) -> None:
        self.shelf = shelf
        self.facts = facts
        self.names = shelf.names
        self.may: NDArray[np.bool_] = shelf.eligible(facts, need)[:, 0]
        [item] = shelf.items
        rows, wanted = facts.rows(("enterprise", "pd", SALES)), need.facts()
        asked = ask(item.product, ((int(n), rows[n] | wanted) for n in np.flatnonzero(self.may)), shelf.on)
        self.refused, self.prices = asked.refused, asked.prices
        self.may[list(self.refused)] = False

    def first_failed(self, number: int, row: Mapping[str, Any]) -> Check | None:
        """Return the rule that decides against one enterprise."""
        if number in self.refused:
            return self.refused[number]
        [item] = self.shelf.items
        names = {name for rule, _ in item.conditions for name in rule.names}
        broken = self.shelf.broken(item, row, names)
        return check(broken[0], passed=False, facts=row) if broken else None


class _Unpublished:
    """What is not published yet, nobody may have."""

    names = ()
    prices = None

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.may: NDArray[np.bool_] = np.zeros(len(facts), dtype=bool)

    def first_failed(self, number: int, row: Mapping[str, Any]) -> Check | None:
        """Return None: no rule stands against anybody."""
        return None


def _asked(product: Product, facts: Facts, need: Need, day: date) -> _Asked:
    shelf = Shelf([product], max(day, product.valid_from), kind_matters=False)
    return _Asked(shelf, facts.under(product.counts), need)


def _lines(change: str, chosen: NDArray[np.int_], against: _Asked | _Unpublished, need: Need) -> Iterator[ChangedFirm]:
    if not len(chosen):
        return
    rows = against.facts.rows(("enterprise", *against.names))
    for number in chosen:
        row = rows[number] | need.facts()
        yield ChangedFirm(str(row["enterprise"]), change, against.first_failed(int(number), row))


def _balanced(lines: Sequence[ChangedFirm], limit: int) -> list[ChangedFirm]:
    """Return the first of those who gain and of those who lose, as many of either as the limit allows."""
    sides = [[line for line in lines if line.change == change] for change in (GAINED, LOST)]
    most = [min(len(side), max(limit // 2, limit - len(other))) for side, other in (sides, sides[::-1])]
    return [line for side, count in zip(sides, most, strict=True) for line in side[:count]]
