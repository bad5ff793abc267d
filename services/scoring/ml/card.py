"""The model card: what the model was made from, how good it is, what it is for, and where it must not be used."""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from services.scoring.domain import scale
from services.scoring.ml.calibration import INTERVAL_LEVEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

    from services.scoring.ml.learner import Learned
    from services.scoring.ml.scorer import Scorer

_VERIFIED_ROWS = 500
_LIBRARIES = ("numpy", "polars", "scikit-learn", "shap", "xgboost-cpu")

INTENDED_USE = {
    "zh": "评估小微企业的违约概率，供授信审查人员参考；每个分数附理由与区间，最终决定由人作出。",
    "en": "For a credit officer who decides: how likely a small firm defaults, with an interval and reasons.",
}


def model_card(
    frame: pl.DataFrame,
    defaulted: NDArray[np.bool_],
    learned: Learned,
    scorer: Scorer,
    metrics: Mapping[str, Any],
    *,
    lineage: Mapping[str, Any],
) -> dict[str, Any]:
    """Return everything that a validator asks first, as plain values; the same inputs give the same card."""
    held_out = scale.sigmoid(learned.calibration.log_odds(learned.held_out_margins.mean(axis=0)))
    return {
        "kind": "xgboost-monotone+scorecard" if learned.parameters["scorecard"] else "xgboost-monotone",
        "data": {"firms": len(defaulted), "defaults": int(defaulted.sum()), **lineage},
        "features": list(scorer.features),
        "ignored": learned.encoding.ignored,
        "parameters": learned.parameters,
        "trials": list(learned.trials),
        "constraints": {
            column.name: sign
            for column, sign in zip(learned.encoding.columns, learned.parameters["monotone_constraints"], strict=True)
            if sign
        },
        "metrics": {name: figures for name, figures in metrics.items() if name not in {"gate", "rating"}},
        "gate": metrics["gate"],
        "rating": metrics.get("rating"),
        "calibration": {
            **learned.calibration.as_json(),
            "method": "platt, cross-fitted on mean margins, slope drawn to 1",
            "interval_level": INTERVAL_LEVEL,
            "table": calibration_table(defaulted, held_out),
        },
        "scale": {
            "anchor_points": scale.ANCHOR_POINTS,
            "anchor_odds": scale.ANCHOR_ODDS,
            "points_to_double_odds": scale.POINTS_TO_DOUBLE_ODDS,
            "pd_floor": scale.PD_FLOOR,
            "version": scale.MASTER_SCALE_VERSION,
            "grades": [
                {
                    "grade": step.name,
                    "pd_over": scale.pd_bounds(step.name)[0],
                    "pd_up_to": scale.pd_bounds(step.name)[1],
                }
                for step in scale.MASTER_SCALE
            ],
        },
        "reference": {**scorer.reference, "points": scorer.base_points, "grade": scale.grade_of(scorer.base_points)},
        "importance": importance(frame, scorer),
        "verification": verification(frame, learned, scorer),
        "intended_use": INTENDED_USE,
        "limits": limits(len(defaulted), int(defaulted.sum())),
        "libraries": {name: version(name) for name in _LIBRARIES} | {"python": platform.python_version()},
    }


def calibration_table(defaulted: NDArray[np.bool_], pd: NDArray[np.float64]) -> list[dict[str, Any]]:
    """Return the held-out PD against the observed rate in up to five groups of equal size, lowest PD first."""
    groups = np.array_split(np.argsort(pd, kind="stable"), min(5, max(1, len(pd) // 10)))
    return [
        {
            "firms": len(group),
            "mean_pd": float(pd[group].mean()),
            "default_rate": float(defaulted[group].mean()),
            "defaults": int(defaulted[group].sum()),
        }
        for group in groups
    ]


def importance(frame: pl.DataFrame, scorer: Scorer) -> list[dict[str, Any]]:
    """Return the mean absolute points of each feature over the training firms, the strongest first."""
    mean = np.abs(scorer.score_many(frame).points).mean(axis=0)
    order = np.argsort(-mean, kind="stable")
    return [{"feature": scorer.features[place], "mean_points": float(mean[place])} for place in order]


def verification(frame: pl.DataFrame, learned: Learned, scorer: Scorer) -> dict[str, Any]:
    """Return the largest difference, in points, of our reasons from shap's and of our margins from xgboost's."""
    import shap  # noqa: PLC0415 -- seconds to import, and only training verifies
    import xgboost  # noqa: PLC0415

    rows = learned.encoding.rows(frame[:_VERIFIED_ROWS])
    reference = learned.encoding.row(scorer.reference["values"])[None, :]
    booster = xgboost.Booster(model_file=bytearray(learned.booster))
    theirs = shap.TreeExplainer(booster, data=reference, feature_perturbation="interventional").shap_values(rows)
    margins, ours = scorer.explain(rows)
    xgboost_margins = booster.predict(xgboost.DMatrix(rows, nthread=1), output_margin=True)
    per_margin = scale.POINTS_PER_LOG_ODDS * learned.calibration.slope
    return {
        "rows": len(rows),
        "reasons_against_shap_points": float(np.abs(ours - theirs).max() * per_margin),
        "margin_against_xgboost_points": float(np.abs(margins - xgboost_margins).max() * per_margin),
    }


def limits(firms: int, defaults: int) -> dict[str, str]:
    """Return what a reader must know before relying on the model."""
    return {
        "zh": (
            f"由 {firms} 家企业（其中 {defaults} 家违约）训练，各项指标均附区间；不含信用评级；"
            "无违约日期时无法做跨时点检验；未见过的行业与规模须谨慎；不得作为拒绝的唯一依据。"
        ),
        "en": (
            f"Learned from {firms} firms with {defaults} defaults, so every figure has an interval; no rating is used; "
            "without default dates no out-of-time test is possible; take care with industries and sizes it never saw; "
            "it must not be the only ground of a refusal."
        ),
    }
