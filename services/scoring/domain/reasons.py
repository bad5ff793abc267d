"""Which contributions are told as reasons, and how they are said."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# US Regulation B (12 CFR 1002.9, official comment) holds more than four reasons for unhelpful.
MOST_REASONS = 4
# Less does not move the shown score.
_LEAST_POINTS = 0.5
# Puts every adverse contribution before every helpful one.
_SOONER = 2.0**512

# How a value of each unit is written: factor, decimals, unit in Chinese, in English for one and for many.
_UNITS: dict[str, tuple[float, int, str, str, str]] = {
    "ratio": (100.0, 1, "%", "%", "%"),
    "month": (1.0, 0, " 个月", " month", " months"),
    "day": (1.0, 0, " 天", " day", " days"),
    "count": (1.0, 0, " 个", "", ""),
    "per-month": (100.0, 1, "%/月", "% a month", "% a month"),
}
# How money is written, from which amount in yuan on: divisor, decimals, words before and after the number.
_MONEY: dict[str, tuple[tuple[float, float, int, str, str], ...]] = {
    "zh": ((1e8, 1e8, 2, "", " 亿元"), (1e4, 1e4, 2, "", " 万元"), (0, 1, 0, "", " 元")),
    "en": ((1e9, 1e9, 2, "CNY ", " billion"), (1e6, 1e6, 2, "CNY ", " million"), (0, 1, 0, "CNY ", "")),
}


def principal(points: NDArray[np.float64]) -> list[int]:
    """Return the positions of the at most four contributions that are told, the first ones first.

    What cost points comes before what earned them, because a refused firm is owed its adverse reasons; each side goes
    by size alone, so that no untold adverse reason is larger than a told one (12 CFR 1002.9: the principal ones). Of
    equals the first stands first. Less than half a point is never a reason.
    """
    size = points.tolist()  # a dozen of plain numbers are sorted before numpy has begun
    adverse = sorted((i for i, each in enumerate(size) if each <= -_LEAST_POINTS), key=lambda i: size[i])
    helpful = sorted((i for i, each in enumerate(size) if each >= _LEAST_POINTS), key=lambda i: -size[i])
    return (adverse + helpful)[:MOST_REASONS]


def principal_many(points: NDArray[np.float64]) -> NDArray[np.int16]:
    """Do as `principal` for many rows (rows, features) at once: four looks for the least of a matrix of urgencies.

    Returns (rows, 4), -1 where a row has fewer reasons. Points must be less than 2^511 in size.
    """
    # The more negative, the sooner it is told; 0 is never told. A power of two keeps every bit of the points.
    urgency = np.where(points <= -_LEAST_POINTS, points * _SOONER, 0.0)
    np.negative(points, out=urgency, where=points >= _LEAST_POINTS)
    picked = np.full((len(points), MOST_REASONS), -1, dtype=np.int16)
    line = np.arange(len(points))
    for place in range(MOST_REASONS):
        # The first of equals wins, as a stable sort would have it.
        chosen = urgency.argmin(axis=1)
        picked[:, place] = np.where(urgency[line, chosen] < 0, chosen, -1)
        urgency[line, chosen] = 0.0
    return picked


def sentence(
    phrase: Mapping[str, str], points: float, value: float | None, reference: float | None, unit: str
) -> dict[str, str]:
    """Return a reason as a Chinese and an English sentence: what, the firm's value, the reference's, and the points."""
    whole = round(points)
    signed = f"{whole:+d}".replace("-", "−")
    zh, en = _said_of_reference(reference, unit)
    return {
        "zh": f"{phrase['zh']}：本企业 {figure(value, unit, 'zh')}，基准 {zh}，影响 {signed} 分",
        "en": f"{phrase['en']}: this firm {figure(value, unit, 'en')}, reference {en}, "
        f"{signed} point{'' if abs(whole) == 1 else 's'}",
    }


@lru_cache(maxsize=1024)  # a model has some fifty, and says them in every reason
def _said_of_reference(reference: float | None, unit: str) -> tuple[str, str]:
    return figure(reference, unit, "zh"), figure(reference, unit, "en")


def figure(value: float | None, unit: str, language: str) -> str:
    """Return a value in the words of its unit; money in fen is told in yuan, 万元 or million, as people say it."""
    if value is None or value != value:  # noqa: PLR0124 -- NaN is missing too
        return "无数据" if language == "zh" else "no data"
    if unit == "fen":
        return _money(value / 100, language)
    plain = f" {unit}".rstrip()
    factor, decimals, zh, one, many = _UNITS.get(unit, (1.0, 2, plain, plain, plain))
    number = f"{value * factor:,.{decimals}f}"
    after = zh if language == "zh" else one if number in {"1", "-1"} else many
    return _minus(number) + after


def _money(yuan: float, language: str) -> str:
    # Rounded first, so that 999,999.6 yuan is a million and never "CNY 1,000,000" beside "CNY 1.00 million".
    whole = round(yuan)
    _, divisor, decimals, before, after = next(step for step in _MONEY[language] if abs(whole) >= step[0])
    sign = "−" if whole < 0 else ""
    return f"{sign}{before}{abs(whole) / divisor:,.{decimals}f}{after}"


def _minus(number: str) -> str:
    """Return a figure with a true minus sign, and with none before a zero."""
    return number.replace("-", "−") if any(digit in number for digit in "123456789") else number.replace("-", "")
