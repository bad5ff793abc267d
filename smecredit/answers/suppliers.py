"""What the suite answers about how a supplier has kept its contracts."""

from __future__ import annotations

from typing import TypedDict

from smecredit.answers.basics import Text
from smecredit.answers.corrections import Mark


class Contracts(TypedDict):
    """Orders of sale of 36 months and what became of them."""

    orders: int
    amount_fen: int
    buyers: int
    fulfilled: int
    cancelled: int
    cancelled_fen: int
    delivered_in_full: int
    delivered_share: float | None
    outstanding: int
    outstanding_fen: int
    traced: int
    days_median: float | None
    days_p90: float | None


class ContractYear(TypedDict):
    """The contracts of a calendar year."""

    year: int
    orders: int
    amount_fen: int
    cancelled: int
    delivered_in_full: int


class ReturnedSales(TypedDict):
    """Sales that were taken back by red letters."""

    sold_fen: int
    returned_fen: int
    share: float


class StatedRecord(TypedDict):
    """A public record on display."""

    record: str
    sort: str
    authority: str
    decided_on: str
    tier: str | None
    amount_fen: int | None
    ends_on: str | None


class SupplierRecord(TypedDict):
    """How a supplier has kept its contracts, as others state, and apart from it as only it does itself."""

    disputes: list[Mark]
    enterprise: str
    as_of: str
    known_at: str
    since: str
    summary: list[Text]
    contracts: Contracts | None
    own_word: Contracts | None
    years: list[ContractYear]
    returned: ReturnedSales | None
    against: list[StatedRecord]
    favour: list[StatedRecord]
    left_out: int
    contested: int
    not_held: Text
