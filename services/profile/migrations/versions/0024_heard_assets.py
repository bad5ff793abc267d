"""A firm's assets as another than the firm stated them, and who; who stated earlier ones is not asked again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"

NAMES = ("heard_assets_fen", "assets_by")
HELD = (("enterprise_versions", "known_at", "described"), ("enterprise_statements", "number", "said"))


def upgrade() -> None:
    op.add_column("enterprises", sa.Column(NAMES[0], sa.BigInteger(), nullable=True))
    op.add_column("enterprises", sa.Column(NAMES[1], sa.String(length=20), nullable=True))


def downgrade() -> None:
    # Who reads what is known of a firm takes no member that it does not know.
    for name, key, document in HELD:
        held = sa.table(name, sa.column("enterprise"), sa.column(key), sa.column(document, sa.JSON()))
        for row in op.get_bind().execute(sa.select(held)).all():
            if row[2].keys() & set(NAMES):
                rest = {each: value for each, value in row[2].items() if each not in NAMES}
                same = (held.c.enterprise == row[0], held.c[key] == row[1])
                op.execute(sa.update(held).where(*same).values({document: rest}))
    for each in reversed(NAMES):
        op.drop_column("enterprises", each)
