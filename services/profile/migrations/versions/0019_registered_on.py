"""The day of a firm's registration as another than the firm stated it; who stated earlier ones is not asked again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

NAME = "registered_on"
HELD = (("enterprise_versions", "known_at", "described"), ("enterprise_statements", "number", "said"))


def upgrade() -> None:
    op.add_column("enterprises", sa.Column(NAME, sa.Date(), nullable=True))


def downgrade() -> None:
    # Who reads what is known of a firm takes no member that it does not know.
    for name, key, document in HELD:
        held = sa.table(name, sa.column("enterprise"), sa.column(key), sa.column(document, sa.JSON()))
        for row in op.get_bind().execute(sa.select(held)).all():
            if NAME in row[2]:
                rest = {each: value for each, value in row[2].items() if each != NAME}
                same = (held.c.enterprise == row[0], held.c[key] == row[1])
                op.execute(sa.update(held).where(*same).values({document: rest}))
    op.drop_column("enterprises", NAME)
