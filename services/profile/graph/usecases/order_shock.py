"""Shocks on more files than a caller waits for: ordered as a job, opened batch by batch, their answer kept for a time.

A worker may be killed at any point and the job is taken again: files that it has opened bear its id in their firms'
records, and are opened anew without a second record. The moment is settled when the shock is ordered, so that the
answer is the one that a caller would have got who could wait.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy.orm import Session

from chassis.core.errors import InvariantBroken, NotFound, TooLarge
from chassis.core.identity import Caller
from chassis.data import jobs, ledger
from chassis.data.jobs import Job
from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.book.domain.permit import Permit, joined
from services.profile.book.usecases.settle import settle
from services.profile.graph import shock_store
from services.profile.graph.domain.contagion.book import Exposure
from services.profile.graph.domain.contagion.default import Model
from services.profile.graph.domain.contagion.shock import Shock
from services.profile.graph.tables import ShockOrder
from services.profile.graph.usecases.strike import Order, struck
from services.profile.graph.usecases.tell_shock import told_shock
from services.profile.rights.domain.consent import ConsentRequired, purpose_of
from services.profile.rights.domain.resource import Resource
from services.profile.rights.domain.retention import policies_on, version
from services.profile.rights.usecases.open_file import Reading, open_again, open_to, reading_transaction
from services.profile.standards.days import start_of

JOB = jobs.Kind("shock", "batches")
PART = "order"
# So many files are opened, and their reads recorded, in one transaction: others wait for it for less than a second.
BATCH = 2_000
# Beyond this the worker's time and memory are not measured (ADR 39).
MOST_ORDERED = 100_000
KEPT = "shock-answers"


class TooManyFiles(TooLarge):
    """More files are open to the reader than are read for one shock."""


class ShockNotFound(NotFound):
    """The client has ordered no shock of this id."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """An order as it stands; with its result the files that are open to its client now, of those that are shown."""

    id: str
    order: Order
    state: jobs.JobState
    result: Mapping[str, Any] | None
    permit: Permit | None


def order_shock(context: Context, session: Session, reading: Reading, order: Order, asked: Asked) -> str:
    """Order a shock as a job, and return its id; nothing is opened yet."""
    connection = session.connection()
    facts = settle(connection, state_store.book(connection), asked, context.today())
    job_id = jobs.order(session, JOB, {}, caller=reading.caller)
    row = ShockOrder(
        id=job_id,
        client=reading.caller.client,
        purpose=str(purpose_of(reading.purpose)),
        said=_said(order),
        as_of=facts.moment.as_of,
        known_at=facts.known_at,
        created_at=context.now(),
    )
    shock_store.add(session, row)
    return job_id


def require_room(found: int) -> None:
    """Raise `TooManyFiles` where more than MOST_ORDERED files are open."""
    if found > MOST_ORDERED:
        raise TooManyFiles(
            f"{found} files are open to you, and at most {MOST_ORDERED} are read for one shock; name those that matter "
            "in `exposures`. / 可读档案超过单次上限，请在 exposures 中列明需要测算的企业。",
            found=found,
            most=MOST_ORDERED,
        )


def work_off_shock(context: Context, job: Job) -> None:
    """Work out an ordered shock and keep what is told of it; may be repeated after a crash.

    Raises `ConsentRequired` where none of the files is open to the client any more.
    """
    if job.caller is None:
        raise InvariantBroken("a shock is ordered by a client", id=job.id)
    with context.database.read() as session:
        row = shock_store.order(session, job.id, job.caller.client)
    if row is None or row.result is not None:
        return
    order, reading = _order(row.said), _reading(row, job.caller)
    permit = _opened(context, job, reading, order)
    count = len(permit.enterprises)
    with context.database.connection() as connection:
        facts = settle(connection, state_store.book(connection), Asked(row.as_of, row.known_at), context.today())
    found = struck(context, order, permit, facts, lambda read: job.progress(count + read, 2 * count))
    with context.database.begin() as session:
        done = shock_store.order(session, job.id, job.caller.client)
        if done is not None:
            done.result = orjson.loads(orjson.dumps(told_shock(order, found), option=orjson.OPT_UTC_Z))


def read_order(context: Context, caller: Caller, order_id: str) -> Ordered:
    """Return a client's own order; of a result the files of the firms that it shows are opened as they are open now.

    Their reads were recorded by the job; one that another consent opens since is recorded now. Raises `ShockNotFound`.
    """
    with context.database.begin() as session:
        row = shock_store.order(session, order_id, caller.client)
        if row is None:
            raise ShockNotFound("You have ordered no such shock. / 没有您的该次冲击测算。", id=order_id[:40])
        state = jobs.state_of(session, row, row.id)
        result = row.result
        if result is not None:  # two who read it at once would both record what another consent opens since
            shock_store.hold(session.connection(), row.id)
        order, reading = _order(row.said), _reading(row, caller)
        permit = result and open_again(context, session.connection(), reading, _shown(result, order.shock.enterprises))
        return Ordered(row.id, order, state, result, permit or None)


def forget_old(context: Context) -> int:
    """Delete the answers that are past their keeping; return how many, and enter it in the ledger."""
    [policy] = policies_on(KEPT)
    with context.database.begin() as session:
        count = shock_store.delete_old(session, start_of(policy.kept_from(context.today())))
        if count:
            facts = {"policies": version(), "counts": {policy.key: count}}
            ledger.append(session, [ledger.Entry("shredded", None, None, facts)])
    return count


def _opened(context: Context, job: Job, reading: Reading, order: Order) -> Permit:
    """Open the files of a shock batch by batch; each batch commits with the records of its reads."""
    wanted = sorted(order.book)
    if not wanted:
        with context.database.connection() as connection:
            wanted = open_to(context, connection, reading)
    permits = list[Permit]()
    for start in range(0, len(wanted), BATCH):
        job.progress(start, 2 * len(wanted))
        with reading_transaction(context) as connection:
            shock_store.hold(connection, job.id)
            permits.append(open_again(context, connection, reading, wanted[start : start + BATCH]))
    permit = joined(permits)
    if not permit.enterprises:
        raise ConsentRequired(
            "No file is open to you any more, so that nothing was worked out. / 授权均已失效，未予测算。"
        )
    return permit


def _reading(row: ShockOrder, caller: Caller) -> Reading:
    return Reading(caller, Resource.SHOCK, row.purpose, row.id, row.as_of, PART)


def _shown(result: Mapping[str, Any], named: Collection[str]) -> list[str]:
    """Return whose files a result shows something of; that the asker has named a firm is nothing of its file."""
    told = {each["enterprise"] for each in result["enterprises"]}
    paths = {hop["debtor"] for each in result["enterprises"] for hop in each["path"]} - {None}
    return sorted(told | (paths | set(result["hit"]["firms"])) - set(named))


def _said(order: Order) -> dict[str, Any]:
    return {
        "shock": asdict(order.shock),
        "model": str(order.model),
        "book": [asdict(each) for _, each in sorted(order.book.items())],
    }


def _order(said: Mapping[str, Any]) -> Order:
    shock = said["shock"]
    hit = Shock(**{**shock, "enterprises": tuple(shock["enterprises"])})
    return Order(hit, Model(said["model"]), _book(said["book"]))


def _book(rows: Sequence[Mapping[str, Any]]) -> dict[str, Exposure]:
    return {row["enterprise"]: Exposure(**row) for row in rows}
