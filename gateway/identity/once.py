"""What may be used once: assertions and proofs, each a row until it has expired anyway."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from chassis.data.database import Database
from gateway.identity.tables import UsedAssertionRow


def use_up(database: Database, kind: str, holder: str, jti: str, *, until: float, now: float) -> bool:
    """Use up what `holder` signed under an id; return False where it was used before.

    The digest is a primary key: of two workers that get the same one at once, one inserts it and the other is refused.
    """
    mark = hashlib.sha256(f"{kind}{holder}\n{jti}".encode()).digest()
    try:
        with database.begin() as session:
            session.execute(
                delete(UsedAssertionRow).where(UsedAssertionRow.expires_at < datetime.fromtimestamp(now, UTC))
            )
            row = {"digest": mark, "expires_at": datetime.fromtimestamp(until, UTC)}
            session.execute(insert(UsedAssertionRow), [row])
    except IntegrityError:
        return False
    return True
