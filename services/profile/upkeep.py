"""What keeps the service in order day by day: a line each says when; the operator may choose another time, or none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, time
from functools import partial
from typing import Any

from chassis.core.moments import day_of, start_of
from chassis.data import clock
from chassis.data.jobs import Job
from chassis.data.removal import Removal, counted, finished_jobs
from chassis.data.removal import carry_out as carry_out_on
from chassis.data.schedule import Daily, Scheduled
from services.profile.book import lake_care, state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import usual_day
from services.profile.book.snapshots import forgotten_snapshots
from services.profile.book.tables import Import
from services.profile.book.usecases.agree import agree
from services.profile.book.usecases.touch import note_all_changed
from services.profile.graph import shock_store
from services.profile.graph.tables import ShockOrder
from services.profile.graph.usecases.keep_ties import tend
from services.profile.graph.usecases.order_shock import KEPT, forget_old
from services.profile.portrait.usecases.make_peers import tidy
from services.profile.portrait.usecases.read_features import FORM
from services.profile.rights.domain.retention import all_declared
from services.profile.rights.usecases.shred import shred as erase
from services.profile.rights.usecases.shred import would_shred
from services.profile.watch.alert_store import forget_acknowledgements
from services.profile.watch.tables import Alert


def plan(context: Context) -> list[Scheduled]:
    """Return what is done each day, by times of China."""
    return [
        Scheduled("daily-look", Daily(time(3, 30)), partial(order_look, context)),
        Scheduled("shred", Daily(time(4, 30)), partial(shred, context)),
        Scheduled("lakes", Daily(time(5, 15)), partial(tend_lakes, context)),
    ]


def order_look(context: Context, _: Job) -> Mapping[str, Any]:
    """Order a look at every enterprise, since silence is told by no import, and at the books of exposures."""
    with context.database.begin() as session:
        return {"ordered": note_all_changed(session, books=True)}


def tend_lakes(context: Context, _: Job | None = None) -> Mapping[str, Any]:
    """Join the small files of the lakes, and remove those that were replaced a day ago; return how many of each."""
    agree(context)
    with context.database.read() as session:
        hours = lake_care.kept_hours(clock.apart(session, context.now()))
    lean = [lake_care.tend(lake, hours) for lake in context.lakes.values()]
    return {"joined": sum(each.joined for each in lean), "removed": sum(each.removed for each in lean)}


def shred(context: Context, _: Job | None = None) -> Mapping[str, Any]:
    """Erase what is past its keeping; return how much went of each policy under which anything did.

    It ends with the graph written anew: no sum of what was erased is named any more.
    """
    done = carry_out(context)
    tend(context)
    return {key: count for key, count in done.items() if count}


def carry_out(context: Context) -> dict[str, int]:
    """Carry out every policy of retention, those of the wings beside that of rights; return how much went of each."""
    done = {**erase(context), KEPT: forget_old(context)}
    done |= carry_out_on(context.database, all_declared(), removals(context), context.now())
    # Of what was erased nothing is left in figures that no reader is shown any more.
    tidy(context, unnamed=0.0)
    return done


def foretell(context: Context) -> dict[str, int]:
    """Return how much of each policy would go now; shocks are left out where they are under way, as in the run."""
    found = would_shred(context) | counted(context.database, all_declared(), removals(context), context.now())
    with context.database.read() as session:
        before = start_of(all_declared().policy(KEPT).kept_from(context.today()))
        return found | {KEPT: shock_store.due(session, before)}


def removals(context: Context) -> list[Removal]:
    """Return which rows of the wings go, beside those of rights."""
    alert = Alert.__table__
    return [
        Removal("alerts", alert, lambda before: Alert.cleared_on < day_of(before), forget_acknowledgements),
        forgotten_snapshots("feature-snapshots", _oldest_figures(context), FORM),
        finished_jobs("jobs", Import.id, ShockOrder.id),
    ]


def _oldest_figures(context: Context) -> date:
    """Return the first day whose figures are still remembered: they are of the book's days, which may lie long ago."""
    with context.database.read() as session:
        day = usual_day(state_store.book(session).date, context.today())
    return all_declared().policy("feature-snapshots").kept_from(day)
