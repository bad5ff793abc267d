"""A bank's own rating beside a model: which of the two ranks the same held-out firms better.

A rating has grades and no PD, so of the gate's figures only the AUC can be compared, in the same folds and with the
same correction. It teaches nothing: no model sees it. A rating that was given after the day of the features knows more
than they do and is left out; one without a day, or a grade in which every firm defaulted, is told as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from services.scoring.domain import metrics
from services.scoring.domain.disclosure import LEAST_FIRMS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Outcomes = NDArray[np.bool_]

# Fewer of either kind rank by luck: nothing is compared.
LEAST_OF_A_KIND = 5


@dataclass(frozen=True, slots=True)
class Rated:
    """The grade of a firm, and the day on which it was given where that is told."""

    grade: str
    rated_on: date | None = None


@dataclass(frozen=True, slots=True)
class Ratings:
    """A bank's grades, the best first, and what it gave to whom."""

    grades: Sequence[str]
    given: Mapping[str, Rated]

    def as_json(self) -> dict[str, Any]:
        """Return the ratings as plain values."""
        given = {firm: [each.grade, each.rated_on and each.rated_on.isoformat()] for firm, each in self.given.items()}
        return {"grades": list(self.grades), "given": given}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Ratings:
        """Return the inverse of `as_json`."""
        given = {firm: Rated(grade, day and date.fromisoformat(day)) for firm, (grade, day) in value["given"].items()}
        return cls(tuple(value["grades"]), given)

    def of(self, firms: Sequence[str], start: date | None = None) -> Ranks:
        """Return the places of some firms' grades; those rated after `start`, the day of the features, are left out."""
        place = {grade: float(number) for number, grade in enumerate(self.grades)}
        found = [self.given.get(firm) for firm in firms]
        late = [bool(each and start and each.rated_on and each.rated_on > start) for each in found]
        kept = [None if after else each for each, after in zip(found, late, strict=True)]
        return Ranks(
            grades=tuple(self.grades),
            place=np.array([float("nan") if each is None else place[each.grade] for each in kept]),
            late=sum(late),
            undated=sum(each is not None and each.rated_on is None for each in kept),
        )


@dataclass(frozen=True, slots=True)
class Ranks:
    """The place of each firm's grade among the grades, the best 0, NaN where it has none; and what is to be told."""

    grades: Sequence[str]
    place: Numbers
    late: int = 0
    undated: int = 0


def beside(
    ranks: Ranks,
    defaulted: Outcomes,
    pds: Numbers,
    folds: Sequence[tuple[int, NDArray[np.int64]]],
    test_share: float,
) -> dict[str, Any]:
    """Return how model and rating rank the rated firms of the same folds, each (repeat, held-out rows).

    `pds` are held-out (repeats, firms). `advantage` is above 0 where the model is better. `comparison` is None where
    fewer than five rated firms defaulted or paid; figures of fewer than ten firms are not told.
    """
    rated = ~np.isnan(ranks.place)
    bad = int(defaulted[rated].sum())
    told = {"rated": int(rated.sum()), "unrated": int((~rated).sum()), "late": ranks.late, "undated": ranks.undated}
    enough = rated.sum() >= LEAST_FIRMS and min(bad, int(rated.sum()) - bad) >= LEAST_OF_A_KIND
    groups = _groups(ranks, defaulted) if enough else []
    return {
        **told,
        "defaults": bad if enough else None,
        "grades": groups,
        "comparison": _compared(ranks.place, rated, defaulted, pds, folds, test_share) if enough else None,
        "told": _told(ranks, groups, told["rated"]),
    }


def _compared(
    place: Numbers,
    rated: NDArray[np.bool_],
    defaulted: Outcomes,
    pds: Numbers,
    folds: Sequence[tuple[int, NDArray[np.int64]]],
    test_share: float,
) -> dict[str, Any] | None:
    """Return the AUC of both and the paired difference; None where fewer than two folds hold rated firms of both."""
    found = []
    for repeat, outside in folds:
        rows = outside[rated[outside]]
        if 0 < defaulted[rows].sum() < len(rows):
            found.append([metrics.auc(defaulted[rows], risk[rows]) for risk in (pds[repeat], place)])
    if len(found) < 2:
        return None
    model, rating = np.array(found).T
    ahead = model - rating
    low, high = metrics.corrected_bounds(ahead, test_share)
    return {
        "folds": len(found),
        "model": float(model.mean()),
        "rating": float(rating.mean()),
        "advantage": float(ahead.mean()),
        "ci95": [low, high],
        "finding": "model" if low > 0 else "rating" if high < 0 else "neither",
    }


def _groups(ranks: Ranks, defaulted: Outcomes) -> list[dict[str, Any]]:
    """Return firms and defaults by grade, the best first; neighbours together where a grade has fewer than ten."""
    counts = [(ranks.place == number).nonzero()[0] for number in range(len(ranks.grades))]
    groups: list[tuple[list[str], NDArray[np.int64]]] = []
    for grade, rows in zip(ranks.grades, counts, strict=True):
        if groups and (len(groups[-1][1]) < LEAST_FIRMS):
            groups[-1] = ([*groups[-1][0], grade], np.concatenate([groups[-1][1], rows]))
        else:
            groups.append(([grade], rows))
    if len(groups) > 1 and len(groups[-1][1]) < LEAST_FIRMS:
        (names, rows), (last, few) = groups[-2:]
        groups[-2:] = [([*names, *last], np.concatenate([rows, few]))]
    return [{"grades": names, "firms": len(rows), "defaults": int(defaulted[rows].sum())} for names, rows in groups]


def _told(ranks: Ranks, groups: Sequence[Mapping[str, Any]], rated: int) -> list[dict[str, str]]:
    told = []
    if ranks.late:
        en = f"{ranks.late} ratings were given after the day of the features and are left out: they may know more."
        told.append({"zh": f"{ranks.late} 个评级晚于特征日期，可能已知后事，未纳入比较。", "en": en})
    if ranks.undated:
        en = f"{ranks.undated} of {rated} ratings bear no day: whether they were given before the outcome is unknown."
        told.append({"zh": f"{rated} 个评级中有 {ranks.undated} 个没有日期：无法判断是否先于结果。", "en": en})
    for each in groups:
        if each["defaults"] == each["firms"]:
            names = ", ".join(each["grades"])
            en = (
                f"Every one of the {each['firms']} firms rated {names} defaulted: such a grade is often given after the"
                " default, and the rating's AUC is then no forecast."
            )
            zh = f"评级 {names} 的 {each['firms']} 家企业全部违约：此类评级往往在违约之后给出，其 AUC 不是预测能力。"
            told.append({"zh": zh, "en": en})
    return told
