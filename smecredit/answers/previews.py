"""What the suite answers about a file before it is sent."""

from __future__ import annotations

from typing import Any, TypedDict

from smecredit.answers.basics import Text


class Guess(TypedDict):
    """That a column of a file is one of ours: how sure that is, from 0 to 1, and why."""

    column: str
    title: Text
    confidence: float
    reason: Text


class PreviewColumn(TypedDict):
    """A column of the file: what it is taken for, null for nothing, and what else it could be."""

    title: str
    taken: Guess | None
    others: list[Guess]
    examples: list[str]


class PreviewField(TypedDict):
    """A column of ours."""

    column: str
    title: Text


class PreviewRow(TypedDict):
    """A row as it would be booked; `yuan` has the amounts of `values` in yuan."""

    line: int
    values: dict[str, Any]
    yuan: dict[str, str]


class PreviewReject(TypedDict):
    """Why a row would be rejected."""

    line: int
    column: str
    value: str
    reason: str


class PreviewTable(TypedDict):
    """One table of the file and its first rows."""

    sheet: str | None
    kind: str
    columns: list[PreviewColumn]
    choices: list[PreviewField]
    missing: list[PreviewField]
    ignored: list[str]
    rows: list[PreviewRow]
    checked: int
    accepted: int
    rejected: int
    rejects: list[PreviewReject]
    notes: list[str]


class PreviewKind(TypedDict):
    """A kind that the file could be."""

    kind: str
    confidence: float
    missing: list[str]


class Preview(TypedDict):
    """What a file is likely to be: import it by its `kind` and `connector`, or save the `declaration` first."""

    file: str
    form: str
    encoding: str | None
    whole: bool
    kind: str | None
    confidence: float | None
    connector: str | None
    connectors: list[str]
    declaration: dict[str, Any] | None
    needs_enterprise: bool
    enterprise: str | None
    sheets: list[str]
    kinds: list[PreviewKind]
    tables: list[PreviewTable]
    notes: list[str]
