"""Whether PDs came true: exact binomial tests by grade, Hosmer-Lemeshow over all, vintages and migrations."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from services.scoring.domain.disclosure import LEAST_FIRMS, OTHERS, in_tens, span, tens
from services.scoring.domain.outcome import months_after
from services.scoring.domain.scale import MASTER_SCALE

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRADES = tuple(step.name for step in MASTER_SCALE)
# One grade of ten fails by chance once in a thousand reports at 0.0001; at 0.01 every tenth report would cry wolf.
GATE = 0.01
# Months after the score at which a vintage is looked at.
AGES = (3, 6, 12, 18, 24, 36)


@dataclass(frozen=True, slots=True)
class Followed:
    """A scored firm and what became of it: the score's grade, PD and day, the outcome and the day it was observed."""

    grade: str
    pd: float
    scored_on: date
    defaulted: bool
    observed_on: date


def by_grade(followed: Sequence[Followed]) -> list[dict[str, Any]]:
    """Return each grade's mean PD against its defaults: the chance of so many or more, or so few or fewer, if it holds.

    Exact binomial at the grade's mean PD (Basel Committee 2005, working paper 14); defaults are taken as independent,
    which makes the test strict: a common shock brings more defaults than it allows for. Grades of fewer than ten firms
    stand together with their neighbour, so that no figure is of single firms.
    """
    groups: dict[str, list[Followed]] = defaultdict(list)
    for each in followed:
        groups[each.grade].append(each)
    there = [(name, groups[name]) for name in GRADES if name in groups]
    return [_grade(span(names), members) for names, members in in_tens(there)]


def _grade(name: str, members: Sequence[Followed]) -> dict[str, Any]:
    from scipy.special import bdtr, bdtrc  # noqa: PLC0415 -- a quarter of a second that only a backtest needs

    firms, defaults = len(members), sum(each.defaulted for each in members)
    pd = float(np.mean([each.pd for each in members]))
    more = 1.0 if defaults == 0 else float(bdtrc(defaults - 1, firms, pd))
    return {
        "grade": name,
        "firms": firms,
        "defaults": defaults,
        "mean_pd": pd,
        "default_rate": defaults / firms,
        "p_as_many": more,
        "p_as_few": float(bdtr(defaults, firms, pd)),
    }


def hosmer_lemeshow(pd: NDArray[np.float64], defaulted: NDArray[np.bool_], groups: int = 10) -> dict[str, Any] | None:
    """Return the χ² of observed against expected defaults in equal groups by PD; None for fewer than two groups of ten.

    Degrees of freedom are the number of groups: these firms were not used in fitting (Hosmer & Lemeshow 2013, 5.2.2).
    """
    from scipy.special import chdtrc  # noqa: PLC0415 -- a quarter of a second that only a backtest needs

    groups = min(groups, len(pd) // 10)
    if groups < 2:
        return None
    parts = np.array_split(np.argsort(pd, kind="stable"), groups)
    statistic = 0.0
    for part in parts:
        expected = float(pd[part].sum())
        spread = expected * (1 - expected / len(part))
        statistic += (float(defaulted[part].sum()) - expected) ** 2 / spread
    return {"statistic": statistic, "groups": groups, "p_value": float(chdtrc(groups, statistic))}


def vintages(followed: Iterable[Followed], today: date, horizon: int) -> dict[str, Any]:
    """Return by quarter of the score the share of firms known to have defaulted within so many months.

    Only of firms whose horizon (months) is over: those that are younger have had less time to default, and are counted
    apart (`open`). A share is None where fewer than ten firms are as old. Quarters of fewer than ten stand together.
    """
    quarters: dict[str, list[Followed]] = defaultdict(list)
    still_open = 0
    for each in followed:
        if months_after(each.scored_on, horizon) > today:
            still_open += 1
        else:
            quarters[_quarter(each.scored_on)].append(each)
    told = [
        {
            "quarter": span(names),
            "firms": len(members),
            "defaulted_within": {str(age): _within(members, age, today) for age in AGES},
        }
        for names, members in in_tens(sorted(quarters.items()))
    ]
    return {"horizon_months": horizon, "open": still_open, "quarters": told}


def _within(members: Sequence[Followed], age: int, today: date) -> float | None:
    old = [each for each in members if months_after(each.scored_on, age) <= today]
    if len(old) < LEAST_FIRMS:
        return None
    return sum(each.defaulted and each.observed_on <= months_after(each.scored_on, age) for each in old) / len(old)


def migrations(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Tell from which grade to which firms moved, first score to last: counts by grade, and the share that stayed.

    Grades that fewer than ten firms began with stand together, and so do those that fewer than ten of them came to; of
    fewer than ten firms in all only their number is told.
    """
    counted = Counter(pairs)
    total = sum(counted.values())
    if total < LEAST_FIRMS:
        return {"firms": total, "table": {}, "stayed": None, "up": None, "down": None}
    began = Counter({before: sum(counted[before, after] for after in GRADES) for before in GRADES})
    named = tens(began)
    rows: dict[str, dict[str, int]] = {}
    for row in named:
        members = [row] if row != OTHERS else [before for before in GRADES if before not in named]
        came = {after: sum(counted[before, after] for before in members) for after in GRADES}
        rows[row] = tens(came)
    place = {name: position for position, name in enumerate(GRADES)}
    moves = [(place[after] - place[before], count) for (before, after), count in counted.items()]
    return {
        "firms": total,
        "table": rows,
        "stayed": sum(count for step, count in moves if step == 0) / total if total else None,
        "up": sum(count for step, count in moves if step < 0) / total if total else None,
        "down": sum(count for step, count in moves if step > 0) / total if total else None,
    }


def alerts(grades: Sequence[dict[str, Any]], overall: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Tell where PDs did not come true: a grade with more defaults than chance allows, or the whole scale."""
    # Bonferroni: ten grades are looked at, and one report in a hundred may err.
    gate = GATE / max(1, len(grades))
    alerts = [
        _alert(
            each["grade"],
            f"{each['grade']} 级违约 {each['defaults']}/{each['firms']}，高于违约概率 {each['mean_pd']:.2%} 所能解释",
            f"Grade {each['grade']}: {each['defaults']} of {each['firms']} firms defaulted, more than its PD of "
            f"{each['mean_pd']:.2%} explains (p = {each['p_as_many']:.2g})",
        )
        for each in grades
        if each["p_as_many"] < gate
    ]
    if overall is not None and overall["p_value"] < GATE:
        alerts.append(
            _alert(
                "pd",
                f"违约概率整体失准（Hosmer–Lemeshow p = {overall['p_value']:.2g}）",
                f"PDs as a whole did not come true (Hosmer-Lemeshow p = {overall['p_value']:.2g})",
            )
        )
    return alerts


def _alert(subject: str, zh: str, en: str) -> dict[str, Any]:
    return {"kind": "back-test", "month": None, "subject": subject, "sentence": {"zh": zh, "en": en}}


def _quarter(day: date) -> str:
    return f"{day.year}Q{(day.month + 2) // 3}"
