"""Finding the rings of invoices that a firm, or any firm whose file is open to the reader, is on.

That a ring is there, how long it is and when it closed is told of each ring with a firm whose file is open, as signal 8
tells it. A hop is shown where the file of its seller or of its buyer is open to the reader; of the others, their place.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked, Facts, Moment
from services.profile.book.domain.permit import Permit, joined
from services.profile.book.usecases.settle import settle
from services.profile.graph.domain.rings import EDGES, Budget, Limits, find, limits_on, near
from services.profile.graph.usecases.hear_hops import heard_hops
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading, open_files, open_some, reading_transaction

# A request waits for the search; what is not looked for then is told. The latest rings are shown, so many at most.
BUDGET = Budget(most=40_000_000)
MOST_RINGS = 100
c = pl.col


@dataclass(frozen=True, slots=True)
class Circles:
    """The rings (RINGS) with a firm of some, the latest first, and how many there are; whose hops may be shown."""

    facts: Facts
    permit: Permit
    limits: Limits
    rings: pl.DataFrame
    count: int
    unsearched: tuple[tuple[date, date], ...]

    def open(self, firm: str) -> bool:
        """Tell whether the reader may see what a firm's own file tells."""
        return self.permit.shows(firm, self.facts.moment.as_of)


@dataclass(frozen=True, slots=True)
class OwnCircles:
    """The same of one firm, whose file is open."""

    file: OpenFile
    circles: Circles


def rings_of(context: Context, reading: Reading, enterprise: str, asked: Asked) -> OwnCircles:
    """Return the rings that a firm is on; other members' files are opened where the reader may read them."""
    file = open_at(context, reading, enterprise, asked)
    limits = limits_on(file.moment.as_of)
    found, unsearched = rings_with(context, file.moment, [enterprise], limits)
    rings = found.head(MOST_RINGS)
    permit = joined([file.permit, *_opened(context, reading, rings, file)])
    return OwnCircles(file, Circles(file.facts, permit, limits, rings, found.height, unsearched))


def rings_of_all(context: Context, reading: Reading, asked: Asked) -> Circles:
    """Return the rings with any firm whose file is open to the reader; each of these files finds the read."""
    with reading_transaction(context) as connection:
        permit = open_files(context, connection, reading, None)
        facts = settle(connection, state_store.book(connection), asked, context.today())
    moment = replace(facts.moment, known_at=facts.known_at)
    limits = limits_on(moment.as_of)
    firms = [firm for firm in permit.enterprises if permit.shows(firm, moment.as_of)]
    found, unsearched = rings_with(context, moment, firms, limits)
    return Circles(facts, permit, limits, found.head(MOST_RINGS), found.height, unsearched)


def rings_with(
    context: Context, moment: Moment, firms: Collection[str], limits: Limits
) -> tuple[pl.DataFrame, tuple[tuple[date, date], ...]]:
    """Return the rings (RINGS) that any of some firms is on, the latest first, and the days not looked at."""
    if not firms:
        return find(pl.DataFrame(schema=EDGES), limits.terms).rings, ()
    hops = near(heard_hops(context, moment, limits), firms, limits.terms)
    found = find(hops, limits.terms, BUDGET)
    since = moment.as_of - timedelta(days=limits.recent_days)
    with_one = c("members").list.eval(pl.element().is_in(list(firms))).list.any()
    mine = found.rings.filter((c("last_on") > since) & with_one)
    return mine.sort("last_on", descending=True, maintain_order=True), found.unsearched


def _opened(context: Context, reading: Reading, rings: pl.DataFrame, file: OpenFile) -> list[Permit]:
    """Open the files of other members that the reader may read; each of them finds the read."""
    others = sorted(set(rings["members"].explode().drop_nulls()) - {file.enterprise})
    if not others:
        return []
    with reading_transaction(context) as connection:
        permit, _ = open_some(context, connection, reading, others, file.moment.as_of, len(others))
    return [permit]
