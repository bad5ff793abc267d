"""Reading once more what was derived from files: who may still see it, and what is disputed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.profile.book.context import Context
from services.profile.rights import dispute_store
from services.profile.rights.domain.consent import ConsentRequired
from services.profile.rights.domain.dispute import Mark
from services.profile.rights.usecases.open_file import Reading, open_files, reading_transaction


def reread(context: Context, reading: Reading, wanted: Sequence[str]) -> Mapping[str, Sequence[Mark]]:
    """Return what those of these enterprises dispute of which the reader may see again what it has stored.

    The others are left out. Whether the read is recorded and counted is a matter of the resource.
    """
    with reading_transaction(context) as connection:
        try:
            permit = open_files(context, connection, reading, wanted)
        except ConsentRequired:
            return {}
        marks = dispute_store.marks(connection, permit)
    return {name: marks.get(name, ()) for name in permit.enterprises}
