"""What may be told of the firms that a model learned from: figures of ten or more of them, never of one.

Pictures and tables of a model are read by banks without any consent of those firms. So every bin, group and curve has
ten firms or more a step; where groups of fewer are left over they stand together, and with the smallest of the others
where they would still be fewer, so that no total less its parts tells them. Lines between bins are rounded: a quantile
is one firm's own figure. A bin's typical value leaves out its two extremes, as one giant would else be the mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil, floor, isfinite, log10
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

LEAST_FIRMS = 10
# The form of a card's tables; cards without it are of the time when they told more, and are coarsened when read.
FORM = 1
OTHERS = "others"
MOST_GROUPS = 12
_MOST_BINS = 20
_POINTS_APART = 5.0


def coarse(value: float, digits: int = 3) -> float:
    """Return a number with so many significant digits."""
    if not value or not isfinite(value):
        return value
    return round(value, digits - 1 - floor(log10(abs(value))))


def lines(values: Numbers, most_bins: int, least: int = LEAST_FIRMS) -> Numbers:
    """Return rounded inner lines between up to so many bins of about equal size, each with `least` values or more.

    A line lies between two neighbouring values, with as few digits as keep the bins apart; values equal to a line
    belong to the bin above it.
    """
    known = np.sort(values)
    count = min(most_bins, len(known) // least)
    wanted = (np.arange(1, count) * len(known)) // max(count, 1)
    between = np.unique([line for at in wanted.tolist() for line in _around(known, at)])
    for digits in range(2, 7):
        rounded = np.unique([coarse(float(line), digits) for line in between])
        if len(rounded) == len(between):
            break
    return enough(known, rounded, least)


def _around(ordered: Numbers, at: int) -> list[float]:
    """Return the line below the value at a place; where several firms have the value, also the one above them."""
    value = ordered[at]
    first, last = (int(np.searchsorted(ordered, value, side=side)) for side in ("left", "right"))
    below = [float(ordered[first - 1] + value) / 2] if first else []
    above = [float(value + ordered[last]) / 2] if last - first > 1 and last < len(ordered) else []
    return below + above


def enough(ordered: Numbers, candidates: Numbers, least: int) -> Numbers:
    """Return those of the ascending lines that leave `least` or more of the ordered values in every bin."""
    kept: list[float] = []
    below = 0
    for line in candidates.tolist():
        here = int(np.searchsorted(ordered, line, side="left"))
        if here - below >= least and len(ordered) - here >= least:
            kept.append(line)
            below = here
    return np.array(kept, dtype=np.float64)


def typical(values: Numbers) -> float:
    """Return the mean without the least and the greatest value, with two digits; of ten or more values."""
    ordered = np.sort(values)
    return coarse(float(ordered[1:-1].mean()), 2)


def score_table(points: Numbers, defaulted: Numbers, paid: Numbers) -> list[dict[str, Any]]:
    """Return bins of scores, the lowest first, from counts of defaulters and payers at each of the scores (ascending).

    `from` and `to` are in points, rounded to five; None at the open ends.
    """
    firms = np.rint(defaulted + paid).astype(np.int64)
    each = np.repeat(points, firms)
    least = max(LEAST_FIRMS, ceil(len(each) / _MOST_BINS))
    first, last = (float(each[at]) if len(each) else 0.0 for at in (0, -1))
    candidates = np.arange(first // _POINTS_APART + 1, last // _POINTS_APART + 1) * _POINTS_APART
    edges = enough(each, candidates, least)
    place = np.searchsorted(edges, points, side="right")
    bad, all_firms = (np.bincount(place, weights=each, minlength=len(edges) + 1) for each in (defaulted, firms))
    bounds = [None, *edges.tolist(), None]
    return [
        {"from": low, "to": high, "firms": round(count), "defaults": round(hits)}
        for low, high, count, hits in zip(bounds[:-1], bounds[1:], all_firms.tolist(), bad.tolist(), strict=True)
    ]


def roc(table: Sequence[Mapping[str, Any]]) -> dict[str, list[float]]:
    """Share of payers and of defaulters refused as the line rises through the bins, from nobody to everybody."""
    bad, good = _cumulated(table)
    return {"false_positive": [0.0, *good], "true_positive": [0.0, *bad]}


def ks_curve(table: Sequence[Mapping[str, Any]], at: float, distance: float) -> dict[str, Any]:
    """Return the distribution of both kinds of firms at the lines between the bins, and the distance as measured."""
    bad, good = _cumulated(table)
    return {
        "points": [row["to"] for row in table[:-1]],
        "defaulted": bad[:-1],
        "paid": good[:-1],
        "at": round(at / _POINTS_APART) * _POINTS_APART,
        "distance": distance,
    }


def folded(groups: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return groups of ten firms or more, the largest first; the rest as one that names its members and is not judged.

    Each group has `group`, `firms`, `defaults`, `mean_pd`, `gap_by_chance` and `passing` beside figures that belong to
    it alone. All firms together are fewer than ten: nothing is told.
    """
    ordered = sorted((dict(each) for each in groups), key=lambda each: (-each["firms"], each["group"]))
    shown = [each for each in ordered if each["firms"] >= LEAST_FIRMS][:MOST_GROUPS]
    rest = ordered[len(shown) :]
    while rest and sum(each["firms"] for each in rest) < LEAST_FIRMS:
        if not shown:
            return []
        rest.insert(0, shown.pop())
    return shown + ([_together(rest)] if rest else [])


def in_tens(ordered: Sequence[tuple[str, Sequence[Any]]]) -> list[tuple[list[str], list[Any]]]:
    """Return groups in an order, such as grades or quarters, each of ten members or more.

    Of fewer, neighbours are joined; what is left over at the end joins the group before. Of fewer than ten in all there
    is no group.
    """
    groups: list[tuple[list[str], list[Any]]] = []
    for name, members in ordered:
        if groups and len(groups[-1][1]) < LEAST_FIRMS:
            groups[-1][0].append(name)
            groups[-1][1].extend(members)
        else:
            groups.append(([name], list(members)))
    if len(groups) > 1 and len(groups[-1][1]) < LEAST_FIRMS:
        names, members = groups.pop()
        groups[-1][0].extend(names)
        groups[-1][1].extend(members)
    return [group for group in groups if len(group[1]) >= LEAST_FIRMS]


def tens(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts of ten firms or more by name; the others together, with the smallest of these where still fewer.

    Of fewer than ten in all there is none.
    """
    ordered = sorted(((count, name) for name, count in counts.items() if count), reverse=True)
    shown = [each for each in ordered if each[0] >= LEAST_FIRMS]
    rest = ordered[len(shown) :]
    while rest and sum(count for count, _ in rest) < LEAST_FIRMS:
        if not shown:
            return {}
        rest.insert(0, shown.pop())
    told = {name: count for name, count in counts.items() if (count, name) in shown}
    return {**told, OTHERS: sum(count for count, _ in rest)} if rest else told


def span(names: Sequence[str]) -> str:
    """Return the name of neighbours in one group: the first to the last."""
    return names[0] if len(names) == 1 else f"{names[0]} – {names[-1]}"


def disclosed(card: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a card as it may be told: one of an older form without what gives single firms away."""
    if card is None or not card.get("validation") or card["validation"].get("form") == FORM:
        return None if card is None else dict(card)
    told = card["validation"]
    data = card["data"]
    bad, good = data["defaults"], data["firms"] - data["defaults"]
    ks = told["ks"]
    shares = [np.diff(np.array(ks[name], dtype=np.float64), prepend=0.0) for name in ("defaulted", "paid")]
    table = score_table(np.array(ks["points"], dtype=np.float64), np.rint(shares[0] * bad), np.rint(shares[1] * good))
    stability = told.get("stability")
    return {
        **card,
        "validation": {
            "form": FORM,
            "held_out_auc": told["held_out_auc"],
            "score_table": table,
            "roc": roc(table),
            "ks": ks_curve(table, ks["at"], ks["distance"]),
            "stability": stability
            and {name: round(value) if name.endswith("points") else value for name, value in stability.items()},
            "segments": {name: folded(groups) for name, groups in told["segments"].items()},
            "passing_points": passing_line(told["passing_points"]),
        },
    }


def passing_line(points: float) -> float:
    """Return a score that firms are passed from, rounded down to five points: it was one firm's own."""
    return floor(points / _POINTS_APART) * _POINTS_APART


def _cumulated(table: Sequence[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    bad = np.array([row["defaults"] for row in table], dtype=np.float64)
    good = np.array([row["firms"] for row in table], dtype=np.float64) - bad
    first, second = (np.cumsum(counts) / max(1.0, counts.sum()) for counts in (bad, good))
    return first.tolist(), second.tolist()


def _together(rest: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return several groups as one: rates by their firms, chance by the squares of its errors."""
    firms = sum(each["firms"] for each in rest)
    defaults = sum(each["defaults"] for each in rest)
    mean_pd, passing = (sum(each[name] * each["firms"] for each in rest) / firms for name in ("mean_pd", "passing"))
    chance = sum((each["gap_by_chance"] * each["firms"]) ** 2 for each in rest) ** 0.5 / firms
    return {
        "group": OTHERS,
        "members": sorted(each["group"] for each in rest),
        "firms": firms,
        "defaults": defaults,
        "default_rate": defaults / firms,
        "mean_pd": mean_pd,
        "gap": mean_pd - defaults / firms,
        "gap_by_chance": chance,
        "auc": None,
        "passing": passing,
        "air": None,
        "below_four_fifths": False,
    }
