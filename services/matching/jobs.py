"""Background work of the matching service: which use case does which kind of job."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chassis.data import schedule
from chassis.data.jobs import Job, Kind
from chassis.data.removal import nightly
from chassis.data.schedule import Scheduled, arranged
from services.matching.context import Context
from services.matching.domain.allocation.order import AllocationOrder
from services.matching.domain.assignment.order import AssignmentOrder
from services.matching.domain.dry_run import DryRunOrder
from services.matching.retention import policies, removals
from services.matching.usecases.allocate import run_allocation
from services.matching.usecases.assign import run_assignment
from services.matching.usecases.dry_run import run_dry_run
from services.matching.usecases.match_many import KIND, run_batch
from services.matching.usecases.order_plan import job_of

# What stands beside the queues.
CLOCK, DELIVERIES = "clock", "deliveries"


def handlers(context: Context) -> dict[Kind, Callable[[Job], None]]:
    """Return the handler of each kind of job; all may be repeated after a crash."""
    return {
        KIND: partial(run_batch, context),
        job_of(AllocationOrder): partial(run_allocation, context),
        job_of(DryRunOrder): partial(run_dry_run, context),
        job_of(AssignmentOrder): partial(run_assignment, context),
    }


def plan(context: Context) -> list[Scheduled]:
    """Return what is done at which times, a line each."""
    return [nightly(context.database, policies(), removals())]


def scheduled(context: Context) -> list[Scheduled]:
    """Return what the clock orders, at the times that the operator wishes."""
    return arranged(plan(context), context.settings.schedule, "MATCHING_SCHEDULE")


def all_handlers(context: Context) -> dict[Kind, Callable[[Job], None]]:
    """Return the handlers of what is ordered and of what is scheduled."""
    return {**handlers(context), **schedule.handlers(context.database, plan(context))}


def posts(context: Context) -> list[str]:
    """Return the posts at which somebody must work, on some host: the queues, and what stands beside them."""
    return sorted({kind.queue for kind in all_handlers(context)} | {CLOCK, DELIVERIES})
