"""What the suite answers about consents."""

from __future__ import annotations

from typing import Literal, TypedDict

Purpose = Literal[
    "credit-assessment",
    "credit-monitoring",
    "financing-match",
    "model-training",
    "supervision",
    "procurement",
    "financing-application",
    "financing-acceptance",
]


class Consent(TypedDict):
    """A consent of an enterprise: its terms, who gave it, and when it ended."""

    id: str
    enterprise: str
    grantee: str
    purposes: list[str]
    fields: list[str]
    valid_from: str
    valid_until: str
    as_of_from: str | None
    as_of_until: str | None
    most_reads_a_day: int | None
    most_reads_a_month: int | None
    document_sha256: str | None
    terms_sha256: str | None
    signed_by: str | None
    signed_session: str | None
    signed_person: str | None
    created_at: str
    revoked_at: str | None
