"""Which scores can be held to outcomes: firms that did not train the model, over its horizon and by its definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.scoring.domain.assessment import Assessment
from services.scoring.domain.backtest import Followed
from services.scoring.domain.outcome import Left, Seen, Terms, label

# Of a model that was trained without one: the year that rating systems use (Basel Framework CRE36).
USUAL_HORIZON = 12


@dataclass(frozen=True, slots=True)
class FollowUp:
    """The firms whose PD can be compared, and how many cannot, by the reason."""

    followed: Sequence[Followed]
    terms: Terms
    assumed: bool
    training_firms: int | None
    left_out: Mapping[str, int]

    def as_json(self) -> dict[str, Any]:
        """Return what was compared, as plain values."""
        return {
            "firms": len(self.followed),
            "definition": self.terms.definition,
            "horizon_months": self.terms.horizon_months,
            "horizon_assumed": self.assumed,
            "training_firms": self.training_firms,
            "left_out": dict(self.left_out),
        }


def follow_up(
    scores: Sequence[Assessment],
    seen: Mapping[str, Sequence[Seen]],
    terms: Terms,
    trained: Callable[[str], bool] | None,
) -> FollowUp:
    """Compare each firm's first score with what was seen of it within the horizon after the score's day.

    `trained` tells whether a firm taught the model; None for a model that does not know, and then all count.
    """
    full = replace(terms, horizon_months=terms.horizon_months or USUAL_HORIZON)
    followed: list[Followed] = []
    left: Counter[str] = Counter()
    taught = 0
    for name, score in _first(scores).items():
        if name not in seen:
            continue
        if trained is not None and trained(name):
            taught += 1
            continue
        # The score's own day begins the window, whatever the outcome was first reported for.
        told = [replace(each, window_from=None) for each in seen[name]]
        said = label(told, full, score.as_of)
        if isinstance(said, Left):
            left[said.value] += 1
        else:
            followed.append(Followed(score.grade, score.pd, score.as_of, said, told[-1].observed_on or score.as_of))
    known = taught if trained is not None else None
    return FollowUp(followed, full, terms.horizon_months is None, known, dict(sorted(left.items())))


def _first(scores: Sequence[Assessment]) -> dict[str, Assessment]:
    first: dict[str, Assessment] = {}
    for score in scores:
        first.setdefault(score.enterprise, score)
    return first
