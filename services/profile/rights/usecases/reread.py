"""Reading once more what was derived from files: who may still see it, and what is disputed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from services.profile.book.context import Context
from services.profile.rights import dispute_store
from services.profile.rights.usecases.open_file import Reading, permit_again, reading_transaction


def read_again(context: Context, reading: Reading, wanted: Sequence[str]) -> dict[str, list[Mapping[str, Any]]]:
    """Return what those of these enterprises dispute whose stored scores the reader may see now; record each read."""
    with reading_transaction(context) as connection:
        permit = permit_again(context, connection, reading, wanted)
        marks = dispute_store.marks(connection, permit.enterprises)
    return {name: [mark.as_json() for mark in marks.get(name, ())] for name in permit.enterprises}
