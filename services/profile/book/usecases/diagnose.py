"""What broke a read or a job, where it is a damaged file of a lake: found when something breaks, and named."""

from __future__ import annotations

import threading
from collections.abc import Callable

import structlog
from deltalake.exceptions import DeltaError
from polars.exceptions import PanicException, PolarsError

from chassis.core.errors import InvariantBroken
from chassis.data.jobs import Job
from services.profile.book.context import Context
from services.profile.book.damage import LakeDamaged, damaged

log = structlog.get_logger()
_turn = threading.Lock()


def diagnose(context: Context, error: BaseException) -> LakeDamaged | None:
    """Return the refusal that names a damaged file, None where an error has another cause.

    Every file is read for it, in one thread at a time: nothing else is to be done with a lake that breaks reads.
    """
    # What a lake broke while a file was understood is told of the file, with the cause behind it.
    cause = error.__cause__ if isinstance(error, InvariantBroken) else error
    if cause is None or not _of_a_file(cause):
        return None
    with _turn:
        for kind, lake in context.lakes.items():
            for damage in damaged(kind, lake.files, deep=True):
                log.error("lake damaged", lake=damage.lake, bucket=damage.bucket, file=damage.file, found=damage.found)
                return damage.refusal()
    return None


def diagnosed(context: Context, handler: Callable[[Job], None]) -> Callable[[Job], None]:
    """Return a handler whose job is ended by the name of a damaged file, and not by what a library says of it."""

    def handle(job: Job) -> None:
        try:
            handler(job)
        except (Exception, PanicException) as error:
            if (refusal := diagnose(context, error)) is not None:
                raise refusal from error
            raise

    return handle


def _of_a_file(error: BaseException) -> bool:
    gone = isinstance(error, OSError) and ".parquet" in str(error)
    return gone or isinstance(error, PolarsError | PanicException | DeltaError)
