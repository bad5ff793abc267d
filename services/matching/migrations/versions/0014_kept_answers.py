"""No answer that is kept under an Idempotency-Key holds the secret of a webhook: those from before are rid of it.

The same request again reads it from its endpoint.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Json

revision = "0014"
down_revision = "0013"

ANSWERS = sa.table(
    "idempotency_keys",
    sa.column("client", sa.String()),
    sa.column("key", sa.String()),
    sa.column("answer", Json()),
)
MARK = "whsec_"


def upgrade() -> None:
    connection = op.get_bind()
    # Few are read: the database itself finds those that may hold one.
    told = sa.cast(sa.type_coerce(ANSWERS.c.answer, sa.Text()), sa.Text()).contains(MARK, autoescape=True)
    for row in connection.execute(sa.select(ANSWERS).where(told)).all():
        if isinstance(row.answer, dict) and str(row.answer.get("secret")).startswith(MARK):
            kept = {name: value for name, value in row.answer.items() if name != "secret"}
            mine = sa.update(ANSWERS).where(ANSWERS.c.client == row.client, ANSWERS.c.key == row.key)
            connection.execute(mine.values(answer=kept))


def downgrade() -> None:
    """Leave them without: a secret that was taken out is in the endpoint's row alone."""
