"""Background work of the matching service: which use case does which kind of job."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chassis.data.jobs import Job
from services.matching.context import Context
from services.matching.usecases import allocate, assign, dry_run
from services.matching.usecases.match_many import KIND, run_batch


def handlers(context: Context) -> dict[str, Callable[[Job], None]]:
    """Return the handler of each kind of job; all may be repeated after a crash."""
    return {
        KIND: partial(run_batch, context),
        allocate.KIND: partial(allocate.run_allocation, context),
        dry_run.KIND: partial(dry_run.run_dry_run, context),
        assign.KIND: partial(assign.run_assignment, context),
    }
