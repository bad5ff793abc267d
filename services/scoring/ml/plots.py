"""The pictures of a model's page, drawn once when it is trained: SVG files beside the artefact.

The summary and dependence plots are the shap library's, given our own exact values (`card.verification` says how far
they are from shap's). Same inputs, same bytes: nothing of the day or of chance is in a file.
"""

from __future__ import annotations

import logging
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from services.scoring.domain import scale

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes

    from services.scoring.ml.scorer import Scorer
    from services.scoring.ml.validation import HeldOut

INK, BAD, GOOD, SOFT = "#0b5563", "#a63d2b", "#1f6b57", "#8a8f91"
FOLDER = "plots"
_MOST_ROWS = 300  # dots of a picture that is looked at, not read
_SHOWN_FEATURES = 12
_DEPENDENCE = 3
_STYLE = {
    "svg.hashsalt": "smecredit",
    "svg.fonttype": "none",  # words stay words: selectable, and in the reader's own fonts
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": SOFT,
    "path.simplify": True,
}


def draw(folder: Path, held_out: HeldOut, validation: Mapping[str, Any], scorer: Scorer) -> list[str]:
    """Write all pictures into a folder and return their names, in the order of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Callable[[Axes], None]] = {
        "roc": lambda axes: _roc(axes, validation),
        "ks": lambda axes: _ks(axes, validation["ks"]),
        "calibration": lambda axes: _calibration(axes, scorer.card["calibration"]["table"]),
        "scores": lambda axes: _scores(axes, held_out),
    }
    if validation["stability"]:
        pictures["stability"] = lambda axes: _stability(axes, held_out)
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        for name, picture in pictures.items():
            figure = Figure(figsize=(4.6, 3.4), layout="constrained")
            picture(figure.add_subplot())
            _save(figure, folder / f"{name}.svg")
        return [*pictures, *_shap(folder, held_out, scorer)]


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None}, transparent=True)


def _roc(axes: Axes, validation: Mapping[str, Any]) -> None:
    curve = validation["roc"]
    axes.plot(curve["false_positive"], curve["true_positive"], color=INK, label=f"AUC {validation['held_out_auc']:.3f}")
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle=":", linewidth=1)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1), ylim=(0, 1.01))
    axes.legend(frameon=False, loc="lower right")


def _ks(axes: Axes, curve: Mapping[str, Any]) -> None:
    axes.step(curve["points"], curve["defaulted"], where="post", color=BAD, label="defaulted")
    axes.step(curve["points"], curve["paid"], where="post", color=GOOD, linestyle="--", label="paid")
    axes.axvline(curve["at"], color=SOFT, linestyle=":", linewidth=1)
    axes.set(xlabel="score", ylabel="cumulative share")
    axes.set_title(f"KS {curve['distance']:.3f} at {curve['at']:.0f} points", fontsize=9)
    axes.legend(frameon=False)


def _calibration(axes: Axes, table: Sequence[Mapping[str, Any]]) -> None:
    pd = np.array([row["mean_pd"] for row in table])
    rate = np.array([row["default_rate"] for row in table])
    firms = np.array([row["firms"] for row in table])
    chance = 2 * np.sqrt(pd * (1 - pd) / firms)
    most = max(0.1, float(max(rate.max(), (pd + chance).max())) * 1.05)
    axes.errorbar(pd, rate, yerr=chance, fmt="o", color=INK, ecolor=SOFT, capsize=3, label="group, ± 2 standard errors")
    axes.plot([0, most], [0, most], color=SOFT, linestyle=":", linewidth=1)
    axes.set(xlabel="mean PD, held out", ylabel="default rate", xlim=(0, most), ylim=(0, most))
    axes.legend(frameon=False, loc="upper left")


def _scores(axes: Axes, held_out: HeldOut) -> None:
    bins = np.histogram_bin_edges(held_out.points, bins=20).tolist()
    parts = [held_out.points[~held_out.defaulted], held_out.points[held_out.defaulted]]
    axes.hist(parts, bins=bins, stacked=True, color=[GOOD, BAD], label=["paid", "defaulted"])
    axes.set(xlabel="score, held out", ylabel="firms")
    axes.legend(frameon=False)


def _stability(axes: Axes, held_out: HeldOut) -> None:
    order = np.argsort(held_out.points, kind="stable")
    bounded = np.clip(held_out.repeats[:, order], 1e-12, 1 - 1e-12)
    points = scale.points_of(np.log(bounded) - np.log1p(-bounded))
    place = np.arange(points.shape[1])
    axes.fill_between(place, points.min(axis=0), points.max(axis=0), color=INK, alpha=0.25, linewidth=0)
    axes.plot(place, points.mean(axis=0), color=INK, linewidth=1)
    axes.set(xlabel="firms, by score", ylabel="score over the repeats")


def _shap(folder: Path, held_out: HeldOut, scorer: Scorer) -> list[str]:
    """Return the shap library's summary of all features and the dependence of the strongest, in points."""
    import matplotlib.pyplot as plt  # noqa: PLC0415 -- shap draws on pyplot; only training draws
    import shap  # noqa: PLC0415

    plt.switch_backend("svg")
    rows = held_out.rows[:: max(1, -(-held_out.rows.height // _MOST_ROWS))]
    points = scorer.score_many(rows).points
    numbers = [rows[name].to_physical() if rows[name].dtype.is_numeric() else None for name in scorer.features]
    data = np.column_stack(
        [np.full(rows.height, np.nan) if each is None else each.cast(float).to_numpy() for each in numbers]
    )
    explained = shap.Explanation(
        points, base_values=np.full(len(points), scorer.base_points), data=data, feature_names=list(scorer.features)
    )
    names = []
    random = np.random.get_state()
    for name, picture in _shap_pictures(shap, explained, points):
        np.random.seed(0)
        plt.figure()
        picture()
        figure = plt.gcf()
        figure.tight_layout()
        _save(figure, folder / f"{name}.svg")
        plt.close("all")
        names.append(name)
    np.random.set_state(random)
    return names


def _shap_pictures(shap: Any, explained: Any, points: Any) -> list[tuple[str, Callable[[], Any]]]:
    strongest = np.argsort(-np.abs(points).mean(axis=0), kind="stable")[:_DEPENDENCE].tolist()
    pictures: list[tuple[str, Callable[[], Any]]] = [
        (
            "shap-summary",
            lambda: shap.plots.beeswarm(explained, max_display=_SHOWN_FEATURES, show=False, plot_size=(6.4, 4.6)),
        )
    ]
    for rank, place in enumerate(strongest, start=1):
        pictures.append((f"shap-dependence-{rank}", partial(shap.plots.scatter, explained[:, place], show=False)))
    return pictures
