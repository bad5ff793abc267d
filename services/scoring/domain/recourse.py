"""What a firm could change, how far in a month, and at what cost: the rules of the way up (提升路径).

A plan is at most five changes. Each moves one feature the way that its catalogue entry calls actionable, for a whole
number of months, at most twelve, no faster than the entry's pace; all changes run side by side. Features that are
measured on the same thing (sales of twelve months and of thirty-six) move together, so one plan moves at most one of
each family; the others of the family are taken to stay where they are, which can only understate the score, because
they would move the good way too. Pairs that pull against each other never stand in one plan. Everything else is taken
to stay as it is while the plan runs.

The cost of a change is its months times a weight, plus one for being a change at all: one where the firm decides alone
(its own invoicing, its records), two where customers or suppliers must come along. The cheapest plan has the least sum.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.scoring.domain.reasons import figure

MOST_CHANGES = 5
MOST_MONTHS = 12

# Where the catalogue declares no pace: ours, said as such in every answer. A share moves as concentration does in the
# catalogue; amounts and counts may double within a year; a silence ends with the next invoice.
_PACE = {"ratio": 0.05, "month": 1.0, "day": 30.0, "per-month": 0.005}
_A_YEARS_TWELFTH = 1 / 12
# What a page shows of each unit is what a firm can be asked for: amounts in 100 yuan, shares in 0.1 %.
_GRAIN = {"fen": 10_000.0, "ratio": 0.001, "month": 1.0, "day": 1.0, "count": 1.0, "per-month": 0.001}
_FINEST = 0.001

# Measured on the same thing: one of a family at most is moved by a plan.
_FAMILIES: Mapping[str, tuple[str, ...]] = {
    "sales": (
        "sales_12m", "sales_36m", "sales_typical_month_12m", "sales_growth_12m", "sales_growth_6m", "sales_growth_3m",
        "sales_trend_24m", "sales_per_customer_12m",
    ),
    "sales-rhythm": (
        "sales_active_months_12m", "sales_active_months_36m", "sales_active_days_12m", "sales_invoices_12m",
        "invoices_36m", "sales_days_since_last", "paired_months_36m",
    ),
    "sales-spread": ("sales_variation_24m", "sales_peak_share_12m"),
    "purchases": ("purchases_12m", "purchases_growth_12m"),
    "purchases-rhythm": ("purchases_active_months_36m", "purchases_days_since_last", "purchases_variation_24m"),
    "customers": ("customers_12m", "customers_growth_12m"),
    "customer-concentration": ("customer_hhi_12m", "customer_top1_share_12m", "anchor_customer_share_36m"),
    "supplier-concentration": ("supplier_hhi_12m", "supplier_top1_share_12m", "anchor_supplier_share_36m"),
    "customer-ties": ("customer_retention_12m", "repeat_customer_share_36m"),
    "sales-red": ("sales_red_ratio_36m", "sales_red_rate_36m"),
    "time": ("history_months", "customer_age_12m", "supplier_age_12m"),
}  # fmt: skip
FAMILY = {name: family for family, names in _FAMILIES.items() for name in names}

# One pulls where the other pushes: more purchases eat the margin; more customers thin out what each one buys.
_CONFLICTS = (
    {"margin_36m", "purchases_12m"},
    {"margin_36m", "purchases_growth_12m"},
    {"sales_per_customer_12m", "customers_12m"},
    {"sales_per_customer_12m", "customers_growth_12m"},
    {"customer_age_12m", "customers_12m"},
    {"customer_age_12m", "customers_growth_12m"},
    {"supplier_age_12m", "suppliers_12m"},
)
_ALONE = frozenset({"payment", "confidence", "compliance"})
_WINDOW = re.compile(r"_(?:months|days)_(\d+)m$")
_DAYS_A_MONTH = 30.4


@dataclass(frozen=True, slots=True)
class Lever:
    """One feature that a firm can move: which way (+1 raises it), how far in a month, and how dear a month is."""

    feature: str
    sign: int
    pace: float
    declared: bool
    unit: str
    weight: int

    @property
    def family(self) -> str:
        """What it shares its measure with; itself where nothing does."""
        return FAMILY.get(self.feature, self.feature)

    @property
    def grain(self) -> float:
        """The smallest step that is told."""
        return _GRAIN.get(self.unit, _FINEST)

    def after(self, value: float, months: int) -> float:
        """Return what can be reached in so many months: whole grains, within the pace and the feature's own bounds."""
        reach = _bounded(self, value + self.sign * self.pace * months)
        return self.towards(reach, outward=False)

    def towards(self, value: float, *, outward: bool) -> float:
        """Return the grain at `value` or next to it: past it if `outward`, else short of it, in the lever's way."""
        steps = value / self.grain
        up = (self.sign > 0) == outward
        whole = math.ceil(steps - 1e-9) if up else math.floor(steps + 1e-9)
        return round(whole * self.grain, 9)

    def months_to(self, value: float, wanted: float) -> int | None:
        """Return the fewest whole months to `wanted` or beyond; None where the way is closed or too long."""
        for months in range(MOST_MONTHS + 1):
            reached = value if months == 0 else self.after(value, months)
            if (reached - wanted) * self.sign >= 0:
                return months
        return None

    def cost(self, months: int) -> int:
        """Return what a change of so many months costs."""
        return months * self.weight + 1 if months else 0


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


def actions(entries: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return what the catalogue says of each feature's changeability, to be kept with a model."""
    return {
        entry["name"]: {
            "direction": int(entry["direction"]),
            "actionable": entry.get("actionable", "immutable"),
            "pace_per_month": entry.get("pace_per_month"),
        }
        for entry in entries
    }


def lever(
    feature: str, action: Mapping[str, Any], unit: str, dimension: str, value: float, reference: float | None
) -> Lever | None:
    """Return the lever of one feature at its present value; None where it is immutable or moving it could do harm."""
    sign = {"raise": 1, "lower": -1}.get(action["actionable"], 0)
    # Only what the model is bound to reward: a change without a claimed direction could cost points elsewhere.
    if not sign or sign * action["direction"] >= 0:
        return None
    pace = action["pace_per_month"]
    return Lever(
        feature=feature,
        sign=sign,
        pace=pace if pace is not None else _usual_pace(unit, value, reference),
        declared=pace is not None,
        unit=unit,
        weight=1 if dimension in _ALONE else 2,
    )


def conflict(features: Iterable[str]) -> bool:
    """Tell whether two of these pull against each other."""
    chosen = set(features)
    return any(pair <= chosen for pair in _CONFLICTS)


def hindrance(rule: TargetRule, lever: Lever | None, value: float | None) -> dict[str, str] | None:
    """Say why no plan can make a rule hold that does not hold yet; None where a lever moves that way."""
    if value is None:
        return {"zh": "该项数据未知", "en": "the value is not known"}
    if lever is None:
        return {"zh": "该项不可改变", "en": "it cannot be changed"}
    if (rule.op == ">=") != (lever.sign > 0):
        return {"zh": "需要朝不可行的方向改变", "en": "it would have to move the way that is not feasible"}
    if not lever.months_to(value, lever.towards(rule.value, outward=True)):
        return {"zh": f"按其节奏 {MOST_MONTHS} 个月内无法达到", "en": f"out of reach within {MOST_MONTHS} months"}
    return None


def change_sentence(lever: Lever, title: Mapping[str, str], start: float, end: float, months: int) -> dict[str, str]:
    """Return one change as a Chinese and an English sentence."""
    verb = ("提高", "Raise") if lever.sign > 0 else ("降低", "Lower")
    zh, en = ([figure(value, lever.unit, language) for value in (start, end)] for language in ("zh", "en"))
    return {
        "zh": f"{months} 个月内将{title['zh']}从 {zh[0]} {verb[0]}到 {zh[1]}",
        "en": f"{verb[1]} {_lowered(title['en'])} from {en[0]} to {en[1]} within {_months(months)}",
    }


def _months(count: int) -> str:
    return "1 month" if count == 1 else f"{count} months"


def _lowered(title: str) -> str:
    return title[:1].lower() + title[1:] if title[1:2].islower() else title


def _usual_pace(unit: str, value: float, reference: float | None) -> float:
    if unit in _PACE:
        return _PACE[unit]
    # A firm near zero may grow by a tenth of the reference's amount a year: a twelfth of nothing is no pace.
    size = max(abs(value), abs(reference or 0.0) / 10, _GRAIN.get(unit, _FINEST) * MOST_MONTHS)
    return size * _A_YEARS_TWELFTH


def _bounded(lever: Lever, value: float) -> float:
    if lever.sign < 0:
        return max(value, 0.0)
    window = _WINDOW.search(lever.feature)
    if window:
        months = float(window[1])
        return min(value, months if lever.unit == "month" else months * _DAYS_A_MONTH)
    return min(value, 1.0) if lever.unit == "ratio" else value
