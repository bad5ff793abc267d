"""Rows of the lakes' steps: which version of each lake readers saw from which moment on, and whose commit it is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from chassis.data.database import Runner
from services.profile.book import tables
from services.profile.book.fit import CURE, LakeForeign, Step


def add_step(session: Session, dataset: str, known_at: datetime, step: Step, records: int) -> None:
    """Note that from this moment on readers see this version of a kind's lake; one that they see already stays.

    Raise `LakeForeign` where the version is another commit's: the lake has been put back and grown anew.
    """
    table = tables.LakeStep
    same = (table.dataset == dataset, table.lake_version == step.version)
    if (held := session.execute(select(table.commit_id).where(*same)).one_or_none()) is not None:
        if held[0] not in (None, step.commit):
            raise LakeForeign(
                f"Version {step.version} of {dataset} is of the commit {held[0]}, says the database, and the lake has "
                f"given it to {step.commit}. {CURE}",
                lake=dataset,
                lake_version=step.version,
            )
        return
    made = {"lake_version": step.version, "commit_id": step.commit, "committed_at": step.committed_at}
    session.execute(insert(table), [{"dataset": dataset, "known_at": known_at, "records": records, **made}])


def last_steps(runner: Runner) -> dict[str, Step]:
    """Return the newest step of each kind's lake that readers see; a kind not named has none."""
    table = tables.LakeStep
    newest = select(table.dataset, func.max(table.lake_version).label("version")).group_by(table.dataset).subquery()
    query = select(table.dataset, table.lake_version, table.commit_id, table.committed_at).join(
        newest, (table.dataset == newest.c.dataset) & (table.lake_version == newest.c.version)
    )
    return {row[0]: Step(*row[1:]) for row in runner.execute(query)}


def unnamed_steps(runner: Runner, dataset: str) -> list[int]:
    """Return the versions of a kind's lake of which it was not kept which commit made them."""
    table = tables.LakeStep
    query = select(table.lake_version).where(table.dataset == dataset, table.commit_id.is_(None))
    return list(runner.execute(query).scalars())


def name_step(session: Session, dataset: str, step: Step) -> None:
    """Note which commit made a version."""
    table = tables.LakeStep
    this = update(table).where(table.dataset == dataset, table.lake_version == step.version)
    session.execute(this.values(commit_id=step.commit, committed_at=step.committed_at))


def lake_versions(session: Runner, known_at: datetime | None = None) -> dict[str, int]:
    """Return which version of each kind's lake readers saw at a moment (None: see now); a kind not named has none.

    Rows of a version carry the time at which they came to the lake; a step is the later time at which readers saw
    them, so a replay by steps sees neither more nor less than was seen then.
    """
    table = tables.LakeStep
    query = select(table.dataset, func.max(table.lake_version)).group_by(table.dataset)
    if known_at is not None:
        query = query.where(table.known_at <= known_at)
    return {row[0]: row[1] for row in session.execute(query)}


def first_after(runner: Runner, moment: datetime) -> datetime | None:
    """Return when readers first saw a new version of any lake after a moment; None where they saw none since."""
    table = tables.LakeStep
    return runner.execute(select(func.min(table.known_at)).where(table.known_at > moment)).scalar()
