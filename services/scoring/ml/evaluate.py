"""How well the whole way of training works, measured on rows that it never saw.

Encoding, tuning, calibration and the challenger's choices are all made anew inside each training part: the figures are
those of a model trained on the table and used on firms that nobody has seen.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from services.scoring.domain import metrics, rating
from services.scoring.domain.disclosure import LEAST_FIRMS
from services.scoring.domain.errors import FeaturesDoNotFit
from services.scoring.domain.gate import gate
from services.scoring.domain.scale import floored
from services.scoring.ml.challenger import train_challenger
from services.scoring.ml.folds import feasible, stratified_folds
from services.scoring.ml.labels import labelled
from services.scoring.ml.learner import learn
from services.scoring.ml.suspicion import suspects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from numpy.typing import NDArray

    Progress = Callable[[int, int], None]
    Entries = Sequence[dict[str, Any]]
    Chooser = Callable[[pl.DataFrame, NDArray[np.bool_]], Entries | None]

_MODELS = ("model", "challenger")
# What is measured in each fold, for the gate and for blocks.
MEASURES = {"auc": metrics.auc, "brier": metrics.brier, "log_loss": metrics.log_loss}


def evaluate(  # noqa: PLR0913 -- the knobs of the command, all but two by name
    train_frame: pl.DataFrame,
    label: str,
    catalogue: Entries | None = None,
    *,
    choose: Chooser | None = None,
    folds: int = 5,
    repeats: int = 10,
    seed: int = 0,
    holdout: pl.DataFrame | None = None,
    ranks: rating.Ranks | None = None,
    progress: Progress | None = None,
    threads: int = 2,
) -> dict[str, Any]:
    """Return the `smecredit evaluate` report: repeated stratified cross-validation, and a holdout if one is given.

    AUC is the mean over all held-out folds with the corrected resampled 95 % interval; KS, Brier, log-loss and ECE are
    of all held-out PDs of a repeat, averaged over repeats. On a holdout the interval is a bootstrap over its firms.
    `gate` has the paired tests of model and challenger over the same folds.
    `ranks` are a bank's own grades of the labelled rows, in their order: `rating` then stands beside the model.
    With `choose` each fold learns from what it chooses by its own rows, and not from what all rows together chose.
    Unlabelled rows are left out; without a catalogue every usable column is learned from.
    """
    frame, defaulted = labelled(train_frame, label)
    folds = feasible(folds, defaulted)
    chosen: Chooser = choose or (lambda *_: catalogue)
    pds, by_fold = _cross_validate(frame, defaulted, chosen, (folds, repeats, seed), progress, threads)
    report = {
        "firms": len(defaulted),
        "defaults": int(defaulted.sum()),
        "folds": folds,
        "repeats": repeats,
        "seed": seed,
        **_figures(defaulted, pds["model"], by_fold["model"]["auc"], folds),
        "challenger": {
            "kind": "logistic",
            **_figures(defaulted, pds["challenger"], by_fold["challenger"]["auc"], folds),
        },
        "gate": gate(by_fold["model"], by_fold["challenger"], 1 / folds),
        "suspects": suspects(frame, defaulted, catalogue),
    }
    if ranks is not None:
        held_out = [(repeat, outside) for repeat, _, outside in splits(defaulted, folds, repeats, seed)]
        report["rating"] = rating.beside(ranks, defaulted, pds["model"], held_out, 1 / folds)
    if holdout is not None:
        report["holdout"] = _on_holdout(frame, defaulted, holdout, label, catalogue, seed)
    return report


def splits(
    defaulted: NDArray[np.bool_], folds: int, repeats: int, seed: int
) -> list[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Return (repeat, training rows, held-out rows) of every fold."""
    return [
        (repeat, *split)
        for repeat in range(repeats)
        for split in stratified_folds(defaulted, folds, seed + 1_000 * repeat)
    ]


def _cross_validate(
    frame: pl.DataFrame,
    defaulted: NDArray[np.bool_],
    choose: Chooser,
    plan: tuple[int, int, int],
    progress: Progress | None,
    threads: int,
) -> tuple[dict[str, NDArray[np.float64]], dict[str, dict[str, NDArray[np.float64]]]]:
    """Return held-out PDs (repeats, firms) and, by measure, each fold's (repeats * folds,) of model and challenger."""
    folds, repeats, seed = plan
    folded = splits(defaulted, folds, repeats, seed)

    def held_out(split: tuple[int, NDArray[np.int64], NDArray[np.int64]]) -> list[NDArray[np.float64]]:
        _, inside, outside = split
        rows, known = frame[inside], defaulted[inside]
        entries = choose(rows, known)
        trained = [teach(rows, known, entries, seed=seed) for teach in (learn, train_challenger)]
        return [floored(model.pd(frame[outside])) for model in trained]

    pds = {name: np.zeros((repeats, len(defaulted))) for name in _MODELS}
    by_fold: dict[str, dict[str, list[float]]] = {name: {measure: [] for measure in MEASURES} for name in _MODELS}
    # The learner of the challenger brings a BLAS of its own: loaded later, it would not hear of the limit below, and a
    # process's first evaluation would differ from its next in the sixth digit.
    import sklearn.linear_model  # noqa: F401, PLC0415 -- seconds to import

    # xgboost leaves the interpreter lock while it learns, so threads share the cores; the order of results is kept.
    # BLAS threads of their own would only spin against each other on matrices of a few dozen rows.
    with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
        for done, (split, found) in enumerate(zip(folded, pool.map(held_out, folded), strict=True), start=1):
            repeat, _, outside = split
            for name, pd in zip(_MODELS, found, strict=True):
                pds[name][repeat, outside] = pd
                for measure, of in MEASURES.items():
                    by_fold[name][measure].append(of(defaulted[outside], pd))
            if progress:
                progress(done, len(folded))
    arrays = {name: {each: np.array(values) for each, values in found.items()} for name, found in by_fold.items()}
    return pds, arrays


def _figures(
    defaulted: NDArray[np.bool_], pds: NDArray[np.float64], aucs: NDArray[np.float64], folds: int
) -> dict[str, Any]:
    low, high = metrics.corrected_interval(aucs, 1 / folds)
    return {
        "auc": {"mean": float(aucs.mean()), "ci95": [low, high]},
        "ks": float(np.mean([metrics.ks(defaulted, pd) for pd in pds])),
        "brier": float(np.mean([metrics.brier(defaulted, pd) for pd in pds])),
        "log_loss": float(np.mean([metrics.log_loss(defaulted, pd) for pd in pds])),
        "ece": float(np.mean([metrics.ece(defaulted, pd) for pd in pds])),
    }


def _on_holdout(
    frame: pl.DataFrame,
    defaulted: NDArray[np.bool_],
    holdout: pl.DataFrame,
    label: str,
    catalogue: Entries | None,
    seed: int,
) -> dict[str, Any]:
    """Train on the whole table, judge on the other one."""
    other, outcome = labelled(holdout, label, least=False)
    if len(outcome) < LEAST_FIRMS:
        raise FeaturesDoNotFit(
            f"the holdout has {len(outcome)} firms with an outcome; it needs ten, since figures of fewer tell of "
            "single firms, and little of a model"
        )
    if len(set(outcome)) < 2:
        raise FeaturesDoNotFit("the holdout needs at least one default and one firm that paid")
    model = learn(frame, defaulted, catalogue, seed=seed)
    challenger = train_challenger(frame, defaulted, catalogue, seed=seed)
    return {
        "firms": len(outcome),
        "defaults": int(outcome.sum()),
        **_once(outcome, floored(model.pd(other)), seed),
        "challenger": {"kind": "logistic", **_once(outcome, floored(challenger.pd(other)), seed)},
    }


def _once(defaulted: NDArray[np.bool_], pd: NDArray[np.float64], seed: int) -> dict[str, Any]:
    low, high = metrics.bootstrap_interval(metrics.auc, defaulted, pd, seed)
    return {
        "auc": {"mean": metrics.auc(defaulted, pd), "ci95": [low, high]},
        "ks": metrics.ks(defaulted, pd),
        "brier": metrics.brier(defaulted, pd),
        "log_loss": metrics.log_loss(defaulted, pd),
        "ece": metrics.ece(defaulted, pd),
    }
