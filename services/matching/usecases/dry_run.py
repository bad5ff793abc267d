"""The dry run of a product's new version: who of the enterprises that the bank may read would gain or lose it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chassis.data import jobs
from services.matching import store
from services.matching.context import Context
from services.matching.domain.eligibility import Check, Shelf, check
from services.matching.domain.facts import Facts, Need
from services.matching.domain.product import Product, read_product
from services.matching.tables import Plan
from services.matching.usecases import plans
from services.matching.usecases.gather import gather
from services.matching.usecases.match import today

KIND = "dry-run"
GAINED, LOST = "gained", "lost"


def run_dry_run(context: Context, job: jobs.Job) -> None:
    """Do the work of a dry run: scores are read softly, nothing is published. Repeated, it answers the same."""
    with context.database.read() as session:
        row = session.get_one(Plan, job.payload["plan"])
        order = row.document
        found = store.find_version(session, order["product"]["id"])
        published = None if found is None else read_product(found.document)
    proposed = read_product(order["product"])
    facts = gather(context, order["enterprises"], row.as_of, row.known_at, context.acting_for(row.client))
    job.progress(0, len(facts))
    need = _need(order["need"], proposed)
    told = compare(published, proposed, facts, need, day=today(), limit=order["limit"])
    plans.keep(context, row.id, {**told, "as_of": facts.as_of.isoformat(), "model": facts.model})
    job.progress(len(facts), len(facts))


def compare(
    published: Product | None, proposed: Product, facts: Facts, need: Need, *, day: date, limit: int
) -> dict[str, Any]:
    """Return who gains and loses by the proposed version, with the rule that decides; at most `limit` are listed.

    Each version is asked on the first day that it could hold, so that rules and dates of tomorrow count.
    """
    after = _asked(proposed, facts, need, day)
    before = _asked(published, facts, need, day) if published else _nobody(facts)
    gains, losses = after.may & ~before.may, before.may & ~after.may
    lines = [
        *_lines(GAINED, np.flatnonzero(gains), before, facts, need),
        *_lines(LOST, np.flatnonzero(losses), after, facts, need),
    ]
    deciding = Counter((line["change"], line["rule_id"]) for line in lines)
    return {
        "version": published.version if published else None,
        "need": need.as_json(),
        "enterprises": len(facts),
        "before": int(before.may.sum()),
        "after": int(after.may.sum()),
        GAINED: int(gains.sum()),
        LOST: int(losses.sum()),
        "rules": [{"change": change, "rule_id": rule, "firms": n} for (change, rule), n in deciding.most_common()],
        "lines": _fair(lines, limit),
    }


class _Answers:
    """One version asked of all: who may have it, and the first rule against one who may not."""

    def __init__(self, shelf: Shelf, facts: Facts, need: Need) -> None:
        self.shelf = shelf
        self.names = shelf.names
        self.may: NDArray[np.bool_] = shelf.eligible(facts, need)[:, 0]

    def first_failed(self, row: Mapping[str, Any]) -> Check | None:
        """The rule that decides against one enterprise."""
        [item] = self.shelf.items
        names = {name for rule, _ in item.conditions for name in rule.names}
        broken = self.shelf.broken(item, row, names)
        return check(broken[0], passed=False, facts=row) if broken else None


class _Nobody(_Answers):
    """What is not published yet, nobody may have."""

    def __init__(self, facts: Facts) -> None:
        self.names = ()
        self.may = np.zeros(len(facts), dtype=bool)

    def first_failed(self, row: Mapping[str, Any]) -> Check | None:
        """No rule stands against anybody."""
        return None


def _nobody(facts: Facts) -> _Answers:
    return _Nobody(facts)


def _asked(product: Product, facts: Facts, need: Need, day: date) -> _Answers:
    return _Answers(Shelf([product], max(day, product.valid_from), kind_matters=False), facts, need)


def _lines(
    change: str, chosen: Sequence[int] | NDArray[np.int_], against: _Answers, facts: Facts, need: Need
) -> Iterable[dict[str, Any]]:
    if not len(chosen):
        return
    rows = facts.rows(("enterprise", *against.names))
    for number in chosen:
        row = rows[number] | need.facts()
        failed = against.first_failed(row)
        yield {
            "enterprise": row["enterprise"],
            "change": change,
            "rule_id": failed.rule.id if failed else None,
            "rule": failed.rule.expression if failed else None,
            "title": dict(failed.rule.title) if failed else None,
            "found": failed.found if failed else None,
            "needed": failed.needed if failed else None,
        }


def _fair(lines: Sequence[dict[str, Any]], limit: int) -> list[dict[str, Any]]:
    """The first of those who gain and of those who lose, as many of either as the limit allows."""
    sides = [[line for line in lines if line["change"] == change] for change in (GAINED, LOST)]
    most = [min(len(side), max(limit // 2, limit - len(other))) for side, other in (sides, sides[::-1])]
    return [line for side, count in zip(sides, most, strict=True) for line in side[:count]]


def _need(given: Mapping[str, Any] | None, product: Product) -> Need:
    """The need that is asked about: the least that the proposed version lends, unless one is named."""
    return Need(**given) if given else Need(product.amount_fen[0], product.months[0])
