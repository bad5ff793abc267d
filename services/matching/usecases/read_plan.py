"""Read a plan while its enterprises consent: one that no longer does is withheld, and figures that would tell of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.core import problems
from chassis.core.identity import Caller
from chassis.data import jobs
from chassis.data.jobs import JobState
from services.matching import store
from services.matching.clients import Wanted
from services.matching.context import Context
from services.matching.domain.disclosure import disclosed
from services.matching.domain.leave import Leave
from services.matching.store import Planned
from services.matching.tables import Plan
from services.matching.usecases.match_many import withheld_line


@dataclass(frozen=True, slots=True)
class PlanRead:
    """A plan, how far its job is, and what was planned as far as it may be read; None until it is done."""

    row: Plan
    job: JobState
    result: Mapping[str, Any] | None


def read_plan(context: Context, caller: Caller, kind: str, plan_id: str) -> PlanRead:
    """Return how far a plan is, and once it is done the plan.

    It tells about every enterprise that it was made from: leave is asked anew for each, and each that gives it finds
    the read in its record.
    """
    with context.database.read() as session:
        row = store.plan(session, plan_id, kind, caller.client)
        job = jobs.state_of(session, row, row.job)
    planned = store.planned(row) if job.state == "done" else None
    if planned is None:
        return PlanRead(row, job, None)
    leaves = context.profile.reread(Wanted(planned.made_from, row.as_of))
    return PlanRead(row, job, _shown(planned, leaves))


def _shown(planned: Planned, leaves: Mapping[str, Leave]) -> dict[str, Any]:
    """Return what is told of a plan; every firm that the order named has a line, if only with its problem.

    Of a firm whose file was not read no figure was made, so that its line closes none.
    """
    made_from = planned.made_from
    withheld = [enterprise for enterprise in made_from if enterprise not in leaves]
    shown = disclosed(planned.answer, leaves.keys(), len(made_from))
    shown["lines"] = [*shown["lines"], *map(withheld_line, (*withheld, *planned.unread))]
    if withheld:
        shown["withheld"] = _problem(len(withheld), len(made_from))
    return shown


def _problem(withheld: int, made_from: int) -> dict[str, Any]:
    return problems.document(
        problems.CONSENT_REQUIRED,
        f"It was made from the files of {made_from} enterprises. The consent of {withheld} has ended, and figures that "
        "would tell of them are left out. Order a new plan: it is made from those that consent now.",
        {"withheld": withheld},
    )
