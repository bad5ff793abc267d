"""The posts at which somebody must work, on some host: known to web processes, which do none of that work."""

from __future__ import annotations

from chassis.data.schedule import QUEUE
from services.profile.book.usecases.receive import JOB
from services.profile.book.usecases.touch import JOB as LOOK
from services.profile.book.withdrawals import JOB as UNDO
from services.profile.graph.usecases.order_shock import JOB as SHOCK
from services.profile.portrait.peer_store import JOB as PEERS
from services.profile.supervision.usecases.publish_index import JOB as INDEX
from services.profile.watch.exposure_store import JOB as BOOKS

# Every kind of job that `jobs.handlers` has a use case for.
WORKED_OFF = (JOB, UNDO, LOOK, BOOKS, INDEX, SHOCK, PEERS)
# What stands beside the queues of orders: what the clock orders as jobs, and what it brings about by itself.
CLOCK = "clock"


def posts() -> list[str]:
    """Return the queues, and what stands beside them."""
    return sorted({kind.queue for kind in WORKED_OFF} | {QUEUE, CLOCK})
