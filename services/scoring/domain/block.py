"""Whether a model keeps an optional block of figures: held-out firms must show that it pays (docs/adr/0045).

Models with and without the block are learned and judged in the same folds, so the difference of each fold counts, with
the corrected resampled interval that the gate uses too. The burden of proof is on what is added: a block whose gain
chance could explain is left out, and the model never asks for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.scoring.domain import metrics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    ByFold = Mapping[str, NDArray[np.float64]]

TITLES: Mapping[str, Mapping[str, str]] = {"graph": {"zh": "图谱特征组", "en": "Figures of ties (graph)"}}
# Of the measures by which a block is judged more is better of AUC alone.
SIGNS: Mapping[str, int] = {"auc": 1, "brier": -1, "log_loss": -1}


@dataclass(frozen=True, slots=True)
class Offered:
    """A block as it is offered to a training: of how many of the firms any of its figures is known."""

    name: str
    figures: tuple[str, ...]
    known: int
    firms: int


def weighed(offered: Offered, without: ByFold, beside: ByFold, test_share: float) -> dict[str, Any]:
    """Return the paired gains of a block by measure, (folds,) each without it and with it, and whether it is kept.

    Kept where the AUC's interval lies above 0 and neither Brier score nor log-loss is worse in the mean.
    `test_share` is the share of the rows that a fold holds out.
    """
    tests = {name: _test(SIGNS[name], without[name], beside[name], test_share) for name in SIGNS}
    kept = tests["auc"]["ci95"][0] > 0 and all(test["gain"] >= 0 for test in tests.values())
    return {**_head(offered, kept=kept), "tests": tests, "sentence": _sentence(offered, tests["auc"], kept=kept)}


def unknown(offered: Offered) -> dict[str, Any]:
    """Return what is told of a block of which nothing is known: no figure can pay that nobody has."""
    title = TITLES[offered.name]
    sentence = {
        "zh": f"{title['zh']}：未采用。{offered.firms} 家训练企业均无可用数据（未授权，或除企业外无人告知）。",
        "en": f"{title['en']}: left out. Nothing of it is known of the {offered.firms} training firms: no consent to "
        "read their ties, or nobody but the firms tells of any.",
    }
    return {**_head(offered, kept=False), "tests": {}, "sentence": sentence}


def _head(offered: Offered, *, kept: bool) -> dict[str, Any]:
    return {"kept": kept, "figures": list(offered.figures), "known": offered.known, "firms": offered.firms}


def _test(sign: int, without: NDArray[np.float64], beside: NDArray[np.float64], test_share: float) -> dict[str, Any]:
    gain = sign * (beside - without)
    low, high = metrics.corrected_bounds(gain, test_share)
    said = {"without": float(without.mean()), "with": float(beside.mean()), "gain": float(gain.mean())}
    return {**said, "ci95": [low, high]}


def _sentence(offered: Offered, auc: Mapping[str, Any], *, kept: bool) -> dict[str, str]:
    low, high = auc["ci95"]
    title = TITLES[offered.name]
    said = f"AUC {auc['without']:.3f} → {auc['with']:.3f}, {auc['gain']:+.3f} [{low:+.3f}, {high:+.3f}]"
    of = f"{offered.known}/{offered.firms}"
    return {
        "zh": f"{title['zh']}：{'采用' if kept else '未采用'}。留出企业上 {said}（95% 区间）；{of} 家企业有数据。",
        "en": f"{title['en']}: {'kept' if kept else 'left out'}. On held-out firms {said} (95 %); known of {of} firms.",
    }
