"""Firms that ask for amounts, products with budgets and quotas, and what each side prefers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chassis.core.errors import Invalid

NOWHERE = -1


@dataclass(frozen=True)
class Market:
    """`wishes[i]` are the products that firm i may have, best first; `priority[j, i]` is lower for whom j takes sooner.

    A firm gets its whole amount (fen) from one product or nothing. A product lends at most `budgets[j]` fen to at most
    `quotas[j]` firms. Priorities are strict.
    """

    amounts: tuple[int, ...]
    wishes: tuple[tuple[int, ...], ...]
    priority: NDArray[np.int64]
    budgets: tuple[int, ...]
    quotas: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what contradicts itself."""
        if self.priority.shape != (len(self.budgets), len(self.amounts)):
            raise Invalid("Every product needs a priority for every firm.")
        if any(amount <= 0 for amount in self.amounts):
            raise Invalid("A firm asks for an amount above 0.")
        if any(len(np.unique(row)) < len(row) for row in self.priority):
            raise Invalid("A product's priorities must be strict: no two firms alike.")


@dataclass(frozen=True, slots=True)
class Assignment:
    """`product[i]` is what firm i gets, or NOWHERE. `stable`: pairwise, else in turn (see `stable`)."""

    product: tuple[int, ...]
    stable: bool
