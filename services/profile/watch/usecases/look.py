"""Early warning: evaluating signals for some enterprises at a moment, and keeping the log of alerts.

After an import only the enterprises that it touched are looked at, and their direct counterparties for the two signals
that others' data can set off. A look may be repeated at any time: the same evidence gives the same log.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl
import structlog
from sqlalchemy.orm import Session

from chassis.data.jobs import Job
from services.profile.book import store
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.moment import Moment, watched_day
from services.profile.book.domain.party import party_of, written
from services.profile.book.domain.permit import Permit, Whole, Why
from services.profile.book.usecases.gather import WITH_LINES, gather, gather_kind, scan
from services.profile.portrait.usecases.baseline import usual
from services.profile.rights.usecases.count_queries import hard_queries
from services.profile.standards.days import day_of, start_of
from services.profile.watch import alert_store
from services.profile.watch.domain.signals import (
    BY_KEY,
    SIGNALS,
    Evaluation,
    SignalInputs,
    Surroundings,
    behind,
    evaluate,
    version,
)
from services.profile.watch.domain.signals.alerts import Alert, Changes, Round, advance
from services.profile.watch.domain.signals.catalogue import has_source
from services.profile.watch.domain.signals.inputs import QUERIES
from services.profile.watch.domain.signals.norms import norms
from services.profile.watch.domain.signals.thresholds import threshold_on
from services.profile.watch.usecases.look_books import look_books

# So many firms at a time: each batch is one read of the lake and one transaction.
BATCH = 200
# Beyond this a ring is looked for among these neighbours only.
MOST_NEIGHBOURS = 2000
RECORDS_KEPT = 20
OWN = tuple(signal for signal in SIGNALS if not signal.partners)
AROUND = tuple(signal for signal in SIGNALS if signal.partners)
RING, DEFAULT = "circular-invoicing", "counterparty-default"

# What makes two readings the same alert.
SAME = ["enterprise", "signal", "event"]

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
        rings = self.only(RING).hits
        names = self.own.evidence.enterprises["enterprise"]
        ours = rings.filter(pl.col("enterprise").is_in(names.implode()))["event"].unique()
        return frozenset(rings.filter(pl.col("event").is_in(ours.implode()))["enterprise"])

    def only(self, signal: str) -> Evaluation:
        """Return what one signal found."""
        return Evaluation(self.found.readings.filter(pl.col("signal") == signal), self.found.sourceless)

    def records(self, hits: pl.DataFrame) -> pl.DataFrame:
        """Return the records behind readings."""
        wide = hits["signal"].is_in([signal.key for signal in AROUND])
        return pl.concat([behind(self.own, hits.filter(~wide)), behind(self.around, hits.filter(wide))])


def watch(context: Context, job: Job) -> None:
    """Look at the enterprises that an import touched; may be repeated after a crash."""
    names = job.payload["enterprises"]
    if job.payload["customers"]:
        names = sorted({*names, *_sellers_to(context, job.payload["customers"])})
    for start in range(0, len(names), BATCH):
        look(context, names[start : start + BATCH])
        if undone := job.payload.get("undone"):
            reconsider(context, names[start : start + BATCH], datetime.fromisoformat(undone))
        job.progress(min(start + BATCH, len(names)), len(names))
    # Who fell may be a customer of a customer of whom a client lent to.
    undone = job.payload.get("undone")
    if job.payload["customers"] or undone:
        look_books(context, undone=datetime.fromisoformat(undone) if undone else None)


def reconsider(context: Context, enterprises: Sequence[str], since: datetime) -> int:
    """Withdraw the alerts told since a moment that, by what is known now, would not have been told; return how many.

    Each is evaluated as of the day on which it opened: what has merely calmed since then stays.
    """
    with context.database.read() as session:
        state = store.book(session)
        told = alert_store.told_since(session, enterprises, since)
    known_at, unfounded = max(state.known_at, context.now()), list[str]()
    for (opened_on, asked_on), alerts in told.items():
        moment = Moment(state.lake_version, opened_on, known_at, state.departures)
        firms = tuple(sorted({key[0] for key in alerts}))
        hits = view(context, moment, Whole(Why.WATCH, firms), asked_on=asked_on).found.hits
        fire = set(hits.select(SAME).iter_rows())
        unfounded += [number for key, number in alerts.items() if key not in fire]
    with context.database.begin() as session:
        alert_store.withdraw_unfounded(session, unfounded, context.now())
    return len(unfounded)


def look(context: Context, enterprises: Sequence[str]) -> Changes:
    """Evaluate these enterprises' signals now, and bring the log of alerts up to date in one transaction.

    Where a record leaves the book meanwhile it is done again: an alert would rest on what nobody is shown any more.
    """
    while True:
        changes = _looked(context, enterprises)
        if changes is not None:
            log.info("looked", enterprises=len(enterprises), opened=len(changes.opened), moved=len(changes.moved))
            return changes


def _looked(context: Context, enterprises: Sequence[str]) -> Changes | None:
    looked_at = context.now()
    today = day_of(looked_at)
    with context.database.read() as session:
        state = store.book(session)
    day = watched_day(state.date, today)
    # Not the book's own time: outcomes are heard without the book moving on.
    moment = Moment(state.lake_version, day, max(state.known_at, looked_at), state.departures)
    seen = view(context, moment, Whole(Why.WATCH, tuple(enterprises)), asked_on=today)
    with context.database.begin() as session:
        # Looks take turns: each must see what the one before it opened.
        if store.book(session, lock=True).departures != state.departures:
            return None
        mine = alert_store.look(session, enterprises, day, looked_at)
        changes = _changes(session, seen, mine)
        alert_store.move_alerts(session, changes.moved)
        alert_store.add_alerts(session, _with_records(seen, changes.opened, looked_at))
    return changes


def view(context: Context, moment: Moment, scope: Permit | Whole, *, asked_on: date) -> View:
    """Evaluate all signals of a scope's enterprises at a moment, and those of their counterparties that need it."""
    evidence = gather(context, moment, scope, WITH_LINES)
    partners, wide, outer = _around(context, moment, evidence)
    beside = _surroundings(context, moment, evidence, asked_on)
    own = SignalInputs(evidence, moment.as_of, beside)
    around = SignalInputs(wide, moment.as_of, replace(beside, firms=outer))
    first, second = evaluate(own, OWN), evaluate(around, AROUND)
    if has_source(around, BY_KEY[RING]) and not around.rings.complete:
        log.warning("rings not all looked for", begun=[[str(day) for day in span] for span in around.rings.unsearched])
    both = Evaluation(pl.concat([first.readings, second.readings]), first.sourceless | second.sourceless)
    return View(moment, own, around, both, partners)


def _changes(session: Session, seen: View, mine: Collection[str]) -> Changes:
    """Advance the log: of the firms themselves by all signals, of their counterparties by what may have come anew."""
    partners, members = seen.partners - set(mine), seen.ring_members - set(mine)
    standing = alert_store.open_alerts(session, sorted({*mine, *partners, *members}))
    known = alert_store.known_events(session, sorted({*mine, *partners, *members}))
    day = seen.moment.as_of
    first = advance(standing, known, Round(seen.found, mine, day))
    # Others' whole surroundings were not read: what is found counts, what is not found says nothing.
    others = [
        advance(standing, known, Round(seen.only(key), firms, day, (key,)))
        for key, firms in ((DEFAULT, partners), (RING, members))
    ]
    return Changes((*first.opened, *others[0].opened, *others[1].opened), first.moved)


def _with_records(seen: View, opened: Sequence[Alert], opened_at: datetime) -> list[alert_store.Opened]:
    keys = pl.DataFrame(
        [alert.key for alert in opened],
        schema={"enterprise": pl.String, "signal": pl.String, "event": pl.String},
        orient="row",
    )
    told = seen.records(seen.found.hits.join(keys, on=SAME, how="semi", maintain_order="left"))
    rows = {tuple(key): part for key, part in told.partition_by(SAME, as_dict=True, maintain_order=True).items()}
    return [
        alert_store.Opened(
            alert=alert,
            records=rows[alert.key].head(RECORDS_KEPT).drop(SAME).to_dicts() if alert.key in rows else [],
            records_count=rows[alert.key].height if alert.key in rows else 0,
            version=version(),
            known_at=seen.moment.known_at or opened_at,
            opened_at=opened_at,
        )
        for alert in opened
    ]


def _around(context: Context, moment: Moment, evidence: Evidence) -> tuple[frozenset[str], Evidence, frozenset[str]]:
    """Return the direct counterparties with a file of their own, the evidence of the neighbourhood, who lies beyond it.

    The hops of a ring of six are told by the members within two hops of any one of them on either side: by those two
    hops away also what they dealt with the farthest, of whom nothing more need be known than that it has a file. All
    public records belong to it, since anybody's customer may be in them.
    """
    names = set(evidence.enterprises["enterprise"])
    near = _counterparties(context, evidence) - names
    first = _near(context, moment, near) if near else None
    far = _counterparties(context, first) - near - names if first else set()
    second = _near(context, moment, far) if far else None
    if len(near) > MOST_NEIGHBOURS or len(far) > MOST_NEIGHBOURS:
        log.warning("neighbourhood cut", near=len(near), far=len(far), most=MOST_NEIGHBOURS)
    since = moment.as_of - timedelta(days=_ring_days(moment.as_of))
    invoices = [evidence.invoices, *([first.invoices] if first else [])]
    invoices += [second.invoices.filter(pl.col("date") >= since)] if second else []
    records = gather_kind(context, moment, Whole(Why.WATCH), public_record.DATASET.name)
    outer = _counterparties(context, second) if second else set()
    return frozenset(near), replace(evidence, invoices=pl.concat(invoices), public_records=records), frozenset(outer)


def _near(context: Context, moment: Moment, names: set[str]) -> Evidence:
    return gather(context, moment, Whole(Why.WATCH, tuple(sorted(names)[:MOST_NEIGHBOURS])))


def _ring_days(day: date) -> int:
    limit = threshold_on("circular-invoicing", day)
    return int(limit["days"] + limit["recent_days"])


def _counterparties(context: Context, evidence: Evidence) -> set[str]:
    """Return those that these firms traded with and that have a file of their own."""
    told = evidence.invoices.select(party_of(pl.col("counterparty").unique())).to_series().drop_nulls()
    with context.database.read() as session:
        return set(alert_store.in_book(session, sorted(set(told))))


def _surroundings(context: Context, moment: Moment, evidence: Evidence, asked_on: date) -> Surroundings:
    known_at = moment.known_at or context.now()
    since = start_of(asked_on - timedelta(days=int(threshold_on("query-burst", asked_on)["days"])))
    until = start_of(asked_on + timedelta(days=1))
    with context.database.read() as session:
        outcomes = alert_store.outcomes_known(session, known_at)
        names = evidence.enterprises["enterprise"].to_list()
        asked = hard_queries(session, names, since, until)
        kinds = {*store.lake_versions(session, moment.known_at), "invoices", "queries"}
        own = store.own_imports(session)
    common = usual(context, replace(moment, known_at=known_at))
    queries = pl.DataFrame(sorted(asked), schema=QUERIES, orient="row")
    return Surroundings(outcomes, queries, norms(common, evidence.enterprises), frozenset(kinds), asked_on, own)


def _sellers_to(context: Context, names: Sequence[str]) -> list[str]:
    """Return who sold to these firms: a default of the customer may raise a signal of theirs."""
    with context.database.read() as session:
        state = store.book(session)
    sold = (pl.col("direction") == "sale") & pl.col("counterparty").is_in(written(names))
    rows = (
        scan(context, "invoices", state.lake_version, None, Whole(Why.WATCH))
        .filter(sold)
        .select("enterprise")
        .unique()
        .collect()
    )
    return sorted(rows["enterprise"])
