"""Reading who an enterprise is."""

from __future__ import annotations

from services.profile.book.context import Context
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.permit import Permit
from services.profile.book.usecases.enrol import known
from services.profile.rights.usecases.open_file import Reading, open_file, reading_transaction


def read_enterprise(context: Context, reading: Reading, enterprise: str) -> tuple[Permit, Enterprise]:
    """Open what is known of who an enterprise is."""
    with reading_transaction(context) as connection:
        permit = open_file(context, connection, reading, enterprise)
        return permit, known(connection, enterprise)
