"""Seeing some enterprises: what is gathered around them, and what all signals say of it at a moment."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl
import structlog

from services.profile.book import import_store, step_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.party import party_of
from services.profile.book.domain.permit import Permit, Whole, Why
from services.profile.book.usecases.gather import WITH_LINES, gather, gather_kind
from services.profile.book.usecases.gather_near import gather_invoices, trading
from services.profile.portrait.usecases.baseline import usual
from services.profile.rights.usecases.count_queries import hard_queries
from services.profile.standards.days import start_of
from services.profile.watch import alert_store
from services.profile.watch.domain.signals import (
    BY_KEY,
    SIGNALS,
    Evaluation,
    SignalInputs,
    Surroundings,
    behind,
    evaluate,
)
from services.profile.watch.domain.signals.catalogue import has_source
from services.profile.watch.domain.signals.inputs import QUERIES
from services.profile.watch.domain.signals.norms import norms
from services.profile.watch.domain.signals.thresholds import threshold_on

# Beyond this a ring is looked for among these neighbours only.
MOST_NEIGHBOURS = 2000
# A customer's default is weighed against the sales of twelve months; one more, as months end on different days.
YEAR = timedelta(days=397)
OWN = tuple(signal for signal in SIGNALS if not signal.partners)
AROUND = tuple(signal for signal in SIGNALS if signal.partners)
RING, DEFAULT = "circular-invoicing", "counterparty-default"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class View:
    """What was seen of some enterprises: the scenes, what they show, and who may be judged by which."""

    moment: Moment
    own: SignalInputs
    around: SignalInputs
    found: Evaluation
    partners: frozenset[str]

    @property
    def ring_members(self) -> frozenset[str]:
        """Return all members of rings that one of the enterprises themselves belongs to."""
        return members_with(self.only(RING).hits, self.own.evidence.enterprises["enterprise"])

    def only(self, signal: str) -> Evaluation:
        """Return what one signal found."""
        return Evaluation(self.found.readings.filter(pl.col("signal") == signal), self.found.sourceless)

    def records(self, hits: pl.DataFrame) -> pl.DataFrame:
        """Return the records behind readings."""
        wide = hits["signal"].is_in([signal.key for signal in AROUND])
        return pl.concat([behind(self.own, hits.filter(~wide)), behind(self.around, hits.filter(wide))])


@dataclass(frozen=True, slots=True)
class _Near:
    """Direct counterparties with a file, the evidence of the neighbourhood, and who has a file beside its own."""

    partners: frozenset[str]
    evidence: Evidence
    firms: frozenset[str]


def view(context: Context, moment: Moment, scope: Permit | Whole, *, asked_on: date) -> View:
    """Evaluate all signals of a scope's enterprises at a moment, and those of their counterparties that need it."""
    evidence = gather(context, moment, scope, WITH_LINES)
    near = _around(context, moment, evidence)
    beside = surroundings(context, moment, evidence.enterprises, asked_on)
    own = SignalInputs(evidence, moment.as_of, beside)
    around = SignalInputs(near.evidence, moment.as_of, replace(beside, firms=near.firms))
    first, second = evaluate(own, OWN), evaluate(around, AROUND)
    if has_source(around, BY_KEY[RING]):
        warn_of_unsearched(around)
    both = Evaluation(pl.concat([first.readings, second.readings]), first.sourceless | second.sourceless)
    return View(moment, own, around, both, near.partners)


def members_with(hits: pl.DataFrame, enterprises: pl.Series) -> frozenset[str]:
    """Return all members of rings (the hits of their signal) that one of some enterprises belongs to."""
    ours = hits.filter(pl.col("enterprise").is_in(enterprises.implode()))["event"].unique()
    return frozenset(hits.filter(pl.col("event").is_in(ours.implode()))["enterprise"])


def warn_of_unsearched(scene: SignalInputs) -> None:
    """Tell the log of the days on which rings may begin that were not looked for."""
    if not scene.rings.complete:
        log.warning("rings not all looked for", begun=[[str(day) for day in span] for span in scene.rings.unsearched])


def ring_since(day: date) -> date:
    """Return the first day whose invoices can be a hop of a ring that closed lately."""
    limit = threshold_on(RING, day)
    return day - timedelta(days=int(limit["days"] + limit["recent_days"]))


def surroundings(context: Context, moment: Moment, firms: pl.DataFrame, asked_on: date) -> Surroundings:
    """Return what is known beside the evidence of some firms (`evidence.ENTERPRISES`) at a moment."""
    known_at = moment.known_at or context.now()
    since = start_of(asked_on - timedelta(days=int(threshold_on("query-burst", asked_on)["days"])))
    until = start_of(asked_on + timedelta(days=1))
    with context.database.read() as session:
        outcomes = alert_store.outcomes_known(session, known_at)
        asked = hard_queries(session, firms["enterprise"].to_list(), since, until)
        kinds = {*step_store.lake_versions(session, moment.known_at), "invoices", "queries"}
        own = import_store.own_imports(session)
    common = usual(context, replace(moment, known_at=known_at))
    queries = pl.DataFrame(sorted(asked), schema=QUERIES, orient="row")
    return Surroundings(outcomes, queries, norms(common, firms), frozenset(kinds), asked_on, own)


def _around(context: Context, moment: Moment, evidence: Evidence) -> _Near:
    """Return the neighbourhood of some firms.

    The hops of a ring of six are told by the members within two hops of any one of them on either side: by those two
    hops away also what they dealt with the farthest, of whom nothing more need be known than that it has a file. Of
    neighbours no more is read than the signals need, and public records of whom these firms sold to, which anybody's
    customer may be in.
    """
    since = ring_since(moment.as_of)
    names = set(evidence.enterprises["enterprise"])
    near = _counterparties(context, evidence.invoices) - names
    first = _invoices(context, moment, near, min(since, moment.as_of - YEAR))
    far = _counterparties(context, first.filter(pl.col("date") >= since)) - near - names
    second = _invoices(context, moment, far, since)
    if len(near) > MOST_NEIGHBOURS or len(far) > MOST_NEIGHBOURS:
        log.warning("neighbourhood cut", near=len(near), far=len(far), most=MOST_NEIGHBOURS)
    beyond = pl.concat([first, second])
    invoices = pl.concat([evidence.invoices, beyond])
    records = gather_kind(context, moment, _customers(invoices), public_record.DATASET.name)
    # Who has traded lately is known; of the others it is asked whether they ever did.
    silent = (near | far) - set(beyond.filter(pl.col("status") == "valid")["enterprise"])
    files = trading(context, moment, _read(silent)) | _counterparties(context, second)
    return _Near(frozenset(near), replace(evidence, invoices=invoices, public_records=records), files)


def _invoices(context: Context, moment: Moment, names: set[str], since: date) -> pl.DataFrame:
    return gather_invoices(context, moment, _read(names), since)


def _customers(invoices: pl.DataFrame) -> Whole:
    """Return whom these firms sold to: all of the book, where they are many."""
    sold = invoices.filter(pl.col("direction") == "sale")
    parties = sold.select(party_of(pl.col("counterparty").unique())).to_series().drop_nulls().unique()
    return Whole(Why.WATCH, tuple(parties.sort()) if len(parties) <= MOST_NEIGHBOURS else None)


def _read(names: Collection[str]) -> Whole:
    return Whole(Why.WATCH, tuple(sorted(names)[:MOST_NEIGHBOURS]))


def _counterparties(context: Context, invoices: pl.DataFrame) -> set[str]:
    """Return those that these invoices name and that have a file of their own."""
    told = invoices.select(party_of(pl.col("counterparty").unique())).to_series().drop_nulls()
    if told.is_empty():
        return set()
    with context.database.read() as session:
        return set(alert_store.in_book(session, sorted(set(told))))
