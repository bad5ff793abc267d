"""Match many enterprises in a durable job; one line of results each, in the form of a single match."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import orjson
from sqlalchemy.orm import Session

from chassis.core import problems
from chassis.core.engine import Here, completed
from chassis.core.identity import Caller
from chassis.core.ids import new_id
from chassis.core.moments import today
from chassis.data import jobs
from services.matching import documents, store
from services.matching.clients import Wanted
from services.matching.context import Context
from services.matching.domain.errors import BatchNotDone
from services.matching.domain.facts import Facts, Need
from services.matching.domain.leave import Leave
from services.matching.domain.trade_secret import Audience
from services.matching.tables import Batch
from services.matching.usecases.address import audience
from services.matching.usecases.gather import gather
from services.matching.usecases.match import marked
from services.matching.usecases.match_stretch import Terms, match_stretch, stretches

KIND = jobs.Kind("match-batch", "batches")
# Fewer are matched sooner than processes of the engine start.
ENOUGH_FOR_PROCESSES = 5_000
WITHHELD = problems.document(
    problems.CONSENT_REQUIRED,
    "No file of it may be read for financing-match: it is unknown, or its consent is missing or has ended.",
    {},
)


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """Many enterprises, None for every one that may be read, and one need; `as_of` is the book's date unless given."""

    enterprises: tuple[str, ...] | None
    need: Need
    as_of: date | None


def order_batch(session: Session, caller: Caller, order: BatchOrder) -> Batch:
    """Accept the order and its job in one transaction. What is known now is what it will be answered from."""
    now = datetime.now(UTC)
    batch_id = new_id("mab")
    job = jobs.order(session, KIND, {"batch": batch_id}, caller=caller)
    row = Batch(
        id=batch_id,
        client=caller.client,
        job=job,
        enterprises=None if order.enterprises is None else list(dict.fromkeys(order.enterprises)),
        need=documents.need(order.need),
        as_of=order.as_of,
        known_at=now,
        created_at=now,
    )
    session.add(row)
    session.flush()
    return row


def run_batch(context: Context, job: jobs.Job) -> None:
    """Do the work of a batch, part by part on the engine; each is stored as it ends.

    Repeated after a crash it does what is missing. A part that was made from anything that has changed since is made
    anew, so all lines come from the same products and the same knowledge. Where the order names no day, the one that it
    was answered for is kept: the results are read again as of it.
    """
    with context.database.read() as session:
        batch = session.get_one(Batch, job.payload["batch"])
    need = Need(**batch.need)
    facts = gather(context, batch.enterprises, batch.as_of, batch.known_at, context.acting_for(batch.client))
    with context.database.read() as session:
        day = today()
        shelf = context.shelves.on(session, day, kind_matters=need.kind is not None)
        guide = context.guide(session, context.acting_for(batch.client))
    readable = set(facts.enterprises)
    withheld = [enterprise for enterprise in batch.enterprises or [] if enterprise not in readable]
    total = len(facts) + len(withheld)
    parts = _match(context, batch.id, facts, Terms(shelf, need, guide), partial(job.progress, total=total))
    with context.database.begin() as session:
        store.add_part(session, batch.id, parts, store.packed(withheld, map(withheld_line, withheld)))
        session.get_one(Batch, batch.id).as_of = facts.as_of
    job.progress(total, total)


def _match(context: Context, batch: str, facts: Facts, terms: Terms, progress: Callable[[int], None]) -> int:
    """Store the lines of all firms; return in how many parts."""
    units = stretches(facts, terms)
    with context.database.begin() as session:
        made = store.keep_made(session, batch, {unit.number: unit.made_from for unit in units})
    done = sum(len(unit.facts) for unit in units if unit.number in made)
    engine = context.engine if len(facts) >= ENOUGH_FOR_PROCESSES else Here()
    missing = [unit for unit in units if unit.number not in made]
    for unit, lines in completed(engine.run(partial(match_stretch, terms), missing)):
        with context.database.begin() as session:
            store.add_part(session, batch, unit.number, lines, unit.made_from)
        done += len(unit.facts)
        progress(done)
    return len(units)


def results(context: Context, caller: Caller, batch_id: str) -> Iterator[bytes]:
    """Return the results as JSON Lines, part by part.

    They tell about enterprises: one whose consent has ended since is withheld, the read of each other is recorded.
    """
    with context.database.read() as session:
        batch = store.batch(session, batch_id, caller.client)
        progress = jobs.state_of(session, batch, batch.job).state
        if progress != "done":
            raise BatchNotDone(
                f"Batch {batch_id} is {progress}; its results can be read once it is done.", state=progress
            )
        spoken_of = store.part_enterprises(session, batch_id)
        told = audience(session, caller)
    leaves = context.profile.reread(Wanted(spoken_of, batch.as_of))
    return _lines(context, batch_id, leaves, told)


def _lines(context: Context, batch_id: str, leaves: Mapping[str, Leave], told: Audience) -> Iterator[bytes]:
    with context.database.read() as session:
        for enterprises, lines in store.parts(session, batch_id):
            yield b"".join(
                marked(line, leaves[enterprise], told) + b"\n"
                if enterprise in leaves
                else orjson.dumps(withheld_line(enterprise)) + b"\n"
                for enterprise, line in zip(enterprises, lines, strict=True)
            )


def withheld_line(enterprise: str) -> dict[str, Any]:
    """Return the line of an enterprise whose file may not be read."""
    return {"enterprise": enterprise, "problem": WITHHELD}
