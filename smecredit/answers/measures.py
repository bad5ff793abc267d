"""What the suite answers about joint incentives and restrictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict

from smecredit.answers.basics import Text

ListName = Literal["red", "black"]


class MeasureTerms(TypedDict):
    """A measure as an authority has decided it; days are ISO dates."""

    enterprise: str
    list: ListName
    basis: str
    scope: Sequence[str]
    authority: str
    document: str
    starts_on: str
    expires_on: str
    record: NotRequired[str | None]


class MeasureCode(TypedDict):
    """Something that a measure may do."""

    code: str
    title: Text


class MeasureBasis(TypedDict):
    """The legal basis of a measure."""

    key: str
    title: Text
    issuer: Text
    document: str


class Measure(TypedDict):
    """A joint incentive or restriction; `expires_on` is its last day, in China."""

    id: str
    enterprise: str
    list: ListName
    state: Literal["planned", "in-force", "expired", "ended"]
    basis: MeasureBasis
    scope: Sequence[MeasureCode]
    authority: str
    document: str
    starts_on: str
    expires_on: str
    record: str | None
    set_by: str
    set_at: str
    terms_sha256: str
    ended_at: str | None
    ended_by: str | None
    ended_reason: str | None
