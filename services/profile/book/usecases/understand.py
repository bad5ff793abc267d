"""How a file received is to be read, and what is said where reading it fails by a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import structlog
from polars.exceptions import PanicException
from sqlalchemy.exc import OperationalError

from chassis.core.errors import InvariantBroken, Refused
from services.profile.book import tables
from services.profile.book.context import Context
from services.profile.book.domain.columns import KINDS
from services.profile.book.domain.form import Form
from services.profile.book.readers.forms import form_of
from services.profile.book.usecases.connect import kept
from services.profile.book.usecases.grant_source import bounds_of
from services.profile.standards.days import day_of

log = structlog.get_logger()


class ReaderBroken(InvariantBroken):
    """A file broke the reader, which is ours to mend."""


def how_read(context: Context, order: tables.Import) -> tuple[Form, date]:
    """Return the form of a file, and the day it was received, in China: tomorrow must judge future dates the same."""
    with context.database.read() as session:
        saved = kept(session, order.client, order.connector)
    form = form_of(order.kind, order.connector, order.enterprise, saved)
    return form.within(bounds_of(context, order)), day_of(order.created_at)


def form_of_sheet(context: Context, order: tables.Import, kind: str) -> Form:
    """Return the form of a sheet of a workbook, for what its sender is granted."""
    return KINDS[kind].within(bounds_of(context, order))


@contextmanager
def understanding(order: tables.Import) -> Iterator[None]:
    """Read and check a file within; what breaks the reader would break it again, so that it is not tried again."""
    try:
        yield
    except (Refused, OSError, MemoryError, OperationalError):
        raise
    except (Exception, PanicException) as error:
        log.exception("a file broke the reader", job=order.id, kind=order.kind, size=order.size)
        raise ReaderBroken(
            "The file could not be worked off by a fault of ours, not of yours; the operator finds the cause in the "
            f"log under {order.id}. Saved as .csv under ordinary titles it may pass. / "
            f"因本系统故障未能处理该文件，并非文件有误；运营方可凭编号 {order.id} 在日志中查明原因。"
            "也可另存为普通表头的 .csv 再次报送。",
            id=order.id,
            error=type(error).__name__,
        ) from error
