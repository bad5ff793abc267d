"""What keeps the service in order day by day: a line each says when; the operator may choose another time, or none."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from functools import partial
from typing import Any

from chassis.data.jobs import Job
from chassis.data.schedule import Daily, Scheduled
from services.profile.book.context import Context
from services.profile.book.usecases.touch import note_all_changed
from services.profile.graph.usecases.keep_ties import tend
from services.profile.graph.usecases.order_shock import KEPT, forget_old
from services.profile.portrait.usecases.make_peers import tidy
from services.profile.rights.usecases.shred import shred as erase


def plan(context: Context) -> list[Scheduled]:
    """Return what is done each day, by times of China."""
    return [
        Scheduled("daily-look", Daily(time(3, 30)), partial(order_look, context)),
        Scheduled("shred", Daily(time(4, 30)), partial(shred, context)),
    ]


def order_look(context: Context, _: Job) -> Mapping[str, Any]:
    """Order a look at every enterprise, since silence is told by no import, and at the books of exposures."""
    with context.database.begin() as session:
        return {"ordered": note_all_changed(session, books=True)}


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
    # Of what was erased nothing is left in figures that no reader is shown any more.
    tidy(context, unnamed=0.0)
    return done
