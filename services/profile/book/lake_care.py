"""Keeping a lake lean: small files are joined, and what that left behind is removed after a while.

No moment is lost by that: a version whose own files are gone is read from later ones, which hold the same rows, up to
what was known then (as after an erasure, `table_files`). For as long as a reader may still hold a list of the old
files they stay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from deltalake import CommitProperties, Transaction
from deltalake.exceptions import CommitFailedError, DeltaError

from services.profile.book.appendable import LakeBusy
from services.profile.book.fit import TRANSACTIONS_KEPT
from services.profile.book.lake import Lake
from services.profile.book.table_files import JOINED

# The longest work that reads files which it has listed: a look at the whole book, a rebuild of what is made of it.
KEPT_HOURS = 24
HOUR = timedelta(hours=1)
# Clocks that are a minute apart are as good as one: to ask takes time, too, and SQLite tells milliseconds.
UNSURE = timedelta(minutes=1)
MOST_ATTEMPTS = 8
PARTS = ["bucket"]
BOUNDED = {"delta.setTransactionRetentionDuration": TRANSACTIONS_KEPT}


@dataclass(frozen=True, slots=True)
class Lean:
    """What became of a lake's files: how many were joined, how many that had been replaced were removed."""

    joined: int
    removed: int


def tend(lake: Lake, hours: int = KEPT_HOURS) -> Lean:
    """Join the small files of a lake, and remove those that were replaced so many hours ago. It may be done again.

    Raises `LakeBusy` where imports win the race again and again.
    """
    _bound(lake)
    try:
        joined = lake.compact()
    except DeltaError:
        joined = 0  # imports were quicker; the next night finds the same files
    return Lean(joined, _remove(lake, hours))


def kept_hours(ahead: timedelta) -> int:
    """Return for how many hours by this host's clock files stay; `ahead` is how far it is ahead of the database's.

    What removes files goes by the host's clock: one that is ahead would take them from who still reads them. One that
    is behind removes them later, and does no harm.

    >>> kept_hours(timedelta(seconds=2)), kept_hours(timedelta(minutes=62)), kept_hours(timedelta(hours=-1))
    (24, 26, 24)
    """
    return KEPT_HOURS + max(0, ceil((ahead - UNSURE) / HOUR))


def _bound(lake: Lake) -> None:
    """Have a lake of an earlier release forget import ids by which nobody asks any more; its log grew by each."""
    table = lake.files.remote()
    held: Mapping[str, str | None] = table.metadata().configuration
    if any(held.get(name) != value for name, value in BOUNDED.items()):
        table.alter.set_table_properties(BOUNDED)


def _remove(lake: Lake, hours: int) -> int:
    # `full`: also what a killed writer left. What went before is named by the log for a week.
    named = lake.files.remote().vacuum(hours, dry_run=True, enforce_retention_duration=False, full=True)
    old = lake.files.lying(named)
    if not old:
        return 0
    # First the word by which readers of old versions go to other files, then the files.
    _mark(lake)
    lake.files.remote().vacuum(hours, dry_run=False, enforce_retention_duration=False, full=True)
    lake.files.forget()
    return len(old)


def _mark(lake: Lake) -> None:
    for _ in range(MOST_ATTEMPTS):
        table = lake.files.table()
        properties = CommitProperties(app_transactions=[Transaction(JOINED, table.version() + 1)], max_commit_retries=0)
        try:
            with lake.files.committing(table) as (writable, _):
                writable.create_write_transaction([], "append", table.schema(), PARTS, commit_properties=properties)
        except CommitFailedError:
            continue
        return
    raise LakeBusy(JOINED)
