"""How far a dimension can be relied upon: the confidence that stands beside its score.

The geometric mean of what is known of five parts, each 0…1, so that one weak part is not outweighed by strong ones:

- coverage: the weight of the dimension's figures that have a value, among all of them;
- depth: how much there is to judge by, A to E (`features.depth`);
- freshness: halves every 180 days without a record;
- checks: the share of cross-comparisons that agree (`crosscheck.pass_rate`), where any could be made;
- verified: 0.5 for data that the firm alone states, 1 for data from others (征信业管理条例 Art. 21), in proportion.

The numbers are ours, 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import prod

from services.profile.portrait.domain.features.feature import Dimension
from services.profile.portrait.domain.indicators import FIGURES
from services.profile.portrait.domain.standing import weight

DEPTH = {"A": 1.0, "B": 0.85, "C": 0.65, "D": 0.4, "E": 0.15}
HALF_LIFE_DAYS = 180


@dataclass(frozen=True, slots=True)
class Reliability:
    """A confidence 0…1 and its parts; None is a part that nothing is known of."""

    value: float
    coverage: float
    depth: float
    freshness: float | None
    checks: float | None
    verified: float | None


def reliability(
    dimension: Dimension, values: Mapping[str, float | None], depth: str, last_on: date | None, as_of: date
) -> Reliability:
    """Return the confidence of a dimension from its firm's figures, depth and latest record."""
    own = [figure for figure in FIGURES if figure.dimension == dimension]
    known = sum(weight(figure) for figure in own if values.get(figure.name) is not None)
    coverage = known / sum(weight(figure) for figure in own)
    freshness = None if last_on is None else 0.5 ** (max((as_of - last_on).days, 0) / HALF_LIFE_DAYS)
    share = values.get("verified_share")
    verified = None if share is None else 0.5 + 0.5 * share
    parts = [coverage, DEPTH[depth], freshness, values.get("checks_passed_share"), verified]
    known_parts = [part for part in parts if part is not None]
    return Reliability(
        prod(known_parts) ** (1 / len(known_parts)), coverage, DEPTH[depth], freshness, parts[3], verified
    )
