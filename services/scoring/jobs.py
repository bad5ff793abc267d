"""Background work of the scoring service: which use case does which kind of job."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chassis.data import schedule
from chassis.data.jobs import Job, Kind
from chassis.data.removal import nightly
from chassis.data.schedule import Scheduled, arranged
from services.scoring.context import Context
from services.scoring.store.retention import policies, removals
from services.scoring.usecases.batch import JOB as BATCH
from services.scoring.usecases.batch import run_batch
from services.scoring.usecases.evaluate import JOB as EVALUATE
from services.scoring.usecases.evaluate import run_evaluation
from services.scoring.usecases.train import JOB as TRAIN
from services.scoring.usecases.train import train

# What stands beside the queues.
CLOCK = "clock"


def handlers(context: Context) -> dict[Kind, Callable[[Job], None]]:
    """Return the handler of each kind of job; all may be repeated after a crash."""
    work = {BATCH: run_batch, TRAIN: train, EVALUATE: run_evaluation}
    return {kind: partial(usecase, context) for kind, usecase in work.items()}


def plan(context: Context) -> list[Scheduled]:
    """Return what is done at which times, a line each."""
    return [nightly(context.database, policies(), removals())]


def scheduled(context: Context) -> list[Scheduled]:
    """Return what the clock orders, at the times that the operator wishes."""
    return arranged(plan(context), context.settings.schedule, "SCORING_SCHEDULE")


def all_handlers(context: Context) -> dict[Kind, Callable[[Job], None]]:
    """Return the handlers of what is ordered and of what is scheduled."""
    return {**handlers(context), **schedule.handlers(context.database, plan(context))}


def posts(context: Context) -> list[str]:
    """Return the posts at which somebody must work, on some host: the queues, and what stands beside them."""
    return sorted({kind.queue for kind in all_handlers(context)} | {CLOCK})
