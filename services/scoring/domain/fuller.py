"""The score that a firm would have if the months that it does not show were like those it shows.

Supposed, certified by nobody and deciding nothing: a firm that shows twelve months and one that traded in twelve only
look alike. It widens what is said of the PD, and tells what showing more would add.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

WINDOW = 36  # months that figures of evidence look back
SIDES = ("sale", "purchase")
NAMES = {"sale": ("销售", "sales"), "purchase": ("采购", "purchases")}


@dataclass(frozen=True, slots=True)
class Fuller:
    """The figures of a file filled with its own months, and what it was made from.

    `shown` says how many of the last 36 months each side reaches back through, `months` in how many the firm existed:
    since `registered_on`, where a source beside the firm states that. Where nothing is supposed the figures are those
    of the score.
    """

    shown: Mapping[str, int]
    months: int
    registered_on: str | None
    depth: str
    features_sha256: str
    values: Sequence[float | None]
    score: int
    grade: str
    pd: float
    pd_low: float
    pd_high: float

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Fuller:
        """Read what `as_json` wrote."""
        return cls(**document)

    def as_json(self) -> dict[str, Any]:
        """Return its members as they are stored."""
        return {name: getattr(self, name) for name in self.__slots__}

    def missing(self, side: str) -> int:
        """Return how many months there are that a side does not show."""
        return max(0, self.months - self.shown[side])


def sentence(fuller: Fuller, score: int) -> dict[str, str]:
    """Say what is shown, what more there could be, and what it would add to the score."""
    parts = [_existence(fuller), *_shown(fuller), *_would(fuller, score), *_absent(fuller)]
    return {"zh": "".join(zh for zh, _ in parts), "en": " ".join(en for _, en in parts if en)}


def _existence(fuller: Fuller) -> tuple[str, str]:
    if fuller.registered_on is None:
        return "", ""
    day = fuller.registered_on
    return (
        f"该企业成立于 {day}（由企业以外的来源陈述），近 {WINDOW} 个月中存续 {fuller.months} 个月。",
        f"The firm was registered on {day}, as another source states, and has existed in {fuller.months} of the last "
        f"{WINDOW} months.",
    )


def _shown(fuller: Fuller) -> list[tuple[str, str]]:
    if not any(fuller.missing(side) for side in SIDES):
        return [("此后各月均已展示，没有更多月份可以展示。", "All of these are shown; there is nothing more to show.")]
    zh, en = zip(*(_of_side(fuller, side) for side in SIDES), strict=True)
    return [
        (
            f"近 {fuller.months} 个月中，{'，'.join(zh)}。",
            f"Of the last {fuller.months} months, {' and '.join(en)}.",
        )
    ]


def _of_side(fuller: Fuller, side: str) -> tuple[str, str]:
    zh, en = NAMES[side]
    if not fuller.shown[side]:
        return f"未展示任何{zh}发票", f"{en} are not shown at all"
    months = min(fuller.shown[side], fuller.months)
    return f"{zh}发票展示了最近 {months} 个月", f"{en} are shown for the latest {months}"


def _would(fuller: Fuller, score: int) -> list[tuple[str, str]]:
    """Say what the score would be, were the months before like those shown."""
    sides = [side for side in SIDES if fuller.shown[side] and fuller.missing(side)]
    if not sides:
        return []
    zh = "、".join(f"{NAMES[side][0]} {fuller.missing(side)} 个月" for side in sides)
    en = " and ".join(f"{fuller.missing(side)} months of {NAMES[side][1]}" for side in sides)
    if fuller.score == score:
        would = f"评分仍为 {score} 分", f"the score would stay at {score}"
    else:
        points = abs(fuller.score - score)
        word_zh, word_en = ("高", "more") if fuller.score > score else ("低", "less")
        would = (
            f"评分为 {fuller.score} 分，比现在{word_zh} {points} 分",
            f"the score would stand at {fuller.score}, {points} points {word_en} than now",
        )
    told = [
        (
            f"如补充更早的{zh}且与已展示的相仿，{would[0]}。此为推测，未经核验，不参与评分。",
            f"Were the {en} before shown and like these, {would[1]}. This is supposed and certified by nobody; it "
            "decides nothing.",
        )
    ]
    if fuller.registered_on is None:
        told.append(
            (
                "如企业当时尚未成立，由其他来源陈述成立日期即可说明。",
                "If the firm did not exist then, its day of registration from another source would say so.",
            )
        )
    return told


def _absent(fuller: Fuller) -> list[tuple[str, str]]:
    """Say of sides without any invoice that nothing can be supposed of them."""
    sides = [side for side in SIDES if not fuller.shown[side] and fuller.months]
    return [
        (
            f"{NAMES[side][0]}发票一张未见，无从推测；提供后评分不会因此降低。",
            f"Of {NAMES[side][1]} nothing can be supposed; showing invoices of them costs no points.",
        )
        for side in sides
    ]
