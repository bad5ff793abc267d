"""Background work of the profile service: which use case does which kind of job."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from chassis.data import schedule
from chassis.data.jobs import Job, Kind
from chassis.data.schedule import Scheduled, arranged
from services.profile.book.context import Context
from services.profile.book.usecases.diagnose import diagnosed
from services.profile.book.usecases.load import load
from services.profile.book.usecases.receive import JOB
from services.profile.book.usecases.touch import JOB as LOOK
from services.profile.book.withdrawals import JOB as UNDO
from services.profile.composition import HOOKS
from services.profile.graph.usecases.order_shock import JOB as SHOCK
from services.profile.graph.usecases.order_shock import work_off_shock
from services.profile.portrait.peer_store import JOB as PEERS
from services.profile.portrait.usecases.make_peers import work_off as work_off_peers
from services.profile.rights.usecases.take_back import take_back
from services.profile.supervision.usecases.publish_index import JOB as INDEX
from services.profile.supervision.usecases.publish_index import publish_index
from services.profile.upkeep import plan
from services.profile.watch.exposure_store import JOB as BOOKS
from services.profile.watch.usecases.look import watch
from services.profile.watch.usecases.look_books import watch_books


def handlers(context: Context) -> dict[Kind, Callable[[Job], None]]:
    """Return the handler of each kind of job; all may be repeated after a crash."""
    found: dict[Kind, Callable[[Job], None]] = {
        JOB: partial(load, context, HOOKS),
        UNDO: partial(take_back, context),
        LOOK: partial(watch, context),
        BOOKS: partial(watch_books, context),
        INDEX: partial(publish_index, context),
        SHOCK: partial(work_off_shock, context),
        PEERS: partial(work_off_peers, context),
    }
    return {kind: diagnosed(context, handler) for kind, handler in found.items()}


def scheduled(context: Context) -> list[Scheduled]:
    """Return what the clock orders, at the times that the operator wishes."""
    return arranged(plan(context), context.settings.schedule, "PROFILE_SCHEDULE")


def all_handlers(context: Context) -> dict[Kind, Callable[[Job], None]]:
    """Return the handlers of what is ordered and of what is scheduled."""
    return {**handlers(context), **schedule.handlers(context.database, plan(context))}
