"""Which partner would lower a firm's risk: a tenth of its trade with the strongest one goes to another that it has.

Each answer is worked out anew on the changed network, never by a formula for the difference. Nothing is supposed of
partners but what the firm's own file tells: that any one of them may fail.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

import numpy as np

from services.profile.graph.domain.contagion.default import Ties, propagate
from services.profile.graph.domain.contagion.esri import produce
from services.profile.graph.domain.contagion.network import Network
from services.profile.graph.domain.contagion.supply import Floats, supply_of

# Of a side so many partners, the largest, are failed one at a time, and so many are tried in the strongest's place.
MOST_PARTNERS, MOST_TRIED = 50, 20
TENTH = 0.1


class Side(StrEnum):
    """Whose failure is looked at: customers, who owe, or suppliers, without whom less is made."""

    CUSTOMERS = "customers"
    SUPPLIERS = "suppliers"


@dataclass(frozen=True, slots=True)
class Risk:
    """What the failure of a single partner costs: the worst of them, and the mean over them; shares of 1."""

    worst: float
    mean: float


@dataclass(frozen=True, slots=True)
class Shift:
    """Moving a tenth of the trade with the strongest partner to another, and the risk that is left."""

    to: str
    after: Risk


@dataclass(frozen=True, slots=True)
class Rewiring:
    """A side of a firm's trade: the partner whose failure costs most, the risk, and the shifts that lower it."""

    side: Side
    strongest: str | None
    now: Risk
    shifts: tuple[Shift, ...]
    partners: int
    left_out: int


# The loss of the firm where each partner of a side fails alone, given what is traded with each.
Failing: TypeAlias = Callable[[Floats], Floats]


def rewire(network: Network, firm: str) -> tuple[Rewiring, Rewiring]:
    """Return how a firm could lower what a single partner's failure costs it, by side."""
    return _customers(network, firm), _suppliers(network, firm)


def _customers(network: Network, firm: str) -> Rewiring:
    """Fail customers: what each owes goes with the sales to it, since its days of payment stay as they are."""
    ties = network.ties("value")
    mine = network.debts.with_row_index("debt").filter(creditor=firm, tie="trade")
    owed = mine.sort("value", "debtor", descending=[True, False])
    chosen = owed["debt"].to_numpy().astype(np.int64)[:MOST_PARTNERS]
    names = owed["debtor"].to_list()[:MOST_PARTNERS]
    places = ties.credit.debtor[chosen]
    sales = np.array([network.sold_to(firm, name) for name in names])

    def failing(traded: Floats) -> Floats:
        # Where nothing was sold within the year there is nothing to move: what is owed stays.
        grown = np.divide(traded, sales, out=np.ones_like(traded), where=sales > 0)
        amount = ties.credit.amount.copy()
        amount[chosen] *= grown
        changed = Ties(replace(ties.credit, amount=amount), ties.equity, ties.loss_given_default)
        return np.array([_lost(changed, place, network.place[firm]) for place in places.tolist()])

    return _side(Side.CUSTOMERS, names, sales, failing, owed.height)


def _lost(ties: Ties, failed: int, firm: int) -> float:
    shock = np.zeros(len(ties.equity))
    shock[failed] = 1.0
    return float(propagate(ties, shock).share[firm])


def _suppliers(network: Network, firm: str) -> Rewiring:
    links, industry, outside = network.links()
    place = network.place[firm]
    mine = np.flatnonzero(links.customer == place)
    order = mine[np.lexsort((links.supplier[mine], -links.value[mine]))]
    chosen = order[:MOST_PARTNERS]
    names = [network.firms[supplier] for supplier in links.supplier[chosen].tolist()]

    def failing(traded: Floats) -> Floats:
        value = links.value.copy()
        value[chosen] = traded
        shock = np.zeros((len(network.firms), len(chosen)))
        shock[links.supplier[chosen], np.arange(len(chosen))] = 1.0
        made = produce(supply_of(replace(links, value=value), industry, outside), shock)
        found: Floats = made.downstream.loss[place]
        return found

    return _side(Side.SUPPLIERS, names, links.value[chosen].copy(), failing, len(mine))


def _side(side: Side, names: Sequence[str], traded: Floats, failing: Failing, partners: int) -> Rewiring:
    if not names:
        return Rewiring(side, None, Risk(0.0, 0.0), (), partners, 0)
    losses = failing(traded)
    first, now = int(losses.argmax()), _risk(losses)
    others = [place for place in range(len(names)) if place != first and traded[place] > 0]
    tried = [_shifted(traded, first, place) for place in others[:MOST_TRIED]]
    shifts = [Shift(names[place], _risk(failing(changed))) for place, changed in zip(others, tried, strict=False)]
    better = [shift for shift in shifts if _key(shift.after) < _key(now)]
    better.sort(key=lambda shift: (*_key(shift.after), shift.to))
    left_out = partners - len(names) + len(others) - len(tried)
    return Rewiring(side, names[first], now, tuple(better), partners, left_out)


def _shifted(traded: Floats, source: int, to: int) -> Floats:
    changed = traded.copy()
    moved = changed[source] * TENTH
    changed[source] -= moved
    changed[to] += moved
    return changed


def _risk(losses: Floats) -> Risk:
    return Risk(float(losses.max()), float(losses.mean()))


def _key(risk: Risk) -> tuple[float, float]:
    # Rounded, so that what differs in the last bits only is no improvement.
    return round(risk.worst, 9), round(risk.mean, 9)
