"""The network of supply: who needs whose goods for what, as matrices of relative impact.

Source: C. Diem, A. Borsos, T. Reisch, J. Kertész, S. Thurner, Quantifying firm-level economic systemic risk from
nation-wide supply networks, Scientific Reports 12:7719 (2022), equations 1 to 6 and its supplement.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.int64]


class Need(IntEnum):
    """What a customer does without an input: go on, produce a share less, or stop."""

    NONE = 0
    PART = 1
    ESSENTIAL = 2


@dataclass(frozen=True, slots=True)
class Links:
    """Supply links, an entry each: places of supplier and customer, yearly value, and how the customer needs it.

    `felt` tells whether the supplier is said to lose what its customer no longer buys; None: all do.
    """

    supplier: Places
    customer: Places
    value: Floats
    need: Places
    felt: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class Supply:
    """A network of n firms ready for shocks.

    `essential` has a row for each customer and essential input, the share of each supplier in that input: first the
    first input of every customer in `needing`, then the second of those that have one, and so on; `levels` says how
    many there are of each. Customers with more inputs stand first. `parts` has the share of each other input in all
    inputs, `demand` that of each customer in the firm's sales. `sales` are by firm, `industry` is its place.
    """

    essential: csr_array
    needing: Places
    levels: tuple[int, ...]
    parts: csr_array
    demand: csr_array
    sales: Floats
    industry: Places
    industry_sales: csr_array

    @property
    def firms(self) -> int:
        """How many firms there are."""
        return len(self.sales)


def supply_of(links: Links, industry: Places, outside: Floats | None = None) -> Supply:
    """Return the network; `outside` is what each firm sells to nobody among them (final demand).

    The order of links does not matter: shares are summed over links in the order of supplier and customer.
    """
    links = _ordered(links)
    firms = len(industry)
    sold = np.bincount(links.supplier, links.value, firms).astype(np.float64)
    sales = sold if outside is None else sold + outside
    bought = np.bincount(links.customer, links.value, firms)
    part = links.need == Need.PART
    felt = np.where(True if links.felt is None else links.felt, links.value / sales[links.supplier], 0.0)
    demand = _matrix(felt, links.supplier, links.customer, firms)
    share = links.value[part] / bought[links.customer[part]]
    parts = _matrix(share, links.customer[part], links.supplier[part], firms)
    essential, needing, levels = _essential(links, industry)
    known = np.arange(firms)
    industry_sales = csr_array((sales, (industry, known)), shape=(int(industry.max(initial=-1)) + 1, firms))
    return Supply(essential, needing, levels, parts, demand, sales, industry, industry_sales)


def _ordered(links: Links) -> Links:
    order = np.lexsort((links.need, links.value, links.customer, links.supplier))
    felt = None if links.felt is None else links.felt[order]
    return Links(links.supplier[order], links.customer[order], links.value[order], links.need[order], felt)


def _essential(links: Links, industry: Places) -> tuple[csr_array, Places, tuple[int, ...]]:
    """Return the shares of suppliers in each essential input, who needs any, and the levels (`Supply`)."""
    chosen = links.need == Need.ESSENTIAL
    supplier, customer, value = links.supplier[chosen], links.customer[chosen], links.value[chosen]
    width = int(industry.max(initial=0)) + 1
    inputs, entry = np.unique(customer * width + industry[supplier], return_inverse=True)
    needing, first, counts = np.unique(inputs // width, return_index=True, return_counts=True)
    share: Floats = value / np.bincount(entry, value, len(inputs))[entry] if len(inputs) else value
    level = np.arange(len(inputs)) - np.repeat(first, counts)
    many = np.repeat(-counts, counts)
    row = np.empty(len(inputs), dtype=np.int64)
    row[np.lexsort((inputs, many, level))] = np.arange(len(inputs))
    shape = (len(inputs), len(industry))
    levels = tuple(np.bincount(level).tolist())
    return csr_array((share, (row[entry], supplier)), shape=shape), needing[np.argsort(-counts, kind="stable")], levels


def _matrix(values: Floats, rows: Places, columns: Places, firms: int) -> csr_array:
    return csr_array((values, (rows, columns)), shape=(firms, firms))


Step: TypeAlias = Callable[[Floats], Floats]


def downstream(supply: Supply, loss: Floats) -> Floats:
    """Return what firms cannot produce for want of inputs, given each firm's loss: (firms, shocks), shares of 1.

    A supplier's loss counts as far as the rest of its industry cannot take its place: its share in what is left.
    """
    left = np.maximum(supply.industry_sales.sum(axis=1)[:, None] - supply.industry_sales @ loss, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        market = supply.sales[:, None] / left[supply.industry]
    # Where nothing is left of the industry (x / 0, 0 / 0) nobody takes the supplier's place.
    felt = np.fmin(market, 1.0, out=market)
    felt *= loss
    lost: Floats = supply.parts @ felt
    if supply.levels:
        lost[supply.needing] = np.maximum(lost[supply.needing], _worst(supply.essential @ felt, supply.levels))
    return np.minimum(lost, 1.0, out=lost)


def _worst(lost: Floats, levels: tuple[int, ...]) -> Floats:
    """Return the largest loss of an input of each customer that needs any, in contiguous slices: this is the core."""
    worst, start = lost[: levels[0]], levels[0]
    for count in levels[1:]:
        np.maximum(worst[:count], lost[start : start + count], out=worst[:count])
        start += count
    return worst


def upstream(supply: Supply, loss: Floats) -> Floats:
    """Return what firms cannot sell for want of customers, given each firm's loss: (firms, shocks), shares of 1."""
    lost: Floats = supply.demand @ loss
    return np.minimum(lost, 1.0, out=lost)
