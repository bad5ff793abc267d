"""The way up (提升路径): what is to be reached, how a firm could go on, and a plan in words.

A plan is not a change of figures but of business: the profile service lets the firm's own invoices go on, month by
month, and computes from them what the model looks at (its `portrait/domain/continuation.py` says how). So all figures
move together, as they will when the plan is carried out. The best plan is the one that takes the fewest months, then
the one that grows least, then the one with the fewest additions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from services.scoring.domain.reasons import figure

# In the order in which they ask more of a firm.
STEPS: Mapping[str, Mapping[str, str]] = {
    "carry-on": {
        "zh": "照近12个月的方式经营：上年同月的销售、采购与红字发票照旧",
        "en": "Go on as in the last twelve months: each month sells, buys and cancels as a year before",
    },
    "every-month": {
        "zh": "每月都有销售和采购，且不低于本企业月份的中位数，差额由往来最稳定的客户和供应商补足",
        "en": "Sell and buy in every month no less than the firm's median month does, with its steadiest partners",
    },
    "former-partners": {
        "zh": (
            "每月都有销售和采购，且不低于本企业月份的中位数；每月再与近36个月内的老客户、老供应商小额成交，"
            "户数如本企业较好的月份"
        ),
        "en": "Sell and buy in every month no less than the firm's median month does, and trade a little with as many "
        "former partners as a good month of its own has",
    },
}
ASSUMPTIONS = {
    "zh": (
        "方案按月写成发票，用与评分相同的特征目录计算，再用同一模型评分：照此开票，即得此分。"
        "增速以本企业近一年各三个月销售较上年同期增速的上四分位数为限（每月最低 1%，最高一年翻番）；"
        "只与近36个月内有往来的对手成交。公共记录、模型和他人数据视为不变。"
        "评分只计入已印证的数据时，这些发票须由其他来源提供或获得印证；仅由企业自行报送的不会提高评分。"
    ),
    "en": (
        "A plan is written as invoices month by month, its figures are computed by the catalogue that the score used, "
        "and the same model scores them: these invoices give this score. Growth is bound by the firm's own, the upper "
        "quartile of its sales of three months against the year before over the past year (at least 1 % a month, at "
        "most a doubling a year); it trades with partners of the last 36 months only. Public records, the model and "
        "the data of others are taken to stay. Where only what is confirmed counts, these invoices must come from "
        "another source or be confirmed: those that the firm alone states raise no score."
    ),
}
WINDOW_DAYS = 3 * 365
_SHORT = {
    "sale": {
        "zh": "已知的销项发票始于 {day}：如有更早的发票，补报后可能提高评分（未经验证）",
        "en": "Known sales begin on {day}: earlier invoices, where there are any, may raise the score when handed in "
        "(not certified)",
    },
    "purchase": {
        "zh": "已知的进项发票始于 {day}：如有更早的发票，补报后可能提高评分（未经验证）",
        "en": "Known purchases begin on {day}: earlier invoices, where there are any, may raise the score when handed "
        "in (not certified)",
    },
}
_NONE = {
    "sale": {
        "zh": "没有销项发票：补报后可能提高评分（未经验证）",
        "en": "No sales are known: handing them in may raise the score (not certified)",
    },
    "purchase": {
        "zh": "没有进项发票：补报后可能提高评分（未经验证）",
        "en": "No purchases are known: handing them in may raise the score (not certified)",
    },
}


@dataclass(frozen=True, slots=True)
class TargetRule:
    """A product's rule on one feature, on `score` or on `pd`."""

    feature: str
    op: str
    value: float

    def holds(self, found: float | None) -> bool:
        """Tell whether a value passes; an unknown one never does."""
        if found is None:
            return False
        return found >= self.value if self.op == ">=" else found <= self.value

    def __str__(self) -> str:
        """Return the rule as a product writes it."""
        return f"{self.feature} {self.op} {self.value:g}"


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be reached: a grade, a score, a product's rules, or several of them together."""

    grade: str | None = None
    score: int | None = None
    rules: tuple[TargetRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Course:
    """One plan: what it adds (`STEPS`), the share of the firm's own pace, and its growth a month."""

    step: str
    share: float
    growth: float

    @property
    def effort(self) -> tuple[float, int]:
        """How much it asks for beside time: growth before additions."""
        return self.share, tuple(STEPS).index(self.step)

    @property
    def carries_on(self) -> bool:
        """Whether it adds nothing and grows by nothing."""
        return self.effort == (0, 0)

    def sentence(self) -> dict[str, str]:
        """Return it in Chinese and English."""
        words = STEPS[self.step]
        if not self.growth:
            return {"zh": f"{words['zh']}。", "en": f"{words['en']}."}
        rate = f"{self.growth:.1%}".replace("%", " %")
        return {"zh": f"{words['zh']}；逐月增长 {rate}。", "en": f"{words['en']}; grow by {rate} month upon month."}


@dataclass(frozen=True, slots=True)
class Point:
    """Where a plan stands after a month: the values of the features in the order that was asked for."""

    plan: int
    month: int
    day: date
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Continuations:
    """How a firm could go on, as the profile service tells it; `trade` by plan and month, `since` by direction."""

    courses: Sequence[Course]
    pace: Mapping[str, Any]
    points: Sequence[Point]
    trade: Mapping[tuple[int, int], Mapping[str, int]]
    since: Mapping[str, date | None]

    def beside(
        self, moving: Sequence[str], features: Sequence[str], stays: Mapping[str, float | None]
    ) -> Continuations:
        """Return them with values for all of a model's features, of which those that are not `moving` stay."""
        now = [{**stays, **dict(zip(moving, point.values, strict=True))} for point in self.points]
        points = [
            replace(at, values=[each[name] for name in features]) for at, each in zip(self.points, now, strict=True)
        ]
        return replace(self, points=points)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Continuations:
        """Read the answer of the profile service."""
        pace = told["pace"]
        points = zip(told["points"], told["values"], strict=True)
        return cls(
            [Course(each["step"], each["share"], each["share"] * pace["per_month"]) for each in told["plans"]],
            pace,
            [Point(at["plan"], at["month"], date.fromisoformat(at["day"]), values) for at, values in points],
            {(each["plan"], each["month"]): each for each in told["trade"]},
            {side: None if day is None else date.fromisoformat(day) for side, day in told["since"].items()},
        )


def showing_more(since: Mapping[str, date | None], as_of: date) -> list[dict[str, str]]:
    """Say what handing in more of the past could add where less than three years of it are known."""
    told = []
    for side, first in since.items():
        if first is None:
            told.append(dict(_NONE[side]))
        elif first > as_of - timedelta(days=WINDOW_DAYS):
            told.append({name: text.format(day=first.isoformat()) for name, text in _SHORT[side].items()})
    return told


def change_sentence(
    title: Mapping[str, str], unit: str, start: float | None, end: float | None, points: float
) -> dict[str, str]:
    """Return what becomes of one figure, and the points that it brings, as a Chinese and an English sentence."""
    whole = f"{round(points):+d}".replace("-", "−")
    zh, en = ([figure(value, unit, language) for value in (start, end)] for language in ("zh", "en"))
    return {
        "zh": f"{title['zh']}：{zh[0]} → {zh[1]}，{whole} 分",
        "en": f"{title['en']}: {en[0]} → {en[1]}, {whole} point{'' if abs(round(points)) == 1 else 's'}",
    }


def never(rule: TargetRule, found: float | None, best: float | None) -> dict[str, Any]:
    """Say that no plan makes a rule hold, with the best that any reaches."""
    if best is None:
        why = {"zh": "该项数据未知", "en": "the value is not known"}
    else:
        why = {
            "zh": f"按本企业自身节奏，12 个月内最多达到 {best:g}",
            "en": f"at the firm's own pace the best within 12 months is {best:g}",
        }
    return {"rule": str(rule), "found": found, "needed": rule.value, "why": why}
