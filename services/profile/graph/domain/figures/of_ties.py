"""All figures of every firm from its ties and from what is known of those it is tied to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from services.profile.graph.domain.figures import measures
from services.profile.graph.domain.figures.declared import FIGURES, OFFERED, Figure
from services.profile.graph.domain.figures.measures import Numbers
from services.profile.graph.domain.figures.network import Network

# What is known of a node: whether it is a firm, its capital, and its adverse records (lawsuits lost, lists of debtors).
# Nothing here tells who defaulted: a firm's outcome is nobody else's figure.
FACTS: dict[str, pl.DataType] = {
    "node": pl.String(),
    "firm": pl.Boolean(),
    "capital": pl.Float64(),
    "adverse": pl.Float64(),
}
OFFICES = ("supervises", "manages", "holds", "owns")
OF_PERSONS, CAPITAL = (*OFFICES, "controls"), ("owns",)
OF_GROUP = (*OF_PERSONS, "invests", "branch")
HOPS = 3


@dataclass(frozen=True, slots=True)
class Known:
    """What the figures read of each node, in the network's order: arrays (n,)."""

    firm: Numbers
    capital: Numbers
    adverse: Numbers

    @property
    def person(self) -> Numbers:
        """1 for a node that is no firm."""
        return 1.0 - self.firm


def figures(network: Network, facts: pl.DataFrame) -> pl.DataFrame:
    """Return `enterprise` and all declared figures of each firm of a network, sorted; NaN is never among them.

    `facts` (`FACTS`) tell of nodes; one of which nothing is told is no firm. What a firm has none of is 0; a share of
    nothing is null. The firm's own records count in none of its figures: they are features already.
    """
    known = _known(network, facts)
    columns = {
        **_backing(network, known),
        **_offices(network, known),
        **_around(network, known),
        **_exposure(network),
        **_group(network, known),
    }
    return _of_firms(network, known, columns, FIGURES)


def offered(network: Network, facts: pl.DataFrame) -> pl.DataFrame:
    """Return `enterprise` and the figures that a training may be offered (`OFFERED`), as `figures` has them.

    Nothing is looked at beyond the ties of each firm, so that a whole book takes no longer than its ties are many.
    """
    known = _known(network, facts)
    return _of_firms(network, known, {**_backing(network, known), **_offices(network, known)}, OFFERED)


def _known(network: Network, facts: pl.DataFrame) -> Known:
    return Known(*(network.column(facts, name) for name in ("firm", "capital", "adverse")))


def _of_firms(
    network: Network, known: Known, columns: Mapping[str, Numbers], declared: Sequence[Figure]
) -> pl.DataFrame:
    frame = pl.DataFrame({"enterprise": network.names, **{each.name: columns[each.name] for each in declared}})
    return frame.filter(pl.Series(known.firm > 0)).fill_nan(None)


def _backing(network: Network, known: Known) -> dict[str, Numbers]:
    given, owners = measures.weighed(network, CAPITAL, towards=True), measures.counts(network, CAPITAL, towards=True)
    whole = np.maximum(known.capital, given)
    zero = np.zeros(network.size)
    return {
        "corporate_owners": measures.counts(network, ("invests",), towards=True),
        "investees": measures.counts(network, ("invests",), towards=False),
        "personal_capital_share": np.divide(given, whole, out=zero.copy(), where=whole > 0),
        "largest_owner_share": measures.largest_share(network, CAPITAL, towards=True),
        "capital_per_owner": np.divide(given, owners, out=zero, where=owners > 0),
    }


def _offices(network: Network, known: Known) -> dict[str, Numbers]:
    held = measures.roles(network, OFFICES)
    combined = held.copy()
    combined.data = (combined.data > 1).astype(np.float64)
    return {
        "persons": network.of(OF_PERSONS).links() @ known.person,
        "personal_owners": measures.counts(network, CAPITAL, towards=True),
        "offices": held @ known.person,
        "combined_offices": combined @ known.person,
        "hired_managers": _apart(network, known, ("manages",), ("holds", "owns")),
        "independent_supervisors": _apart(network, known, ("supervises",), ("holds", "owns", "manages")),
        "managers": measures.counts(network, ("manages",), towards=True),
        "supervisors": measures.counts(network, ("supervises",), towards=True),
    }


def _apart(network: Network, known: Known, office: tuple[str, ...], others: tuple[str, ...]) -> Numbers:
    """Return how many persons have an office at each node and none of the others there: (n,)."""
    held, beside = measures.towards(network, office), measures.towards(network, others)
    alone: Numbers = (held - held.multiply(beside)) @ known.person
    return alone


def _around(network: Network, known: Known) -> dict[str, Numbers]:
    first, second, third = measures.shells(network.links(), HOPS)
    level = np.log1p(known.capital)
    return {
        "strongest_partner": measures.greatest(first, known.capital),
        "strongest_second": measures.greatest(second, known.capital),
        "even_strength_second": np.expm1(measures.mean(second, level, known.firm)),
        "distress_1": first @ known.adverse,
        "distress_2": second @ known.adverse,
        "distress_3": third @ known.adverse,
        "troubled_share_second": measures.mean(second, (known.adverse > 0).astype(np.float64), known.firm),
    }


def _exposure(network: Network) -> dict[str, Numbers]:
    def either(tie: str) -> Numbers:
        return measures.counts(network, (tie,), towards=True) + measures.counts(network, (tie,), towards=False)

    return {
        "guarantees": measures.counts(network, ("guarantees",), towards=False),
        "loans": either("lends"),
        "creditors": either("claims"),
        "heads": measures.counts(network, ("branch",), towards=True),
    }


def _group(network: Network, known: Known) -> dict[str, Numbers]:
    links = network.of(OF_PERSONS).links()
    firms = links @ known.firm
    shared = known.person * (firms > 1)
    return {
        "group_size": measures.group_sizes(network, OF_GROUP, known.firm),
        "shared_persons": links @ shared,
    }
