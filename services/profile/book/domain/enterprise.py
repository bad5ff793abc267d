"""Who an enterprise is, as sources have said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from chassis.core.errors import NotFound

# What of a firm is a day, written as text where the rest is.
DAYS = ("established_on", "registered_on")


class EnterpriseNotFound(NotFound):
    """No enterprise with this id is in the book."""


@dataclass(frozen=True, slots=True)
class Enterprise:
    """A firm of the book; what a source does not say stays None.

    `registered_on` is the day of its establishment as a source beside the firm itself stated it last,
    `heard_assets_fen` its assets likewise, and `assets_by` the channel by which those came.
    """

    id: str
    name: str | None = None
    rating: str | None = None
    industry: str | None = None
    region: str | None = None
    size_class: str | None = None
    established_on: date | None = None
    employees: int | None = None
    revenue_fen: int | None = None
    assets_fen: int | None = None
    scope: str | None = None
    taxpayer: str | None = None
    registered_on: date | None = None
    heard_assets_fen: int | None = None
    assets_by: str | None = None
    synthetic: bool = False
