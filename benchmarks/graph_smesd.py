"""What ties add to a firm's own features, on SMEsD: who failed, trained on `train`, tested on the year after.

Own features, figures of the graph (`profile/graph/domain/figures`, directions as declared there), and both. Which
blocks of figures are kept, and with which trees, is decided by five folds inside the training firms; nested folds tell
what that choice is worth there. The tested splits are looked at once, at the end. No firm's outcome is in another's
feature but for the industries' rates, which are an own feature, told by other folds.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks import smesd
from benchmarks.smesd import Year
from services.profile.graph.domain.figures import BLOCKS, FIGURES
from services.scoring.domain import metrics
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.learner import joined
from services.scoring.ml.reasons import Explainer
from services.scoring.ml.scorecard import learn_scorecard
from services.scoring.ml.trees import Forest, forest_of

FOLDS, SEEDS, DRAWS = 5, 4, 2_000
# Chosen by five folds of `train` among depths 3, 4 and 6, steps of 0.03, 0.05 and 0.1, 80 to 400 rounds: AUC 0.828 to
# 0.834 of held-out firms, so within what the folds themselves vary.
TREES = {
    "objective": "binary:logistic",
    "max_depth": 4,
    "eta": 0.03,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "nthread": 1,
}
ROUNDS = 300
# A block is kept where held-out firms are ranked worse without it by at least so much AUC.
WORTH = 0.001
OWN = tuple(smesd.OWN)
Rows = np.ndarray


def run() -> dict[str, Any]:
    """Measure AUC on every split after `train`, by features and by learner, with intervals by resampling firms."""
    if not smesd.FOLDER.exists():
        raise FileNotFoundError(f"{smesd.FOLDER} is not here: SMECREDIT_REAL_DATA names the folder of the real data")
    tested = {name: smesd.year(name) for name in smesd.splits()}
    found = [firm for each in tested.values() for firm in each.frame["firm"].to_list()]
    taught = smesd.year("train").without(set(found))
    with threadpool_limits(1):
        kept = keep(taught)
        sets = {"own": OWN, "graph": _graph(kept), "both": (*OWN, *_graph(kept))}
        told: dict[str, Any] = {"kept": kept, "train, nested folds (mean AUC)": nested(taught)}
        rows = [row for name, year in tested.items() for row in _compared(name, taught, year, sets)]
        for name, year in tested.items():
            told[f"{name}, reasons of both"] = reasons(taught, year, list(sets["both"]))
    title = f"SMEsD: {len(taught.failed)} firms taught, {', '.join(f'{k} {len(v.failed)}' for k, v in tested.items())}"
    return {"name": "graph_smesd", "title": title, "rows": rows, **told}


def keep(taught: Year) -> list[str]:
    """Return the blocks of figures without any one of which held-out training firms are ranked worse."""
    whole = _held_out(taught, (*OWN, *_graph(BLOCKS)))
    without = {block: _held_out(taught, (*OWN, *_graph([b for b in BLOCKS if b != block]))) for block in BLOCKS}
    return [block for block in BLOCKS if whole - without[block] >= WORTH]


def nested(taught: Year) -> dict[str, float]:
    """Return the mean AUC of held-out folds where blocks were chosen among the other folds only."""
    found: dict[str, list[float]] = {"own": [], "graph": [], "both": []}
    for inside, outside in stratified_folds(taught.failed, FOLDS, 1_000):
        known, other = smesd.taken(taught, inside), smesd.taken(taught, outside)
        kept = _graph(keep(known))
        for name, features in {"own": OWN, "graph": kept, "both": (*OWN, *kept)}.items():
            found[name].append(metrics.auc(other.failed, _bound(known, other, list(features))))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def reasons(taught: Year, tested: Year, names: list[str]) -> str:
    """Explain every tested firm as the scoring service does, and count the reasons against their declared direction.

    Columns are turned so that risk rises with them: a value above the reference may only add, one below only take.
    """
    forest = _forest(taught, names)
    known, asked = _rows(taught, tested, names)
    reference = np.median(known[~taught.failed], axis=0).astype(np.float32)
    _, parts = Explainer(forest, reference).explain_many(asked)  # raises where base and parts miss the margin
    against = ((asked >= reference) & (parts < -1e-9)) | ((asked <= reference) & (parts > 1e-9))
    return f"{len(asked)} firms, {int(against.sum())} of {parts.size} parts against their direction, sums exact"


def _compared(title: str, taught: Year, tested: Year, sets: dict[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Return a row for each set of features and learner beside the same learner on own features."""
    models = {"monotone XGBoost": _bound, "bound scorecard": _scorecard, "logistic": _logistic, "XGBoost defaults": _free}
    risks = {(name, model): of(taught, tested, list(names)) for name, names in sets.items() for model, of in models.items()}
    rows = []
    for (name, model), risk in risks.items():
        own = risks["own", model]
        low, high, less, more = _intervals(tested.failed, risk, own)
        ours, peer = metrics.auc(tested.failed, risk), metrics.auc(tested.failed, own)
        rows.append(
            {
                "what": f"{title}: {name}, {model}, against own features",
                "ours": round(ours, 4),
                "peer": round(peer, 4),
                "unit": f"AUC [{low:.3f}, {high:.3f}], {ours - peer:+.3f} [{less:+.3f}, {more:+.3f}]",
                "ratio": round(ours / peer, 3),
            }
        )
    return rows


def _intervals(failed: Rows, risk: Rows, own: Rows) -> tuple[float, float, float, float]:
    """Return 95 % of the AUC and of its difference to another's, over firms drawn with replacement."""
    random = np.random.default_rng(0)
    found = []
    for _ in range(DRAWS):
        drawn = random.integers(0, len(failed), len(failed))
        mine = metrics.auc(failed[drawn], risk[drawn])
        found.append((mine, mine - metrics.auc(failed[drawn], own[drawn])))
    low, high = np.percentile(np.array(found), [2.5, 97.5], axis=0)
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _held_out(taught: Year, names: tuple[str, ...]) -> float:
    """Return the mean AUC over folds of these firms, each told by the others."""
    found = []
    for inside, outside in stratified_folds(taught.failed, FOLDS, 0):
        known, other = smesd.taken(taught, inside), smesd.taken(taught, outside)
        found.append(metrics.auc(other.failed, _bound(known, other, list(names), seeds=1)))
    return float(np.mean(found))


def _graph(blocks: Any) -> tuple[str, ...]:
    return tuple(each.name for each in FIGURES if each.block in blocks)


def _rows(taught: Year, tested: Year, names: list[str]) -> tuple[Rows, Rows]:
    within, beyond = smesd.rates_within(taught), smesd.rates_from(taught, tested)
    return smesd.rows(taught, names, within), smesd.rows(tested, names, beyond)


def _forest(taught: Year, names: list[str], seeds: int = SEEDS) -> Forest:
    known = smesd.rows(taught, names, smesd.rates_within(taught))
    data = xgboost.DMatrix(known, label=taught.failed, nthread=1)
    bound = TREES | {"monotone_constraints": (1,) * len(names)}
    grown = [xgboost.train(bound | {"seed": seed}, data, ROUNDS) for seed in range(seeds)]
    return forest_of(joined([bytes(each.save_raw("json")) for each in grown]))


def _bound(taught: Year, tested: Year, names: list[str], seeds: int = SEEDS) -> Rows:
    return _forest(taught, names, seeds).margins(_rows(taught, tested, names)[1])


def _scorecard(taught: Year, tested: Year, names: list[str]) -> Rows:
    known, asked = _rows(taught, tested, names)
    learned = learn_scorecard(known, taught.failed, [1] * len(names))
    assert learned is not None
    return learned.margins(asked)


def _logistic(taught: Year, tested: Year, names: list[str]) -> Rows:
    known, asked = _rows(taught, tested, names)
    model = make_pipeline(FunctionTransformer(_level), StandardScaler(), LogisticRegression(max_iter=2_000))
    return np.asarray(model.fit(known, taught.failed).decision_function(asked))


def _free(taught: Year, tested: Year, names: list[str]) -> Rows:
    known, asked = _rows(taught, tested, names)
    known, asked = (np.where(part > 1e29, np.nan, part) for part in (known, asked))
    data = xgboost.DMatrix(known, label=taught.failed, nthread=1)
    model = xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, 100)
    return np.asarray(model.predict(xgboost.DMatrix(asked, nthread=1)), dtype=np.float64)


def _level(values: Rows) -> Rows:
    known = np.where(values > 1e29, 0.0, values)
    return np.sign(known) * np.log1p(np.abs(known))
