"""The book's date is the operator's: what the rows had made it until now stands as set, so that nothing jumps."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from chassis.data.database import Utc

revision = "0018"
down_revision = "0017"

FIRST = "The latest invoice at the upgrade; until then every import had moved the date."


def upgrade() -> None:
    dates = op.create_table(
        "book_dates",
        sa.Column("version", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("date", sa.Date(), nullable=True),
        sa.Column("set_by", sa.String(length=128), nullable=False),
        sa.Column("set_at", Utc(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=True),
        sa.PrimaryKeyConstraint("version", name="pk_book_dates"),
    )
    op.add_column("book", sa.Column("latest", sa.Date(), nullable=True))
    book = sa.table("book", sa.column("date", sa.Date()), sa.column("latest", sa.Date()))
    op.execute(sa.update(book).values(latest=book.c.date))
    day = op.get_bind().scalar(sa.select(book.c.date))
    if day is not None:
        row = {"version": 1, "date": day, "set_by": "migration", "set_at": datetime.now(UTC), "note": FIRST}
        op.bulk_insert(dates, [row])


def downgrade() -> None:
    # What was before goes by the latest invoice again.
    book = sa.table("book", sa.column("date", sa.Date()), sa.column("latest", sa.Date()))
    op.execute(sa.update(book).values(date=book.c.latest))
    op.drop_column("book", "latest")
    op.drop_table("book_dates")
