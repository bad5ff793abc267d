"""A consent says as of which days and how often, and who signed it; reads are counted by consent."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("consents", sa.Column("as_of_from", sa.Date(), nullable=True))
    op.add_column("consents", sa.Column("as_of_until", sa.Date(), nullable=True))
    op.add_column("consents", sa.Column("most_reads_a_day", sa.BigInteger(), nullable=True))
    for name in ("signed_by", "signed_session", "signed_person", "terms_sha256"):
        op.add_column("consents", sa.Column(name, sa.String(), nullable=True))
    op.create_index("ix_accesses_consent_at", "accesses", ["consent", "at"])


def downgrade() -> None:
    op.drop_index("ix_accesses_consent_at", "accesses")
    names = ("as_of_from", "as_of_until", "most_reads_a_day")
    for name in (*names, "signed_by", "signed_session", "signed_person", "terms_sha256"):
        op.drop_column("consents", name)
