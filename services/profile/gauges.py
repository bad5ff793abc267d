"""What metrics tell of profile beside requests and queues: its lakes, its ledger, the age of the figures of peers."""

from __future__ import annotations

from functools import partial

from chassis.core.metrics import Gauge
from chassis.data.ledger.store import head
from services.profile.book.context import Context
from services.profile.portrait.usecases.baseline import peers_behind_since, peers_made_at


def gauges(context: Context) -> list[Gauge]:
    """Return the figures; none names an enterprise or a client."""
    return [
        Gauge("lake_version", "Newest version of a lake", "kind", partial(_lakes, context, 0)),
        Gauge("lake_files", "Files that hold the rows of a lake", "kind", partial(_lakes, context, 1)),
        Gauge("lake_bytes", "Bytes of these files", "kind", partial(_lakes, context, 2)),
        Gauge("peers_age_seconds", "Seconds since the figures of peers were made", "of", partial(_peers, context)),
        Gauge(
            "peers_behind_seconds", "Seconds that the book knows more than its peers", "of", partial(_behind, context)
        ),
        Gauge("ledger_entries", "Entries of the ledger", "ledger", partial(_entries, context)),
    ]


def _lakes(context: Context, which: int) -> dict[str, float]:
    return {kind: lake.measure()[which] for kind, lake in context.lakes.items()}


def _peers(context: Context) -> dict[str, float]:
    made_at = peers_made_at(context)
    return {} if made_at is None else {"book": (context.now() - made_at).total_seconds()}


def _behind(context: Context) -> dict[str, float]:
    since = peers_behind_since(context)
    return {"book": 0.0 if since is None else max(0.0, (context.now() - since).total_seconds())}


def _entries(context: Context) -> dict[str, float]:
    with context.database.read() as session:
        return {"profile": head(session).size}
