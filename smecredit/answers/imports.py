"""What the suite answers about data that comes in."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from smecredit.answers.basics import Job, Text

ImportKind = Literal[
    "enterprises",
    "invoices",
    "invoices.purchase",
    "invoices.sale",
    "payments",
    "orders",
    "deliveries",
    "tax-filings",
    "public-records",
    "relations",
    "outcomes",
    "workbook",
]
RecordKind = Literal["invoices", "payments", "orders", "deliveries", "tax-filings", "public-records", "relations"]
Channel = Literal["subject", "counterparty", "association", "government", "court"]


class Counts(TypedDict):
    """Rows of one file, or of one sheet of a workbook: received = accepted + duplicate + rejected."""

    sheet: NotRequired[str]
    kind: str
    received: int
    accepted: int
    duplicate: int
    rejected: int


class Withdrawal(TypedDict):
    """An import that was taken back; `at` is null while the work is under way.

    `stand_ins` are later imports that now hold rows which both stated, `send_again` those whose files are gone.
    """

    by: str
    asked_at: str
    at: str | None
    rows: int | None
    enterprises: int | None
    stand_ins: list[str]
    send_again: list[str]


class Import(Job, Counts):
    """A durable import; `parts` counts the sheets of a workbook one by one."""

    withdrawal: Withdrawal | None

    file: str | None
    client: str
    channel: Channel
    connector: str | None
    enterprise: str | None
    stated_on: str | None
    granted: list[str] | None
    sha256: str
    parts: NotRequired[list[Counts] | None]
    ignored_columns: list[str]
    notes: list[str]
    warnings: list[str]
    created_at: str
    finished_at: str | None


class SourceGrant(TypedDict):
    """What a client is granted to send; `enterprises` is null where it is of any firm."""

    id: str
    client: str
    state: Literal["live", "expired", "ended"]
    kinds: list[str]
    channels: list[str]
    enterprises: list[str] | None
    document: str
    expires_on: str | None
    granted_by: str
    granted_at: str
    ended_at: str | None
    ended_by: str | None
    ended_reason: str | None


class Connector(TypedDict):
    """A source's own layout; `owner` and `version` are null for one that comes with the service."""

    name: str
    kind: str
    title: Text
    about: str
    reference: str
    columns: dict[str, str]
    units: dict[str, str]
    values: dict[str, dict[str, str]]
    split: dict[str, Any] | None
    constants: dict[str, str]
    ignored: list[str]
    open: bool
    made: list[str]
    owner: str | None
    version: int | None
    saved_at: str | None
    retired_at: str | None


class ConnectorDetail(Connector):
    """A connector with its declaration, to be changed and saved."""

    declaration: dict[str, Any]
