"""How much a sign weighs: likelihood ratios from counts, with their 95 % interval and where they were counted.

`weights.toml` holds counts only: how many pairs (auctions) of those who belong together show a sign at a strength, of
how many, and the same of the others. The ratio of the two shares is the likelihood ratio; its interval is Katz's on the
logarithm (Katz, Baptista, Azen and Pike, Biometrics 34, 1978), half a count added to each so that zero has one too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, log, sqrt

from services.profile.supervision.domain.screen.sign import signs

NORMAL_95 = 1.959964
# No sign alone weighs more: beyond it a few hundred pairs say nothing, and made-up ones less (ours, 2026-11).
MOST = 1000.0


@dataclass(frozen=True, slots=True)
class Weight:
    """A likelihood ratio with its 95 % interval, and on what it was counted; `synthetic` where that is made up."""

    ratio: float
    low: float
    high: float
    counted_on: str
    synthetic: bool


@dataclass(frozen=True, slots=True)
class Counts:
    """A band of a sign's strength, from `least` on: shown by `hits` of `of` together, by `chance_hits` of others."""

    least: float
    hits: int
    of: int
    chance_hits: int
    chance_of: int

    def weight(self, counted_on: str, *, synthetic: bool) -> Weight:
        """Return the ratio of the two shares and its interval."""
        a, b = self.hits + 0.5, self.chance_hits + 0.5
        n, m = self.of + 1.0, self.chance_of + 1.0
        ratio, deviation = (a / n) / (b / m), sqrt(1 / a - 1 / n + 1 / b - 1 / m)
        spread = exp(NORMAL_95 * deviation)
        low, middle, high = (min(MOST, each) for each in (ratio / spread, ratio, ratio * spread))
        return Weight(middle, low, high, counted_on, synthetic)


@cache
def weights() -> Mapping[str, tuple[tuple[float, Weight], ...]]:
    """Return the bands of each sign that has any, the weakest first, each from a strength on."""
    said = tomllib.loads((files(__package__) / "weights.toml").read_text("utf-8"))
    sources = said.pop("sources")
    found = {}
    for key, each in said.items():
        source = sources[each["source"]]
        bands = sorted(Counts(*band).least for band in each["bands"])
        by_least = {band[0]: Counts(*band) for band in each["bands"]}
        found[key] = tuple(
            (least, by_least[least].weight(source["title"], synthetic=source["synthetic"])) for least in bands
        )
    return found


def weight_of(key: str, strength: float = 0.0) -> Weight | None:
    """Return what a sign of this strength weighs; None where it was never counted, or is too weak to be one."""
    held = [weight for least, weight in weights().get(key, ()) if strength >= least]
    return held[-1] if held else None


def together(found: Iterable[tuple[str, Weight]]) -> float:
    """Return the likelihood ratio of signs (key, weight) together: of each family the strongest, multiplied.

    Families are taken as independent given whether a pair belongs together; within one they are not, and the strongest
    alone counts. No sign speaks for a pair: what is as common elsewhere counts for nothing. Signs of whole groups and
    auctions say nothing of one pair.
    """
    strongest: dict[str, float] = {}
    for key, weight in found:
        family = signs()[key].family
        strongest[family] = max(strongest.get(family, 0.0), log(weight.ratio))
    return exp(sum(strongest[family] for family in sorted(strongest)))
