"""What an allocation offers in all is called so in the plans that are kept: `offered_fen` where `lent_fen` stood."""

from __future__ import annotations

import json
import zlib
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

PLANS = sa.table(
    "plans",
    sa.column("id", sa.String()),
    sa.column("kind", sa.String()),
    sa.column("answer", sa.LargeBinary()),
)


def upgrade() -> None:
    _rename("lent_fen", "offered_fen")


def downgrade() -> None:
    _rename("offered_fen", "lent_fen")


def _rename(before: str, after: str) -> None:
    connection = op.get_bind()
    done = sa.select(PLANS.c.id).where(PLANS.c.kind == "allocation", PLANS.c.answer.is_not(None))
    for plan in connection.scalars(done).all():
        packed = connection.scalar(sa.select(PLANS.c.answer).where(PLANS.c.id == plan))
        kept = json.loads(zlib.decompress(packed or b""))
        renamed = {**kept, "answer": _renamed(kept["answer"], before, after)}
        answer = zlib.compress(json.dumps(renamed, ensure_ascii=False).encode(), level=1)
        connection.execute(sa.update(PLANS).where(PLANS.c.id == plan).values(answer=answer))


def _renamed(told: Any, before: str, after: str) -> Any:
    """Return a document with one member renamed wherever it stands."""
    if isinstance(told, dict):
        return {after if name == before else name: _renamed(value, before, after) for name, value in told.items()}
    return [_renamed(item, before, after) for item in told] if isinstance(told, list) else told
