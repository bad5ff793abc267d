"""Numbered offers, what was drawn, the match that an application came from; and the ledger of what was agreed.

An endpoint of before says no firm, and is told as before; a new one says it.

Of each application the terms that the bank offered last (its event says them) become offer 1, and its `terms` again:
what later moves wrote over them stays in their events. It is accepted where the firm has accepted. Else it lapses with
the upgrade, its last day the day before: it was held against no bounds, and no digest of it was ever shown, so that the
bank must offer anew.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from chassis.core.moments import today
from chassis.data.database import Json, Utc

revision = "0013"
down_revision = "0012"

ADDED: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "applications": {
        "match": sa.String(),
        "offer": sa.BigInteger(),
        "expires_on": sa.Date(),
        "drawn_fen": sa.BigInteger(),
    },
    "application_events": {"offer": sa.BigInteger(), "drawn_fen": sa.BigInteger()},
    "webhook_endpoints": {"enterprise": sa.String()},
}
AGREED = {"accepted", "disbursed", "repaid", "defaulted"}
APPLICATIONS = sa.table(
    "applications",
    *(sa.column(name, sa.String()) for name in ("id", "enterprise", "bank", "product", "state")),
    sa.column("product_version", sa.BigInteger()),
    sa.column("terms", Json()),
    sa.column("offer", sa.BigInteger()),
    sa.column("expires_on", sa.Date()),
)
EVENTS = sa.table(
    "application_events",
    sa.column("application", sa.String()),
    sa.column("number", sa.BigInteger()),
    sa.column("event", sa.String()),
    sa.column("terms", Json()),
    sa.column("at", Utc(timezone=True)),
)


def upgrade() -> None:
    for table, columns in ADDED.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.create_index("ix_webhook_endpoints_enterprise_id", "webhook_endpoints", ["enterprise", "id"])
    _keep_offers(_make_offers())
    _make_ledger()


def downgrade() -> None:
    for table in ("ledger_nodes", "ledger_entries", "ledger_head", "application_offers"):
        op.drop_table(table)
    op.drop_index("ix_webhook_endpoints_enterprise_id", "webhook_endpoints")
    for table, columns in ADDED.items():
        for name in columns:
            op.drop_column(table, name)


def _make_offers() -> sa.Table:
    return op.create_table(
        "application_offers",
        sa.Column("application", sa.String(), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("document", Json(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("ledger_entry", sa.BigInteger(), nullable=True),
        sa.Column("made_at", Utc(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["application"], ["applications.id"], name="fk_application_offers_application_applications"
        ),
        sa.PrimaryKeyConstraint("application", "number", name="pk_application_offers"),
    )


def _keep_offers(offers: sa.Table) -> None:
    connection = op.get_bind()
    made = sa.select(EVENTS).where(EVENTS.c.event == "offer").order_by(EVENTS.c.application, EVENTS.c.number)
    newest = {event.application: event for event in connection.execute(made)}
    accepted = set(connection.scalars(sa.select(EVENTS.c.application).where(EVENTS.c.event == "accept")))
    last = today() - timedelta(days=1)
    for application, event in newest.items():
        row = connection.execute(sa.select(APPLICATIONS).where(APPLICATIONS.c.id == application)).one()
        said = {"application": row.id, "offer": 1, "enterprise": row.enterprise, "bank": row.bank}
        document = {**said, "product": row.product, "product_version": row.product_version, **event.terms}
        kept = {"application": application, "number": 1, "document": document, "expires_on": last, "made_at": event.at}
        agreed = application in accepted or row.state in AGREED
        connection.execute(sa.insert(offers).values(**kept, state="accepted" if agreed else "lapsed"))
        mine = sa.update(APPLICATIONS).where(APPLICATIONS.c.id == application)
        connection.execute(mine.values(offer=1, expires_on=last, terms=event.terms))


def _make_ledger() -> None:
    head = op.create_table(
        "ledger_head",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("peaks", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_head"),
    )
    people = [sa.Column(name, sa.String(length=128), nullable=True) for name in ("subject", "actor", "grantee")]
    op.create_table(
        "ledger_entries",
        sa.Column("n", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        *people,
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("n", name="pk_ledger_entries"),
    )
    for name in ("subject", "actor", "grantee"):
        op.create_index(f"ix_ledger_entries_{name}_n", "ledger_entries", [name, "n"])
    op.create_table(
        "ledger_nodes",
        sa.Column("level", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "place", name="pk_ledger_nodes"),
    )
    op.bulk_insert(head, [{"id": 1, "size": 0, "peaks": b""}])
