"""Listing the classes of the files that a reader may open: a page of them, each a read that is recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from services.profile.book import state_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.book.domain.permit import Permit
from services.profile.book.usecases.settle import settle
from services.profile.rights.usecases.open_file import Reading, open_files, open_to, reading_transaction
from services.profile.supervision.domain.inspection import Inspection, inspection_on
from services.profile.supervision.domain.pack import Class
from services.profile.supervision.usecases.classify import Standing, declared, measure, stand


@dataclass(frozen=True, slots=True)
class Listed:
    """The classes of a page of files, how many of the page have each class, and after which id the next page begins."""

    permit: Permit
    standings: tuple[Standing, ...]
    counts: Mapping[Class, int]
    after: str | None
    as_of: date
    known_at: datetime
    inspection: Inspection


def list_classes(
    context: Context, reading: Reading, asked: Asked, sector: str | None, after: str | None, most: int
) -> Listed:
    """Return the classes of the first `most` files behind `after`, by id, that are open to the reader."""
    with reading_transaction(context) as connection:
        names = [name for name in open_to(context, connection, reading) if after is None or name > after]
        permit = open_files(context, connection, reading, names[:most])
        facts = settle(connection, state_store.book(connection), asked, context.today())
    moment = replace(facts.moment, known_at=facts.known_at)
    standings = stand(declared(context), measure(context, moment, permit), sector) if permit.enterprises else []
    return Listed(
        permit,
        tuple(standings),
        Counter(each.grade for each in standings),
        names[most - 1] if len(names) > most else None,
        moment.as_of,
        facts.known_at,
        inspection_on(moment.as_of),
    )
