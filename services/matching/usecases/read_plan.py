"""Read a plan while its enterprises still consent: one whose consent has ended is withheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.core.identity import Caller
from chassis.data import jobs
from chassis.data.jobs import JobState
from services.matching import store
from services.matching.clients import Wanted
from services.matching.context import Context
from services.matching.domain.leave import Leave
from services.matching.tables import Plan
from services.matching.usecases.match_many import withheld_line

# Where a plan speaks of single enterprises.
LISTS = ("lines", "excluded")


@dataclass(frozen=True, slots=True)
class PlanRead:
    """A plan, how far its job is, and what was planned as far as it may be read; None until it is done."""

    row: Plan
    job: JobState
    result: Mapping[str, Any] | None


def read_plan(context: Context, caller: Caller, kind: str, plan_id: str) -> PlanRead:
    """Return how far a plan is, and once it is done the plan.

    It tells about enterprises: one whose consent has ended since is withheld, the read of each other is recorded.
    """
    with context.database.read() as session:
        row = store.plan(session, plan_id, kind, caller.client)
        job = jobs.state(session, row.job)
    result = store.planned(row) if job.state == "done" else None
    if result is None:
        return PlanRead(row, job, None)
    enterprises = sorted({line["enterprise"] for part in _parts(result) for key in LISTS for line in part.get(key, [])})
    leaves = context.profile.reread(Wanted(enterprises, row.as_of))
    return PlanRead(row, job, _withheld(result, leaves))


def _withheld(result: dict[str, Any], leaves: Mapping[str, Leave]) -> dict[str, Any]:
    for part in _parts(result):
        for key in LISTS:
            if key in part:
                part[key] = [
                    line if line["enterprise"] in leaves else withheld_line(line["enterprise"]) for line in part[key]
                ]
    return result


def _parts(result: dict[str, Any]) -> list[dict[str, Any]]:
    return [result, *result.get("stress", [])]
