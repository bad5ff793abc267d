"""Reading once more what was derived from files: who may still see it, and what is disputed of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date

from sqlalchemy import Connection

from services.profile.book.context import Context
from services.profile.rights import dispute_store
from services.profile.rights.domain.consent import ConsentRequired
from services.profile.rights.domain.dispute import Mark
from services.profile.rights.usecases.open_file import Reading, open_days, open_files, reading_transaction


def reread(context: Context, reading: Reading, wanted: Sequence[str]) -> Mapping[str, Sequence[Mark]]:
    """Return what those of these enterprises dispute of which the reader may see again what it has stored.

    The others are left out. Whether the read is recorded and counted is a matter of the resource.
    """
    with _transaction(context, reading) as connection:
        try:
            permit = open_files(context, connection, reading, wanted)
        except ConsentRequired:
            return {}
        marks = dispute_store.marks(connection, permit)
    return {name: marks.get(name, ()) for name in permit.enterprises}


def reread_days(
    context: Context, reading: Reading, enterprise: str, days: Collection[date]
) -> Mapping[date, Sequence[Mark]]:
    """Return what an enterprise disputes, for those days as of which the reader may see again what it has stored.

    The other days are left out. Where the resource is recorded, a consent that opens several days leaves one record.
    """
    with _transaction(context, reading) as connection:
        permit = open_days(context, connection, reading, {enterprise: days})
        marks = dispute_store.marks(connection, permit).get(enterprise, ())
    return {day: marks for day in days if permit.shows(enterprise, day)}


def _transaction(context: Context, reading: Reading) -> AbstractContextManager[Connection]:
    """Return a transaction that writes only where the read leaves a record: lists need not wait for a turn to write."""
    return reading_transaction(context) if reading.terms.recorded else context.database.connection()
