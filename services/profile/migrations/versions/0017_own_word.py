"""Which enterprises' invoices come from themselves: what others say may confirm these, and change what is read."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
ENTERPRISES = sa.table("enterprises", sa.column("own_word", sa.Boolean()))
IMPORTS = sa.table("imports", sa.column("channel", sa.String()))


def upgrade() -> None:
    op.add_column("enterprises", sa.Column("own_word", sa.Boolean(), nullable=False, server_default=sa.false()))
    # Whose files an enterprise's own imports are in was not noted: where there is one, it may be anybody's.
    spoken = sa.exists().where(IMPORTS.c.channel == "subject")
    op.execute(sa.update(ENTERPRISES).where(spoken).values(own_word=True))


def downgrade() -> None:
    op.drop_column("enterprises", "own_word")
