"""The pictures of a model's page, drawn from its card when it is trained: SVG files beside the artefact.

A picture shows nothing that the card does not tell, and the card tells nothing of fewer than ten firms
(`domain.disclosure`). AUC and KS are told by the card alone, as means over folds and repeats: a curve is drawn through
all firms at once, and its area or widest gap would be a second figure of the same name. Same card, same bytes: nothing
of the day or of chance is in a file.
"""

from __future__ import annotations

import logging
import os
import shutil
import warnings
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from matplotlib.axes import Axes

INK, BAD, GOOD, SOFT = "#0b5563", "#a63d2b", "#1f6b57", "#8a8f91"
FOLDER = "pictures"
_SHOWN_FEATURES = 12
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


def draw(model: Path, card: Mapping[str, Any]) -> list[str]:
    """Write all pictures of a card into a model's folder at once and return their names, in the order of the page."""
    pictures = _pictures(card)
    beside = model / f".{FOLDER}.{os.getpid()}"
    beside.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
        for name, (size, picture) in pictures.items():
            figure = Figure(figsize=size, layout="constrained")
            picture(figure.add_subplot())
            figure.savefig(
                beside / f"{name}.svg", format="svg", metadata={"Date": None, "Creator": None}, transparent=True
            )
    shutil.rmtree(model / FOLDER, ignore_errors=True)
    beside.replace(model / FOLDER)
    return list(pictures)


def _pictures(card: Mapping[str, Any]) -> dict[str, tuple[tuple[float, float], Callable[[Axes], None]]]:
    """Return size and drawing of each picture that a card has the figures for."""
    told, small = card["validation"], (4.6, 3.4)
    pictures: dict[str, tuple[tuple[float, float], Callable[[Axes], None]]] = {
        "roc": (small, partial(_roc, told=told)),
        "ks": (small, partial(_ks, curve=told["ks"])),
        "calibration": (small, partial(_calibration, table=card["calibration"]["table"])),
        "scores": (small, partial(_scores, table=told["score_table"])),
    }
    if told.get("stability_groups"):
        pictures["stability"] = small, partial(_stability, groups=told["stability_groups"])
    effects = told.get("effects") or card["importance"]
    pictures["shap-summary"] = (6.4, 4.6), partial(_summary, effects=effects)
    for rank, each in enumerate(told.get("dependence", ()), start=1):
        if each["bins"]:
            pictures[f"shap-dependence-{rank}"] = small, partial(_dependence, shown=each)
    return pictures


def _roc(axes: Axes, told: Mapping[str, Any]) -> None:
    curve = told["roc"]
    axes.plot(curve["false_positive"], curve["true_positive"], color=INK, marker=".")
    axes.plot([0, 1], [0, 1], color=SOFT, linestyle=":", linewidth=1)
    axes.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(-0.01, 1), ylim=(0, 1.01))


def _ks(axes: Axes, curve: Mapping[str, Any]) -> None:
    axes.plot(curve["points"], curve["defaulted"], color=BAD, marker=".", label="defaulted")
    axes.plot(curve["points"], curve["paid"], color=GOOD, marker=".", linestyle="--", label="paid")
    axes.axvline(curve["at"], color=SOFT, linestyle=":", linewidth=1)
    axes.set(xlabel="score below", ylabel="cumulative share", ylim=(0, 1.01))
    axes.set_title(f"widest at about {curve['at']:.0f} points", fontsize=9)
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


def _scores(axes: Axes, table: Sequence[Mapping[str, Any]]) -> None:
    place = np.arange(len(table))
    bad = np.array([row["defaults"] for row in table])
    good = np.array([row["firms"] for row in table]) - bad
    axes.bar(place, good, color=GOOD, width=0.9, label="paid")
    axes.bar(place, bad, bottom=good, color=BAD, width=0.9, label="defaulted")
    axes.set_xticks(place, [_bounds(row) for row in table], rotation=45, ha="right", fontsize=7)
    axes.set(xlabel="score, held out", ylabel="firms")
    axes.legend(frameon=False)


def _bounds(row: Mapping[str, Any]) -> str:
    low, high = row["from"], row["to"]
    if low is None:
        return "all" if high is None else f"< {high:.0f}"
    return f"≥ {low:.0f}" if high is None else f"{low:.0f}–{high:.0f}"


def _stability(axes: Axes, groups: Sequence[Mapping[str, Any]]) -> None:
    place = np.arange(1, len(groups) + 1)
    least, mean, most = (np.array([group[side] for group in groups]) for side in ("least", "mean", "most"))
    axes.errorbar(place, mean, yerr=[mean - least, most - mean], fmt="o", color=INK, ecolor=SOFT, capsize=3)
    axes.set_xticks(place)
    axes.set(xlabel="groups of firms, by score", ylabel="mean score, least and most over the repeats")


def _summary(axes: Axes, effects: Sequence[Mapping[str, Any]]) -> None:
    """Draw the strongest features: how far each moves a score, and which way its low and its high values do."""
    shown = sorted(effects, key=lambda each: -each["mean_points"])[:_SHOWN_FEATURES][::-1]
    place = np.arange(len(shown))
    axes.barh(
        place, [each["mean_points"] for each in shown], color=SOFT, alpha=0.4, height=0.7, label="mean, either way"
    )
    for side, colour, marker in (("low", BAD, "v"), ("high", INK, "^")):
        told = [(each[side], at) for at, each in zip(place.tolist(), shown, strict=True) if each.get(side) is not None]
        if told:
            across, up = zip(*told, strict=True)
            axes.scatter(across, up, color=colour, marker=marker, s=22, label=f"firms with {side} values")
    axes.axvline(0, color=SOFT, linewidth=0.8)
    axes.set_yticks(place, [each["feature"] for each in shown])
    axes.set(xlabel="points")
    axes.legend(frameon=False, fontsize=7, loc="lower right")


def _dependence(axes: Axes, shown: Mapping[str, Any]) -> None:
    values = [each["value"] for each in shown["bins"]]
    axes.plot(
        values, [each["points"] for each in shown["bins"]], color=INK, marker="o", label="bin of ten firms or more"
    )
    if shown["unknown"]:
        axes.axhline(shown["unknown"]["points"], color=BAD, linestyle=":", linewidth=1, label="unknown")
    axes.axhline(0, color=SOFT, linewidth=0.8)
    if values[0] > 0 and values[-1] > 100 * values[0]:
        axes.set_xscale("log")
    axes.set(xlabel=shown["feature"], ylabel="points, mean")
    axes.legend(frameon=False, fontsize=7)
