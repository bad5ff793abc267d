"""The gate: a model that serves is no worse than a simpler one, shown on the same held-out firms.

Model and challenger are measured in the same folds, so the difference of each fold is what counts: what makes a fold
easy or hard is in both. Folds share training rows, so its error is the corrected resampled one (Nadeau & Bengio 2003).

A figure stands in the model's way when it is behind by more than its margin, whether or not chance could explain that:
the burden of proof is on the more complicated model. The interval tells how much was shown either way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from services.scoring.domain import metrics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# How far a model may be behind its challenger and still be called no worse: ours, about as much as another seed alone
# moves the difference (docs/adr/0029).
MARGINS: Mapping[str, float] = {"auc": 0.01, "brier": 0.005, "log_loss": 0.02}
# Of the three, more is better of AUC alone.
_SIGNS: Mapping[str, int] = {"auc": 1, "brier": -1, "log_loss": -1}
NAMES: Mapping[str, Mapping[str, str]] = {
    "auc": {"zh": "AUC", "en": "AUC"},
    "brier": {"zh": "Brier 分数", "en": "Brier score"},
    "log_loss": {"zh": "对数损失", "en": "log-loss"},
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a model passed its gate and, where it did not, the reason for which it was approved all the same."""

    passed: bool
    exception: str | None = None


class Finding(StrEnum):
    """What a figure says: shown no worse (the interval ends above the margin), not behind, behind, or shown worse."""

    NO_WORSE = "no-worse"
    NOT_BEHIND = "not-behind"
    BEHIND = "behind"
    WORSE = "worse"

    @property
    def passes(self) -> bool:
        """Whether the figure lets the model through."""
        return self in {Finding.NO_WORSE, Finding.NOT_BEHIND}


def gate(
    model: Mapping[str, NDArray[np.float64]], challenger: Mapping[str, NDArray[np.float64]], test_share: float
) -> dict[str, Any]:
    """Return the paired tests of both models' figures, (folds,) each by the names of `MARGINS`, and whether all pass.

    `test_share` is the share of the rows that a fold holds out. `advantage` is above 0 where the model is better.
    """
    found = {name: _test(name, model[name], challenger[name], test_share) for name in MARGINS}
    return {"passed": all(Finding(test["finding"]).passes for test in found.values()), "tests": found}


def _test(name: str, model: NDArray[np.float64], challenger: NDArray[np.float64], test_share: float) -> dict[str, Any]:
    ahead = _SIGNS[name] * (model - challenger)
    low, high = metrics.corrected_bounds(ahead, test_share)
    advantage = float(ahead.mean())
    return {
        "model": float(model.mean()),
        "challenger": float(challenger.mean()),
        "advantage": advantage,
        "ci95": [low, high],
        "margin": MARGINS[name],
        "finding": _finding(advantage, low, high, MARGINS[name]).value,
    }


def _finding(advantage: float, low: float, high: float, margin: float) -> Finding:
    if low >= -margin:
        return Finding.NO_WORSE
    if advantage >= -margin:
        return Finding.NOT_BEHIND
    return Finding.WORSE if high < -margin else Finding.BEHIND


def passed(card: Mapping[str, Any] | None) -> bool:
    """Tell whether a card says that its model passed; one that says nothing of a gate has not."""
    return bool(((card or {}).get("gate") or {}).get("passed", False))


def tests(card: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the paired tests on a card; none on one from before they were made."""
    return dict(((card or {}).get("gate") or {}).get("tests") or {})


def told(card: Mapping[str, Any] | None) -> str:
    """Say in words by which figures a model failed, and by how much."""
    failed = [
        f"{NAMES[name]['en']} {test['model']:.3f} against {test['challenger']:.3f}, behind by {-test['advantage']:.3f} "
        f"(at most {test['margin']:g}; 95 % of the difference {-test['ci95'][1]:+.3f} to {-test['ci95'][0]:+.3f})"
        for name, test in tests(card).items()
        if not Finding(test["finding"]).passes
    ]
    return "; ".join(failed) or "its card tells of no test against a challenger"
