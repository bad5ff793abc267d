"""What a kind of data asks for beside being loaded; a wing that cares for a kind gives it its hooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from sqlalchemy.orm import Session

from chassis.data.jobs import Job
from services.profile.book import tables
from services.profile.book.context import Context


@dataclass(frozen=True, slots=True)
class Hooks:
    """Both get the rows that passed the kind's own rules, with their `line`.

    `on_check` says which lines are refused all the same, and why, before anything is stored. `on_visible` does what
    follows from the rows, in the transaction that makes them visible; it may be called again after a crash before that
    transaction, never after it.
    """

    on_check: Callable[[Context, Job, tables.Import, pl.DataFrame], Iterable[tuple[list[int], str]]]
    on_visible: Callable[[Context, Session, tables.Import, pl.DataFrame, datetime], None]
