"""What a bank orders with an allocation: a budget, bounds, conditions, and scenarios to be tried on the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from services.matching.domain.allocation.terms import Selector
from services.matching.domain.churn import Paid
from services.matching.domain.counting import Counts


@dataclass(frozen=True, slots=True)
class Rates:
    """The lowest and the highest rate a year."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class FirmBounds:
    """Bounds of one firm of its own; None leaves it to those of the order."""

    enterprise: str
    least_fen: int | None = None
    most_fen: int | None = None


@dataclass(frozen=True, slots=True)
class OrderedGroup:
    """A limit or floor on what some firms get together: an amount in fen, or a share of the budget."""

    name: str
    of: Selector
    fen: int | None = None
    share: float | None = None

    def fen_of(self, budget_fen: int) -> int:
        """Return the amount; a share counts in whole fen, rounded down."""
        return int(Decimal(str(self.share)) * budget_fen) if self.fen is None else self.fen


@dataclass(frozen=True, slots=True)
class Shock:
    """A factor on the PD of some firms."""

    of: Selector
    factor: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """Shocks that come all at once."""

    name: str
    shocks: tuple[Shock, ...]


@dataclass(frozen=True, slots=True)
class AllocationOrder:
    """A budget over enterprises, None for every one that may be read; amounts in fen, rates a year."""

    kind: ClassVar[str] = "allocation"

    budget_fen: int
    enterprises: tuple[str, ...] | None
    least_fen: int
    most_fen: int
    rates: Rates
    lgd: float
    funding: float
    operating: float
    paid: Paid
    bounds: tuple[FirmBounds, ...]
    limits: tuple[OrderedGroup, ...]
    floors: tuple[OrderedGroup, ...]
    sector_share: float | None
    loss_fen: int | None
    loss_share: float | None
    stress: tuple[Scenario, ...]
    as_of: date | None = None
    counts: Counts | None = None


def read_allocation_order(document: Mapping[str, Any], as_of: date | None) -> AllocationOrder:
    """Return an order from its JSON form, which has passed the api's schema."""
    enterprises = document["enterprises"]
    read = {
        "enterprises": None if enterprises is None else tuple(enterprises),
        "rates": Rates(**document["rates"]),
        "paid": Paid(document["paid"]),
        "bounds": tuple(FirmBounds(**bounds) for bounds in document["bounds"]),
        "limits": tuple(map(_group, document["limits"])),
        "floors": tuple(map(_group, document["floors"])),
        "stress": tuple(Scenario(item["name"], tuple(map(_shock, item["shocks"]))) for item in document["stress"]),
    }
    counts = document.get("counts")
    counted = {"as_of": as_of, "counts": None if counts is None else Counts(counts)}
    return AllocationOrder(**{**document, **read, **counted})


def _group(document: Mapping[str, Any]) -> OrderedGroup:
    return OrderedGroup(document["name"], _selector(document["of"]), document.get("fen"), document.get("share"))


def _shock(document: Mapping[str, Any]) -> Shock:
    return Shock(_selector(document["of"]), document["factor"])


def _selector(document: Mapping[str, Any]) -> Selector:
    """Return a selector from its JSON form, such as {"size_class": "micro"} or {"enterprises": [...]}."""
    ((by, value),) = document.items()
    return Selector(by, tuple(value) if by == "enterprises" else value)
