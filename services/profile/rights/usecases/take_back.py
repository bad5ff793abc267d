"""Taking an import back: its rows end, what rests on them ends or is computed anew, and who has to know is told.

Earlier moments are still read as they were. The work is a durable job: an import may speak of many firms.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import polars as pl
from sqlalchemy import select
from sqlalchemy.orm import Session

from chassis.core.errors import Conflict
from chassis.core.identity import Caller
from chassis.data import jobs, ledger
from chassis.data.jobs import Job
from services.profile.book import departures, description_store, step_store, tables, withdrawals
from services.profile.book.context import Context
from services.profile.book.domain import public_record
from services.profile.book.domain.columns import ENTERPRISES
from services.profile.book.domain.departure import names_of
from services.profile.book.usecases.agree import agree
from services.profile.book.usecases.receive import ImportNotFound
from services.profile.book.usecases.touch import note_changed
from services.profile.book.usecases.withdraw import Brought, StandIns, brought, end, stand_ins
from services.profile.rights import dispute_store, measure_store, notice_store
from services.profile.rights.domain.dispute import READERS_FOR, TAKEN_BACK, Correction
from services.profile.rights.domain.notice import Event, of_enterprise
from services.profile.rights.usecases.set_measure import end_measures_on

RECORD_GONE = "the import of the public record that it rested on was taken back / 所依据的公共信用信息已被报送方撤回"


class NotFinished(Conflict):
    """The import is under way, or nothing of it came into the book."""


class AlreadyWithdrawn(Conflict):
    """The import has been taken back."""


class NotWithdrawable(Conflict):
    """What the import did cannot be taken back as a whole."""


def ask(context: Context, session: Session, caller: Caller, import_id: str) -> tables.Import:
    """Note that its sender or the operator takes an import back, and enqueue the work; return the import.

    Asked again while the work is under way nothing more happens; where it broke off it is begun again.
    """
    order = session.get(tables.Import, import_id, with_for_update=True)
    if order is None or not (caller.role == "operator" or caller.client == order.client):
        raise ImportNotFound("There is no such import of yours. / 没有您的该次导入。", id=import_id[:40])
    begun = withdrawals.withdrawal(session, import_id, lock=True)
    if begun is None:
        _check(session, order)
        begun = tables.Withdrawal(import_id=order.id, by=caller.client, asked_at=context.now(), at=None, told=None)
        session.add(begun)
        session.flush()
    elif begun.at is not None or not _broke_off(session, begun):
        raise AlreadyWithdrawn(
            "The import has been taken back already. / 该次导入已撤回，无需重复操作。",
            by=begun.by,
            withdrawn_at=begun.at.isoformat() if begun.at else None,
        )
    job = jobs.order(session, withdrawals.JOB, {"import": order.id}, caller=caller)
    begun.told = {"job": job}
    session.flush()
    return order


def take_back(context: Context, job: Job) -> None:
    """Take one import back; may be repeated after a crash, and is where another import has repeated its rows since."""
    agree(context)
    with context.database.read() as session:
        order = session.get_one(tables.Import, job.payload["import"])
    while True:
        ended = brought(context, order)
        others = stand_ins(context, order, ended)
        with context.database.begin() as session:
            if _concluded(context, session, order, ended, others):
                return


def _concluded(context: Context, session: Session, order: tables.Import, ended: Brought, others: StandIns) -> bool:
    now = context.now()
    before = withdrawals.withdrawal(session, order.id)
    again = before is not None and before.at is not None
    if end(context, session, order, ended, others, now) is None:
        return False
    row = session.get_one(tables.Withdrawal, order.id)
    told = dict(row.told or {}) if again else {}
    row.told = {
        "rows": told.get("rows", sum(ended.by_enterprise.values())),
        "enterprises": told.get("enterprises", len(ended.by_enterprise)),
        "stand_ins": sorted({*told.get("stand_ins", ()), *others.imports}),
        "send_again": sorted({*told.get("send_again", ()), *others.lost}),
    }
    names = ended.by_enterprise.keys()
    note_changed(session, names, order.kind, undone=order.finished_at)
    context.peers.changed(session)
    if not again:
        _end_what_rests(context, session, ended, row.by, now)
        _tell(session, order, names, row.by, now)
        _enter(session, order, ended, row.by)
    return True


def _check(session: Session, order: tables.Import) -> None:
    if order.finished_at is None:
        raise NotFinished(
            "The import is not done, or failed: nothing of it is in the book. Ask again when it is done. / "
            "该次导入尚未完成或已失败，账册中没有其数据；请待完成后再撤回。",
            id=order.id,
        )
    if order.kind == ENTERPRISES.kind and not description_store.said_by(session, order.id):
        raise NotWithdrawable(
            "The import came before what each one says of enterprises was kept apart; send the right description: the "
            "latest one counts. / 该次导入早于系统逐次保留企业信息，无法整批撤回；请直接报送正确内容，以最新报送为准。",
            kind=order.kind,
        )
    if departures.left_by(session, order.id):
        raise NotWithdrawable(
            "The import states repairs, and what was repaired has left the book for good; dispute single records "
            "instead. / 该次导入含信用修复，已修复的记录不可恢复；请就个别记录提出异议。",
            kind=order.kind,
        )


def _broke_off(session: Session, begun: tables.Withdrawal) -> bool:
    job = (begun.told or {}).get("job")
    # A job that is gone has ended long ago (`retention.toml`), and the work was not done.
    return job is not None and session.scalar(select(jobs.TABLE.c.state).where(jobs.TABLE.c.id == job)) in (
        None,
        jobs.FAILED,
    )


def _end_what_rests(context: Context, session: Session, ended: Brought, by: str, now: datetime) -> None:
    """End the measures and the marks of disputes about records that nothing states any more."""
    if ended.dataset is None or ended.rows.is_empty():
        return
    disputed = dispute_store.marked_records(session, ended.by_enterprise.keys(), ended.dataset.name)
    resting = set()
    if ended.dataset is public_record.DATASET:
        resting = measure_store.numbers_rested_on(session, ended.by_enterprise.keys())
    firms = sorted({*disputed, *(enterprise for enterprise, _ in resting)})
    if not firms:
        return
    left = _left(context, session, ended, firms)
    numbers = set(left.select("enterprise", "number").iter_rows()) if resting else set()
    brought_numbers = set(ended.rows.select("enterprise", "number").iter_rows()) if resting else set()
    for enterprise, number in sorted((resting & brought_numbers) - numbers):
        end_measures_on(session, enterprise, number, now, actor=by, reason=RECORD_GONE)
    mine = ended.rows.filter(pl.col("enterprise").is_in(firms))
    gone = set(names_of(ended.dataset, mine)) - set(names_of(ended.dataset, left))
    for enterprise, records in disputed.items():
        if over := gone & records:
            by_removal = (Correction.REMOVED, TAKEN_BACK)
            dispute_store.end_disputes(session, enterprise, over, now, kind=ended.dataset.name, by=by_removal)


def _left(context: Context, session: Session, ended: Brought, firms: Collection[str]) -> pl.DataFrame:
    assert ended.dataset is not None
    version = step_store.lake_versions(session)[ended.dataset.name]
    gone = withdrawals.withdrawn(session)
    return context.lakes[ended.dataset.name].read(version, firms, without=gone)


def _tell(session: Session, order: tables.Import, enterprises: Collection[str], by: str, now: datetime) -> None:
    """Tell the firms, and everybody who read their files in the last twelve months; and the sender, by the operator."""
    readers = notice_store.readers_of(session, enterprises, now - READERS_FOR)
    recipients = {name: {of_enterprise(name), *readers.get(name, ())} for name in enterprises}
    if by != order.client and enterprises:
        recipients[min(enterprises)].add(order.client)
    notice_store.notify_each(session, recipients, Event.TAKEN_BACK, order.id, now)


def _enter(session: Session, order: tables.Import, ended: Brought, by: str) -> None:
    # Others wait while the ledger is written to: it comes last.
    facts = {"import": order.id, "kind": order.kind}
    ledger.append(
        session,
        [
            # How many rows there were of a firm may be known to others: sealed, so that it does not tell whose this is.
            ledger.Entry("import-withdrawn", name, by, facts, {"rows": str(count)})
            for name, count in sorted(ended.by_enterprise.items())
        ],
    )
