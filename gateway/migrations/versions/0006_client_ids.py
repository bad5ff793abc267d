"""No client that may come in has a colon in its id: addresses of firms and roles have one, and look like no client's.

An id is what consents, products and messages of other services name, so that none is rewritten here.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chassis.core.errors import Conflict

revision = "0006"
down_revision = "0005"

CLIENTS = sa.table("clients", sa.column("id", sa.String()), sa.column("disabled_at", sa.DateTime(timezone=True)))


def upgrade() -> None:
    live = sa.select(CLIENTS.c.id).where(CLIENTS.c.id.contains(":"), CLIENTS.c.disabled_at.is_(None))
    found = op.get_bind().execute(live.order_by(CLIENTS.c.id)).scalars().all()
    if found:
        raise Conflict(
            f"{len(found)} clients have a colon in their id ({', '.join(found[:5])}), which marks firms and roles. "
            "Add each anew under an id without one, have consents given to it, and end the old one: "
            "python -m gateway.cli end-client ID. Then start again; until then the release before goes on."
        )


def downgrade() -> None:
    """Nothing was changed."""
