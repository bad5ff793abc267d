"""Contagion in clients' books (signal 17): what the firms that fell do to what each client has lent to others.

Each book is followed through the files that its client may read for monitoring, as `POST /v1/shocks` is, but by what
others than the firms themselves say (as signal 14), and through nothing else; from those of whom public records or the
client itself say that they fell. A look may be repeated at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import polars as pl
import structlog
from sqlalchemy.orm import Session

from chassis.core.identity import Caller
from chassis.data.jobs import Job
from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.moment import Moment, watched_day
from services.profile.book.domain.party import written
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.usecases.gather import gather_kind
from services.profile.graph.domain.contagion.book import Change, Exposure, change, summed
from services.profile.graph.domain.contagion.default import Model
from services.profile.graph.domain.contagion.shock import Effect, Hop, Shock, strike
from services.profile.graph.usecases.strike import told_network
from services.profile.rights.domain.consent import Purpose
from services.profile.rights.domain.resource import Resource
from services.profile.rights.usecases.open_file import Reading, openable
from services.profile.standards.days import day_of
from services.profile.watch import alert_store, exposure_store
from services.profile.watch.domain.signals import BY_KEY, version
from services.profile.watch.domain.signals.contagion import KEY, event, moves
from services.profile.watch.domain.signals.surroundings import fallen
from services.profile.watch.domain.signals.thresholds import threshold_on

RECORDS_KEPT = 20
SAME_RECORD = ("kind", "number", "counterparty", "import_id")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at a book found: the rise of its expected loss, who fell of those near it, who costs it most."""

    rise_fen: float
    fallen: pl.DataFrame
    worst: Effect | None


def watch_books(context: Context, job: Job) -> None:
    """Look at clients' books, those of a job or all; may be repeated after a crash."""
    look_books(context, job.payload["clients"])


def look_books(context: Context, clients: Sequence[str] | None = None, *, undone: datetime | None = None) -> None:
    """Look at clients' books, and bring their alerts up to date, each in one transaction.

    Where an import was taken back, `undone` is since when what was told may rest on it: such alerts are withdrawn.
    """
    with context.database.read() as session:
        named = exposure_store.clients(session) if clients is None else list(clients)
    for client in named:
        while not _looked(context, client, undone):
            pass


def _looked(context: Context, client: str, undone: datetime | None) -> bool:
    """Look at one book; tell False where a record left the book meanwhile, on which an alert would rest."""
    now = context.now()
    with context.database.read() as session:
        state, book = state_store.book(session), exposure_store.exposures(session, client)
    moment = Moment(
        state.lake_version, watched_day(state.date, day_of(now)), max(state.known_at, now), state.departures
    )
    seen = _see(context, client, moment, book)
    with context.database.begin() as session:
        # Looks take turns with all that changes the book.
        if state_store.book(session, lock=True).departures != state.departures:
            return False
        held = exposure_store.book(session, client)
        if held is not None:
            _tell(session, held, seen, moment, undone)
    return True


def _see(context: Context, client: str, moment: Moment, book: Mapping[str, Exposure]) -> Seen:
    """Follow all that fell through the files of a book that its client may read now."""
    asked = Reading(Caller(client, "bank", frozenset()), Resource.SHOCK, Purpose.MONITORING)
    with context.database.connection() as connection:
        names = openable(context, connection, asked, sorted(book), moment.as_of)
        fed = openable(context, connection, replace(asked, resource=Resource.ALERTS), names, moment.as_of)
    fell = _fallen(context, moment, client)
    if not names or fell.is_empty():
        return Seen(0.0, fell.clear(), None)
    made = told_network(context, moment, Whole(Why.WATCH, tuple(names)), heard=True)
    tied = fell.filter(pl.col("party").is_in(list(made.firms)))
    parties = tuple(tied["party"])
    if not parties:
        return Seen(0.0, tied, None)
    found = strike(made, Shock(1.0, parties), Model.LINEAR)
    changes: dict[str, tuple[Effect, Change]] = {}
    for effect in found.effects:
        # That a firm of the book fell itself is no contagion.
        moved = None if effect.shocked else change(book[effect.enterprise], effect.equity)
        if moved is not None and moved.el_fen.value > 0:
            changes[effect.enterprise] = (effect, moved)
    total = summed([moved for _, moved in changes.values()])
    worst = _worst(list(changes.values()), frozenset(fed))
    return Seen(total.value, tied, worst)


def _worst(changes: Sequence[tuple[Effect, Change]], fed: Collection[str]) -> Effect | None:
    """Return the firm that costs the book most; of equals the one with the shortest path, then the first by name.

    The feed shows the alert under this firm's consent: one whose alerts the client may read goes first.
    """

    def cost(each: tuple[Effect, Change]) -> tuple[bool, float]:
        return each[0].enterprise not in fed, -each[1].el_fen.value

    most = min(map(cost, changes), default=None)
    alike = [effect for effect, moved in changes if cost((effect, moved)) == most]
    return min(alike, key=lambda effect: (len(effect.path), effect.enterprise), default=None)


def _fallen(context: Context, moment: Moment, client: str) -> pl.DataFrame:
    """Return who fell as far as the client knows it: by public records, or by its own word.

    What another lender keeps must not count at all: whoever states his book and threshold as he likes would find out by
    when an alert comes, whatever it says.
    """
    records = gather_kind(context, moment, Whole(Why.WATCH), public_record.DATASET.name)
    with context.database.read() as session:
        outcomes = alert_store.outcomes_known(session, moment.known_at or context.now(), by=client)
    return fallen(records, outcomes, moment.as_of)


def _tell(session: Session, held: Any, seen: Seen, moment: Moment, undone: datetime | None) -> None:
    """Open, keep or clear the alerts about a book; one that rests on what was taken back is withdrawn."""
    standing = []
    for alert in alert_store.of_book(session, held.client):
        if undone is not None and alert.known_at >= undone and not _borne_out(alert, seen):
            alert.withdrawn_at = moment.known_at
        else:
            standing.append(alert)
    limit = threshold_on(KEY, moment.as_of)
    todo = moves(seen.rise_fen, held.threshold_fen, [alert.value or 0.0 for alert in standing], limit)
    for alert in standing:
        alert.latest, alert.latest_on = seen.rise_fen, moment.as_of
        if todo.clears and undone is not None and alert.known_at >= undone:
            alert.withdrawn_at = moment.known_at
        elif todo.clears:
            alert.calm_since = alert.cleared_on = moment.as_of
    if todo.opens and seen.worst is not None:
        alert_store.add_to_book(session, _alert(held, seen, seen.worst, moment))
        log.info("contagion told", fallen=seen.fallen.height)


def _borne_out(alert: Any, seen: Seen) -> bool:
    """Tell whether all that an alert keeps of who fell is there still."""
    now = [{name: record[name] for name in SAME_RECORD} for record in _records(seen.fallen)]
    return all({name: record[name] for name in SAME_RECORD} in now for record in alert.records)


def _alert(held: Any, seen: Seen, worst: Effect, moment: Moment) -> dict[str, Any]:
    records = _records(seen.fallen)
    first = seen.fallen.filter(pl.col("party") == worst.path[0].debtor) if worst.path else seen.fallen.clear()
    return {
        "client": held.client,
        "enterprise": worst.enterprise,
        "signal": KEY,
        "event": event(held.client, seen.fallen["party"], str(moment.known_at)),
        "severity": BY_KEY[KEY].severity,
        "subject": worst.path[0].debtor if worst.path else None,
        "value": seen.rise_fen,
        "reference": float(held.threshold_fen),
        "opened_on": moment.as_of,
        "occurred_on": first["occurred_on"].item() if first.height else None,
        "latest": seen.rise_fen,
        "latest_on": moment.as_of,
        "version": version(),
        "known_at": moment.known_at,
        "opened_at": moment.known_at,
        "records": records[:RECORDS_KEPT],
        "records_count": len(records),
        "path": [_hop(hop) for hop in worst.path],
    }


def _records(fell: pl.DataFrame) -> list[dict[str, Any]]:
    """Return what says of each that it fell, as the records behind an alert; the client's own word stands first."""
    rows = fell.sort(pl.col("kind") != "outcomes", "party")
    return [
        {
            "kind": row["kind"],
            "direction": None,
            "number": row["number"],
            "code": None,
            "counterparty": written([row["party"]])[0],
            "date": row["occurred_on"],
            "amount_fen": None,
            "import_id": row["import_id"],
        }
        for row in rows.iter_rows(named=True)
    ]


def _hop(hop: Hop) -> dict[str, Any]:
    amount = {name: int(getattr(hop.amount, name)) for name in ("low", "value", "high")}
    return {"debtor": hop.debtor, "tie": hop.tie, "amount_fen": amount, "told": hop.told}
