"""What the charts draw, worked out here so that the browser only draws (and a test can read it)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log
from typing import Any

from gateway.portal.figures import MONEY_UNIT, exact_yuan, points
from gateway.portal.language import Language, pick, text

# The longest bars are read; twelve fit a laptop screen. The rest is one bar, and all stand in the table below.
WATERFALL_STEPS = 12
# From the least that a score says to certainty; a logarithm, because 0.2 % and 0.4 % differ as much as 10 and 20 %.
PD_SCALE = (0.0005, 1.0)
ASCENT = (560, 180)
ASCENT_ROOM = 12  # points above and below the lines
PD_TICKS = (0.001, 0.01, 0.1, 1.0)


def radar(language: Language, dimensions: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the radar: one axis a dimension, a value of null where there is no data."""
    return {
        "axes": [{"name": pick(language, each["title"]), "value": each["score"]} for each in dimensions],
        "noData": text(language, "portrait.no_data"),
    }


def radar_summary(language: Language, dimensions: Sequence[Mapping[str, Any]]) -> str:
    """Return the radar in words, for those who hear the page."""
    nothing = text(language, "portrait.no_data")
    return "; ".join(
        f"{pick(language, each['title'])} {nothing if each['score'] is None else format(each['score'], '.0f')}"
        for each in dimensions
    )


def sparkline(scores: Sequence[float | None], width: int, height: int) -> list[str]:
    """Return the points of polylines through scores of 0 to 100, one line for each stretch without a gap."""
    step = width / max(len(scores) - 1, 1)
    lines: list[list[str]] = [[]]
    for place, score in enumerate(scores):
        if score is None:
            lines.append([])
        else:
            lines[-1].append(f"{place * step:.1f},{height * (1 - score / 100):.1f}")
    return [" ".join(line) for line in lines if line]


def months(language: Language, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the monthly series in the language's money unit, each with its exact amount for the tooltip."""
    divisor, unit = MONEY_UNIT[language]

    def series(name: str, key: str) -> dict[str, Any]:
        return {
            "name": text(language, f"portrait.{name}"),
            "values": [round(row[key] / divisor, 4) for row in rows],
            "exact": [exact_yuan(row[key]) for row in rows],
        }

    return {
        "months": [row["month"] for row in rows],
        "unit": unit,
        "sales": series("sales", "sales_fen"),
        "purchases": series("purchases", "purchases_fen"),
    }


def waterfall(language: Language, score: Mapping[str, Any]) -> dict[str, Any]:
    """Return the steps from base points to the score, the largest first, the small ones together.

    The steps add up: each starts where the one before it ended, the last ends at the score.
    """
    moving = sorted(
        (each for each in score["contributions"] if each["points"]), key=lambda each: -abs(float(each["points"]))
    )
    shown, rest = moving[:WATERFALL_STEPS], moving[WATERFALL_STEPS:]
    named = [(pick(language, each["title"]), float(each["points"])) for each in shown]
    if rest:
        named.append((text(language, "score.rest", count=len(rest)), sum(float(each["points"]) for each in rest)))
    steps, level = [], float(score["base_points"])
    for name, change in named:
        steps.append({"name": name, "from": level, "to": level + change, "label": points(change)})
        level += change
    return {
        "base": {"name": text(language, "score.base"), "value": float(score["base_points"])},
        "steps": steps,
        "total": {"name": text(language, "score.total"), "value": level},
    }


def ascent(way: Mapping[str, Any], path: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a way up as lines of an SVG: the score of each month by the plan, by carrying on alone, and the target.

    The first month is today; both lines begin there.
    """
    width, height = ASCENT
    lines = {
        name: [(0, way["now"]["score"]), *((month["month"], month["score"]) for month in months)]
        for name, months in (("plan", path), ("carried", way["carrying_on"]))
    }
    needed = way["needed"]["score"]
    scores = [score for line in lines.values() for _, score in line] + ([] if needed is None else [needed])
    low, high = min(scores) - ASCENT_ROOM, max(scores) + ASCENT_ROOM
    last = max(month for line in lines.values() for month, _ in line) or 1

    def place(month: float, score: float) -> tuple[float, float]:
        return round(month / last * width, 1), round(height * (1 - (score - low) / (high - low)), 1)

    return {
        "size": ASCENT,
        "months": last,
        **{name: [place(*point) for point in line] for name, line in lines.items()},
        "ends": {name: line[-1][1] for name, line in lines.items()},
        "target": None if needed is None else place(0, needed)[1],
    }


def pd_position(pd: float) -> float:
    """Return where a probability stands on the log scale, 0 to 100."""
    low, high = PD_SCALE
    clipped = min(max(pd, low), high)
    return min(100 * log(clipped / low) / log(high / low), 100.0)
