"""The strongest way along which a shock came to a firm."""

from __future__ import annotations

import heapq
import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from services.profile.graph.domain.contagion.default import Credit, Floats

# Ways of equal strength: the one of fewer hops, then the one that comes first by place.
Reach = tuple[float, int, int]


@dataclass(frozen=True, slots=True)
class Ways:
    """By firm: the debt through which the strongest way reached it (-1: it was shocked itself, or never reached)."""

    through: Mapping[int, int]
    strength: Mapping[int, float]
    credit: Credit

    def to(self, firm: int) -> list[int]:
        """Return the debts of the strongest way to a firm, the first hop first; none where it was shocked itself."""
        hops: list[int] = []
        while (debt := self.through.get(firm, -1)) >= 0:
            hops.append(debt)
            firm = int(self.credit.debtor[debt])
        return hops[::-1]


def strongest(credit: Credit, impact: Floats, shock: Floats) -> Ways:
    """Return the strongest ways from shocked firms: the largest product of the shock and each hop's impact."""
    debts = _by_debtor(credit, impact)
    heap: list[tuple[Reach, int]] = []
    for firm in np.flatnonzero(shock > 0).tolist():
        heapq.heappush(heap, ((-math.log(min(float(shock[firm]), 1.0)), 0, firm), -1))
    through: dict[int, int] = {}
    strength: dict[int, float] = {}
    while heap:
        (cost, hops, firm), debt = heapq.heappop(heap)
        if firm in strength:
            continue
        strength[firm], through[firm] = math.exp(-cost), debt
        for further in debts.get(firm, ()):
            creditor = int(credit.creditor[further])
            if creditor not in strength:
                weight = -math.log(min(float(impact[further]), 1.0))
                heapq.heappush(heap, ((cost + weight, hops + 1, creditor), further))
    return Ways(through, strength, credit)


def _by_debtor(credit: Credit, impact: Floats) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for debt in np.flatnonzero(impact > 0).tolist():
        found.setdefault(int(credit.debtor[debt]), []).append(debt)
    return found
