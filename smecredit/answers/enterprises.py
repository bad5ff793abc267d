"""What the suite answers about the book, an enterprise and its portrait."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from smecredit.answers.basics import Text
from smecredit.answers.corrections import Mark


class Book(TypedDict):
    """What the suite holds; `date` is the day as of which files are read where a request names none.

    The operator has set it where `dated`; else it is the end of the last month that is over.
    """

    date: str
    dated: bool
    latest: str | None
    known_at: str | None
    synthetic: bool | None
    enterprises: int
    invoices: int


class BookDate(TypedDict):
    """A version of the book's date: by which operator, when and why; version 0 where none was ever set."""

    version: int
    date: str | None
    set_by: str | None
    set_at: str | None
    note: str | None


class Enterprise(TypedDict):
    """Who a firm is; a list tells the first of these, a source what it said itself."""

    id: str
    name: str | None
    industry: str | None
    region: str | None
    size_class: Literal["large", "medium", "small", "micro"] | None
    synthetic: bool
    established_on: NotRequired[str | None]
    registered_on: NotRequired[str | None]
    heard_assets_fen: NotRequired[int | None]
    assets_by: NotRequired[str | None]
    rating: NotRequired[Literal["A", "B", "C", "D"] | None]
    employees: NotRequired[int | None]
    revenue_fen: NotRequired[int | None]
    assets_fen: NotRequired[int | None]
    scope: NotRequired[str | None]
    taxpayer: NotRequired[Literal["general", "small"] | None]
    warnings: NotRequired[list[str]]
    disputes: NotRequired[list[Mark]]


class PortraitFigure(TypedDict):
    """One value behind a dimension."""

    name: str
    title: Text
    value: float | None
    unit: str


class Peers(TypedDict):
    """Whom a firm is compared with, as of which day, as known when."""

    group: Text
    count: int
    as_of: str
    known_at: str


class Reliability(TypedDict):
    """How far a dimension can be relied on, 0 to 1, and what that is made of."""

    value: float
    coverage: float
    depth: float
    freshness: float | None
    checks: float | None
    verified: float | None


class PortraitDimension(TypedDict):
    """One of the eight dimensions, 0 to 100; `trend` has a value a month of the portrait's `trend_months`."""

    key: str
    title: Text
    score: float | None
    percentile: float | None
    base: float
    missing: Text | None
    confidence: Reliability | None
    trend: list[float | None]
    peers: Peers | None
    features: list[PortraitFigure]


class PortraitPartner(TypedDict):
    """A customer or supplier."""

    id: str
    net_fen: int
    share: float
    months: int
    first_on: str
    last_on: str


class PortraitPartners(TypedDict):
    """The largest customers and suppliers."""

    customers: list[PortraitPartner]
    suppliers: list[PortraitPartner]


class PortraitMonth(TypedDict):
    """Business of one month."""

    month: str
    sales_fen: int
    purchases_fen: int


class ConfirmedBy(TypedDict):
    """What confirms a firm's own word, in fen; an invoice counts under the first that does."""

    other_source: int
    other_side: int
    bank: int
    filing: int


class Evidence(TypedDict):
    """From whom the money of 36 months of invoices comes, in fen."""

    total_fen: int
    by_channel: dict[str, int]
    confirmed_fen: int
    unconfirmed_fen: int
    confirmed_by: ConfirmedBy


class Portrait(TypedDict):
    """A firm's credit portrait."""

    enterprise: Enterprise
    as_of: str
    known_at: str
    depth: str
    evidence: Evidence | None
    dimensions: list[PortraitDimension]
    trend_months: list[str]
    months: list[PortraitMonth]
    partners: PortraitPartners
    disputes: list[Mark]
