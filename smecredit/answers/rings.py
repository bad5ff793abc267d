"""What the suite answers about rings of invoices."""

from __future__ import annotations

from typing import TypedDict, final

from smecredit.answers.basics import Text
from smecredit.answers.corrections import Mark


class RingHop(TypedDict):
    """What one firm sold another on a day, as `times` invoices alike; all null where it is not shown."""

    shown: bool
    seller: str | None
    buyer: str | None
    number: str | None
    date: str | None
    amount_fen: int | None
    times: int | None


class Ring(TypedDict):
    """A ring as its chain of invoices, from the earliest hop to the one that closed it."""

    length: int
    last_on: str
    chain: list[RingHop]


class RingLimits(TypedDict):
    """What counts as a ring on the day, since when, and who says so."""

    valid_from: str
    source: str
    hops: int
    days: int
    tolerance: float
    least_fen: int
    recent_days: int


class Unsearched(TypedDict):
    """Days on which a ring may begin that was not looked for."""

    first_on: str
    last_on: str


class RingAnswer(TypedDict):
    """What both answers have."""

    as_of: str
    known_at: str
    limits: RingLimits
    count: int
    rings: list[Ring]
    left_out: int
    unsearched: list[Unsearched]
    not_shown: Text


@final
class Rings(RingAnswer):
    """The rings that an enterprise is on."""

    disputes: list[Mark]
    enterprise: str


class FirmRings(TypedDict):
    """One firm's figures of the listed rings."""

    enterprise: str
    rings: int
    hops: int
    amount_fen: int
    last_on: str


@final
class RingList(RingAnswer):
    """The rings with any firm whose file is open to the reader."""

    disputed: list[str]
    files: int
    firms: list[FirmRings]
