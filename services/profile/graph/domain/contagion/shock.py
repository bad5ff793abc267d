"""A shock to some firms of a network, and what it does to each: equity, production, and the way along which it came."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from services.profile.graph.domain.contagion import paths
from services.profile.graph.domain.contagion.book import Interval
from services.profile.graph.domain.contagion.default import Losses, Model, impacts, propagate
from services.profile.graph.domain.contagion.esri import Production, produce
from services.profile.graph.domain.contagion.network import Network
from services.profile.graph.domain.contagion.parameters import BOUNDS
from services.profile.graph.domain.contagion.supply import Floats
from services.profile.standards import industries


@dataclass(frozen=True, slots=True)
class Shock:
    """Whom it hits: firms by name, or all of an industry or region; what share of equity and production it costs."""

    severity: float
    enterprises: tuple[str, ...] = ()
    industry: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Hop:
    """A debt of a path: who owes (None: its file is not open), by which tie, how much (fen), and whether it is told."""

    debtor: str | None
    tie: str
    amount: Interval
    told: bool


@dataclass(frozen=True, slots=True)
class Ways:
    """The strongest way to each firm: by the central estimate, where it reaches it only then by the high one.

    Written out only for those firms of whom somebody asks: of a hundred thousand few are shown.
    """

    network: Network
    central: paths.Ways
    high: paths.Ways
    reached: Floats
    known: frozenset[str]

    def to(self, place: int) -> tuple[Hop, ...]:
        """Return the debts along which a shock came to an open file's firm."""
        ways = self.central if self.reached[place] > 0 else self.high
        return tuple(self._hop(debt) for debt in ways.to(place))

    def _hop(self, debt: int) -> Hop:
        row = self.network.debts.row(debt, named=True)
        debtor = row["debtor"]
        named = debtor if debtor in self.network.files or debtor in self.known else None
        return Hop(named, row["tie"], Interval(*(float(row[bound]) for bound in BOUNDS)), row["told"])


@dataclass(frozen=True, slots=True)
class Effect:
    """What a shock does to a firm: shares of its equity and production, its part in the loss of all sales, its path."""

    enterprise: str
    shocked: bool
    equity: Interval
    production: float
    part: float
    place: int
    ways: Ways = field(repr=False, compare=False)

    @property
    def path(self) -> tuple[Hop, ...]:
        """The debts along which it came, the first hop first."""
        return self.ways.to(self.place)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a shock does to a network: to each open file's firm, and how it was worked out (low, central, high runs)."""

    effects: tuple[Effect, ...]
    hit: tuple[str, ...]
    index: float
    runs: tuple[Losses, Losses, Losses]
    production: Production


def hit_by(shock: Shock, network: Network) -> tuple[str, ...]:
    """Return the firms that a shock hits: those named; of an industry or region those whose files are open."""
    if shock.enterprises:
        return tuple(sorted(set(shock.enterprises)))
    return tuple(sorted(firm for firm in network.files if _within(shock, network, firm)))


def _within(shock: Shock, network: Network, firm: str) -> bool:
    file = network.files[firm]
    if shock.industry is not None:
        asked = industries.find(shock.industry)
        its = industries.find(file.industry) if file.industry else None
        return bool(asked.code and its and its.code and its.code.startswith(asked.code))
    prefix = (shock.region or "").removesuffix("00").removesuffix("00")
    return bool(prefix and file.region and file.region.startswith(prefix))


def strike(network: Network, shock: Shock, model: Model, known: Collection[str] = ()) -> Outcome:
    """Return what a shock does; in paths firms are named whose file is open or that the asker itself has `known`."""
    hit = hit_by(shock, network)
    first = np.zeros(len(network.firms))
    first[[network.place[firm] for firm in hit if firm in network.place]] = shock.severity
    runs = [propagate(network.ties(bound), first, model) for bound in BOUNDS]
    supply = network.supply()
    production = produce(supply, first[:, None])
    ways = _ways(network, first, runs[1], frozenset(known) | frozenset(hit))
    sales, lost = supply.sales, production.loss[:, 0]
    part = sales * lost / sales.sum() if sales.sum() else np.zeros(len(sales))
    effects = tuple(
        Effect(
            enterprise=firm,
            shocked=bool(first[place] > 0),
            equity=Interval(*(float(run.share[place]) for run in runs)),
            production=float(lost[place]),
            part=float(part[place]),
            place=place,
            ways=ways,
        )
        for place, firm in enumerate(network.firms)
        if firm in network.files
    )
    return Outcome(effects, hit, float(production.index[0]), (runs[0], runs[1], runs[2]), production)


def _ways(network: Network, first: Floats, central: Losses, known: frozenset[str]) -> Ways:
    found = {bound: network.ties(bound) for bound in BOUNDS[1:]}
    by = {bound: paths.strongest(ties.credit, impacts(ties), first) for bound, ties in found.items()}
    return Ways(network, by["value"], by["high"], central.share, known)


def largest(effects: Sequence[Effect]) -> list[Effect]:
    """Return those whom a shock does anything, the hardest hit first; of equals the first by name."""
    moved = [each for each in effects if each.equity.high > 0 or each.production > 0]
    return sorted(moved, key=lambda each: (-each.equity.value, -each.equity.high, -each.production, each.enterprise))
