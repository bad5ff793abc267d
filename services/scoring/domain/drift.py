"""Whether a model still meets the firms it was made for: the population stability index, with limits that know sizes.

PSI = Σ (p - q) ln(p/q) over bins (Lewis 1994). Between two samples of n and m from one population, PSI · nm/(n+m) is
asymptotically χ² with bins - 1 degrees of freedom (Yurdakul & Naranjo 2020), also where the bins are quantiles of the
first sample, since what the quantiles miss is of the same order as a count's own error. The usual 0.1 and 0.25 know no
sizes: at a hundred firms chance passes them, at a million nothing does. So an alarm needs both: more than chance would
give, and a shift that matters. A month is looked at in a hundred subjects: what chance would give is set over all of
them by Benjamini and Hochberg's (1995) rule, so that one in twenty of a month's alarms is false at most on average, and
a month without any drift has an alarm once in twenty. The power against a PSI of 0.2, from the noncentral χ², is told
with every figure: where it is low, no alarm is no comfort.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from services.scoring.domain import disclosure

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Numbers = NDArray[np.float64]

_Key = TypeVar("_Key")

FALSE_ALARMS = 0.01  # of a subject looked at alone, without drift
FALSE_SHARE = 0.05  # of a month's subjects taken together: expected share of false ones among those called shifted
MATERIAL = 0.1  # below it a shift is told and never an alarm (the usual "no change" bound)
LARGE = 0.2  # the shift that is to be found; its power is told
BINS = 10
# With fewer pairs than this, ten bins find less than five: neighbours are joined.
_FEW_PAIRS = 200
# A bin's expected count below which the asymptotics are not trusted.
_LEAST_EXPECTED = 5.0
# What is looked at: the score, a feature's values, or the points that it adds or takes (CSI).
_OF = {"score": ("", ""), "values": ("", ""), "points": ("的加减分", "what is earned or lost by ")}
_SMOOTHING = 0.5  # Jeffreys: an empty bin must not make the index infinite


@dataclass(frozen=True, slots=True)
class Stability:
    """One comparison. `state` is `stable`, `shifted` (more than chance, less than matters), `alarm` or `too-few`.

    `p_adjusted` is the smallest false share at which a month's subjects together would call this one shifted.
    """

    psi: float
    limit: float
    p_value: float
    p_adjusted: float
    power: float
    reference: int
    current: int
    bins: int
    state: str

    def as_json(self) -> dict[str, Any]:
        """Return its members by name."""
        return {name: getattr(self, name) for name in self.__slots__}


def baseline(values: ArrayLike) -> dict[str, Any]:
    """Return a column's distribution in training: inner edges of quantile bins, counts, and the unknown ones.

    Every bin has ten firms or more and edges are rounded, so that none is one firm's value; NaN is counted apart.
    """
    column = np.asarray(values, dtype=np.float64)
    known = column[~np.isnan(column)]
    edges = disclosure.lines(known, BINS)
    return {"edges": edges.tolist(), "counts": _counts(edges, known).tolist(), "unknown": int(np.isnan(column).sum())}


def stability(base: Mapping[str, Any], values: ArrayLike) -> Stability:
    """Compare a column of today with its baseline; unknown values are a bin of their own."""
    column = np.asarray(values, dtype=np.float64)
    unknown = np.isnan(column)
    current = np.append(_counts(np.asarray(base["edges"]), column[~unknown]), unknown.sum())
    return compare(np.append(base["counts"], base["unknown"]), current)


def corrected(found: Mapping[_Key, Stability]) -> dict[_Key, Stability]:
    """Return the comparisons of one month with limit, power and state set over all of them together.

    Raising the i-th smallest of m p-values to m/i times itself (and no higher than the next) gives `p_adjusted`.
    """
    there = {key: each for key, each in found.items() if each.state != "too-few"}
    order = sorted(there, key=lambda key: there[key].p_value)
    count = len(order)
    raised = [there[key].p_value * count / place for place, key in enumerate(order, start=1)]
    adjusted = dict(zip(order, np.minimum.accumulate(raised[::-1])[::-1].clip(max=1.0).tolist(), strict=True))
    called = sum(p <= FALSE_SHARE for p in adjusted.values())
    level = FALSE_SHARE * max(1, called) / max(1, count)
    return {key: _judged(each, adjusted[key], level) if key in adjusted else each for key, each in found.items()}


def _judged(alone: Stability, p_adjusted: float, level: float) -> Stability:
    """Return a comparison with the limit that a p-value of `level` sets."""
    from scipy.special import chdtri, chndtr  # noqa: PLC0415 -- a quarter of a second that only drift needs

    pairs = alone.reference * alone.current / (alone.reference + alone.current)
    freedom = alone.bins - 1
    chance = float(chdtri(freedom, level)) / pairs
    limit = max(chance, MATERIAL)
    return replace(
        alone,
        limit=limit,
        p_adjusted=p_adjusted,
        power=float(1 - chndtr(limit * pairs, freedom, LARGE * pairs)),
        state=_state(alone.psi, chance, limit),
    )


def compare(reference: ArrayLike, current: ArrayLike) -> Stability:
    """Compare two rows of counts over the same bins, as if nothing else were looked at."""
    from scipy.special import chdtrc, chdtri, chndtr  # noqa: PLC0415 -- a quarter of a second that only drift needs

    first, second = _joined(np.asarray(reference, dtype=np.float64), np.asarray(current, dtype=np.float64))
    n, m = float(first.sum()), float(second.sum())
    sizes = {"reference": int(n), "current": int(m), "bins": len(first)}
    if len(first) < 2 or not n or not m:
        return Stability(psi=0.0, limit=float("inf"), p_value=1.0, p_adjusted=1.0, power=0.0, state="too-few", **sizes)
    pairs = n * m / (n + m)
    index = psi(first, second)
    freedom = len(first) - 1
    chance = float(chdtri(freedom, FALSE_ALARMS)) / pairs
    limit = max(chance, MATERIAL)
    p_value = float(chdtrc(freedom, index * pairs))
    return Stability(
        psi=index,
        limit=limit,
        p_value=p_value,
        p_adjusted=p_value,
        power=float(1 - chndtr(limit * pairs, freedom, LARGE * pairs)),
        state=_state(index, chance, limit),
        **sizes,
    )


def psi(reference: ArrayLike, current: ArrayLike) -> float:
    """Return the index of two rows of counts, half an observation added to each bin."""
    first, second = (np.asarray(counts, dtype=np.float64) + _SMOOTHING for counts in (reference, current))
    p, q = first / first.sum(), second / second.sum()
    return float(((p - q) * np.log(p / q)).sum())


def alerts(
    month: str, stabilities: Mapping[tuple[str, str], Stability], titles: Mapping[str, Mapping[str, str]]
) -> list[Any]:
    """Return in words what has passed its limit in a month; a key is what is looked at, and of which subject."""
    return [
        {
            "kind": "population",
            "month": month,
            "of": of,
            "subject": name,
            "sentence": {
                "zh": f"{titles[name]['zh']}{_OF[of][0]}的分布已偏移：PSI {found.psi:.3f}，上限 {found.limit:.3f}"
                f"（{found.current} 家）",
                "en": f"{_OF[of][1]}{titles[name]['en']} has shifted: PSI {found.psi:.3f} over {found.limit:.3f} "
                f"({found.current} firms)",
            },
        }
        for (of, name), found in stabilities.items()
        if found.state == "alarm"
    ]


def _state(index: float, chance: float, limit: float) -> str:
    if index > limit:
        return "alarm"
    return "shifted" if index > chance else "stable"


def _counts(edges: Numbers, known: Numbers) -> NDArray[np.int64]:
    return np.bincount(np.searchsorted(edges, known, side="right"), minlength=len(edges) + 1)


def _joined(first: Numbers, second: Numbers) -> tuple[Numbers, Numbers]:
    """Leave out bins that are empty in both, halve their number for small samples, join what is expected too rarely."""
    there = (first + second) > 0
    known, unknown = there[:-1], there[-1:]
    parts = [(a, b) for a, b in zip(first[:-1][known], second[:-1][known], strict=True)]
    n, m = first.sum(), second.sum()
    if n and m and n * m / (n + m) < _FEW_PAIRS:
        parts = _merged([parts[at : at + 2] for at in range(0, len(parts), 2)])
    parts = _merged(_enough(parts, n, m))
    if unknown.any():
        parts.append((float(first[-1]), float(second[-1])))
    rows = np.array(parts, dtype=np.float64).reshape(-1, 2)
    return rows[:, 0], rows[:, 1]


def _enough(parts: Sequence[tuple[float, float]], n: float, m: float) -> list[list[tuple[float, float]]]:
    """Group neighbours until both samples expect enough in each group, by the two together."""
    groups: list[list[tuple[float, float]]] = []
    share = min(n, m) / (n + m) if n + m else 0.0
    for part in parts:
        if groups and _expected(groups[-1], share) < _LEAST_EXPECTED:
            groups[-1].append(part)
        else:
            groups.append([part])
    if len(groups) > 1 and _expected(groups[-1], share) < _LEAST_EXPECTED:
        groups[-2:] = [groups[-2] + groups[-1]]
    return groups


def _expected(group: Sequence[tuple[float, float]], share: float) -> float:
    return sum(a + b for a, b in group) * share


def _merged(groups: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    return [(sum(a for a, _ in group), sum(b for _, b in group)) for group in groups]
