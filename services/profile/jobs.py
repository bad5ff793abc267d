"""Background work of the profile service: which use case does which kind of job."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chassis.data.jobs import Job
from services.profile.context import Context
from services.profile.usecases.load import load
from services.profile.usecases.receive import JOB
from services.profile.usecases.watch import JOB as LOOK
from services.profile.usecases.watch import watch


def handlers(context: Context) -> dict[str, Callable[[Job], None]]:
    """Return the handler of each kind of job; all may be repeated after a crash."""
    return {JOB: partial(load, context), LOOK: partial(watch, context)}
