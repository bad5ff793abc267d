"""Opening files step by step, for one answer: which file is next is known from what the last ones tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from typing import Any

from sqlalchemy import Connection

from services.profile.book.context import Context
from services.profile.book.domain.permit import Permit
from services.profile.rights.usecases.open_file import (
    Opened,
    Reading,
    open_one,
    open_within,
    reading_transaction,
    record,
)


class Steps:
    """Files that are opened step by step, for one answer: each under its own consent, each read recorded.

    The steps share a transaction, and the records are its last act, since others wait for the ledger meanwhile. Before
    something slow is read call `settle`: it commits what was opened so far.
    """

    def __init__(self, context: Context, reading: Reading, stack: ExitStack) -> None:
        self._context, self._reading, self._stack = context, reading, stack
        self._open: Connection | None = None
        self._records: list[dict[str, Any]] = []
        self._held = False

    @property
    def connection(self) -> Connection:
        """The transaction of the step: whatever a step looks up is looked up there, as it may wait for no other."""
        if self._open is None:
            self._open = self._stack.enter_context(reading_transaction(self._context))
        return self._open

    def one(self, enterprise: str) -> Permit:
        """Open one file; raises as `open_file` does."""
        return self._taken(open_one(self._context, self.connection, self._reading, enterprise)).permit

    def some(self, enterprises: Sequence[str], day: date, most: int) -> Permit:
        """Open those of some files that the reader may read as of a day, up to so many, as `open_some` does."""
        if self._held:
            self.settle()  # who counts the reads of one step must not wait for those of another: see `hold`
        return self._taken(open_within(self._context, self.connection, self._reading, enterprises, day, most)).permit

    def settle(self) -> None:
        """Record the reads so far and commit; the next step begins another transaction."""
        if self._open is not None:
            record(self._open, self._reading, self._records)
            self._stack.close()
            self._open, self._records, self._held = None, [], False

    def _taken(self, opened: Opened) -> Opened:
        self._records += opened.records
        self._held = self._held or opened.held
        return opened


@contextmanager
def opening(context: Context, reading: Reading) -> Iterator[Steps]:
    """Open files step by step; what was opened is on record when the block has ended, and only then shown."""
    with ExitStack() as stack:
        steps = Steps(context, reading, stack)
        yield steps
        steps.settle()
