"""What default means to an outcome and to a model, and which firms a model was trained on."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json

revision = "0013"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("models", sa.Column("terms", Json()))
    op.add_column("models", sa.Column("trained_on", sa.LargeBinary(), nullable=True))
    op.add_column("outcomes", sa.Column("definition", sa.String(), nullable=True))
    op.add_column("outcomes", sa.Column("window_from", sa.Date(), nullable=True))
    op.add_column("outcomes", sa.Column("horizon_months", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    for column in ("horizon_months", "window_from", "definition"):
        op.drop_column("outcomes", column)
    for column in ("trained_on", "terms"):
        op.drop_column("models", column)
