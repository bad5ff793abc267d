"""What ties add to a firm's own features, on SMEsD: who failed, trained on `train`, tested on the years after.

Own features, figures of the graph (`profile/graph/domain/figures`, directions as declared there), and both. Which
blocks of figures are kept is decided inside the training firms, by folds that are graphs of their own as each split is
one (`smesd_folds`); nested folds tell what that choice is worth there. No firm's outcome is in another's feature but
for the industries' rates, an own feature that other folds tell. `auc(split)` measures one split, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks import smesd
from benchmarks.smesd import Year
from benchmarks.smesd_folds import Fold, by_cluster, folds, gain
from services.profile.graph.domain.figures import BLOCKS, FIGURES
from services.scoring.domain import metrics
from services.scoring.ml.joining import joined
from services.scoring.ml.reasons import Explainer
from services.scoring.ml.scorecard import learn_scorecard
from services.scoring.ml.trees import Forest, forest_of

SEEDS, DRAWS = 4, 2_000
# By folds of both designs (docs/adr/0045): depth 6 ranks held-out firms better than 4 by 0.0013, its standard error
# being 0.0009; rounds, columns a tree, penalties and how small a leaf may be lie within theirs.
TREES = {
    "objective": "binary:logistic",
    "max_depth": 6,
    "eta": 0.05,
    "subsample": 0.7,
    "colsample_bytree": 0.5,
    "nthread": 1,
}
ROUNDS = 180
# The firms are taught three times over: with the graph as it is, and as if a half or a quarter of them had been
# collected, so that figures are learned that hold in a smaller collection too (held-out folds of firms at random gain
# 0.0075, of whole clusters 0.001).
COLLECTIONS = (1, 2, 4)
OWN = tuple(smesd.OWN)
Rows = np.ndarray


def run() -> dict[str, Any]:
    """Measure AUC on every split after `train`, by features and by learner, with intervals by resampling firms."""
    if not smesd.FOLDER.exists():
        raise FileNotFoundError(f"{smesd.FOLDER} is not here: SMECREDIT_REAL_DATA names the folder of the real data")
    rows, told = [], dict[str, Any]()
    with threadpool_limits(1):
        for name in smesd.splits():
            taught, tested = apart(name)
            sets = offered(kept := keep(taught))
            rows += _compared(name, taught, tested, sets)
            told[f"{name}, kept"] = f"{kept}, of {len(taught.failed)} firms taught for {len(tested.failed)}"
            told[f"{name}, reasons of both"] = reasons(taught, tested, list(sets["both"]))
        told["train, nested folds (mean AUC)"] = nested(taught)
    return {"name": "graph_smesd", "title": "SMEsD: who failed, by own features and ties", "rows": rows, **told}


def auc(split: str) -> dict[str, float]:
    """Return the AUC of the bound model on one split, taught by `train`: own features, graph, both.

    NaN where all of the split's firms had the same outcome; sorts of ties and lawsuits may be absent from it.
    """
    taught, tested = apart(split)
    with threadpool_limits(1):
        sets = offered(keep(taught))
        return {name: metrics.auc(tested.failed, _bound(taught, tested, list(each))) for name, each in sets.items()}


def apart(split: str) -> tuple[Year, Year]:
    """Return the firms that teach and those of a split; who is in both is taken out of the first."""
    tested = smesd.year(smesd.tables(split))
    return smesd.year(smesd.tables("train")).without(set(tested.frame["firm"].to_list())), tested


def offered(blocks: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the sets of features that are compared."""
    return {"own": OWN, "graph": _graph(blocks), "both": (*OWN, *_graph(blocks))}


def keep(taught: Year, seeds: int = 2) -> list[str]:
    """Return the blocks of figures without which held-out training firms are ranked worse than by chance.

    One rule, the one of one standard error: a block stays where leaving it out costs more than the error of that cost.
    """
    drawn = [fold for seed in range(seeds) for fold in folds(taught, seed)]
    whole = _held_out(drawn, BLOCKS)
    without = {block: _held_out(drawn, [other for other in BLOCKS if other != block]) for block in BLOCKS}
    costs = {block: gain(whole, found) for block, found in without.items()}
    return [block for block, (cost, error) in costs.items() if cost > error]


def nested(taught: Year) -> dict[str, float]:
    """Return the mean AUC of held-out clusters where blocks were chosen among the other firms only."""
    found: dict[str, list[float]] = {}
    for fold in by_cluster(taught, 1_000):
        for name, features in offered(keep(fold.taught, 1)).items():
            risk = _lean(fold.taught, fold.held, list(features))
            found.setdefault(name, []).append(metrics.auc(fold.held.failed, risk))
    return {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def reasons(taught: Year, tested: Year, names: list[str]) -> str:
    """Explain every tested firm as the scoring service does, and count the reasons against their declared direction.

    Columns are turned so that risk rises with them: a value above the reference may only add, one below only take.
    """
    forest = _forest(taught, names, SEEDS, COLLECTIONS)
    known, asked = _rows(taught, tested, names)
    reference = np.median(known[~taught.failed], axis=0).astype(np.float32)
    _, parts = Explainer(forest, reference).explain_many(asked)  # raises where base and parts miss the margin
    against = ((asked >= reference) & (parts < -1e-9)) | ((asked <= reference) & (parts > 1e-9))
    return f"{len(asked)} firms, {int(against.sum())} of {parts.size} parts against their direction, sums exact"


def _compared(title: str, taught: Year, tested: Year, sets: dict[str, tuple[str, ...]]) -> list[dict[str, Any]]:
    """Return a row for each set of features and learner beside the same learner on own features."""
    risks = {
        (name, model): of(taught, tested, list(names)) for name, names in sets.items() for model, of in MODELS.items()
    }
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
    low, high = np.nanpercentile(np.array(found), [2.5, 97.5], axis=0)
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _held_out(drawn: Sequence[Fold], blocks: Sequence[str]) -> list[float]:
    """Return the AUC of each fold, told by the other firms with own features and these blocks."""
    names = [*OWN, *_graph(blocks)]
    return [metrics.auc(fold.held.failed, _lean(fold.taught, fold.held, names)) for fold in drawn]


def _graph(blocks: Collection[str]) -> tuple[str, ...]:
    return tuple(each.name for each in FIGURES if each.block in blocks)


def _rows(taught: Year, tested: Year, names: list[str]) -> tuple[Rows, Rows]:
    within, beyond = smesd.rates_within(taught), smesd.rates_from(taught, tested)
    return smesd.rows(taught, names, within), smesd.rows(tested, names, beyond)


def _lesson(taught: Year, names: list[str], collections: tuple[int, ...]) -> tuple[Rows, Rows]:
    """Return rows and outcomes of the firms in each of the collections; industries' rates stay as they are."""
    rate = dict(zip(taught.frame["firm"].to_list(), smesd.rates_within(taught), strict=True))
    parts = [taught, *(part for many in collections[1:] for part in _parts(taught, many))]
    told = [smesd.rows(part, names, np.array([rate[firm] for firm in part.frame["firm"]])) for part in parts]
    return np.concatenate(told), np.concatenate([part.failed for part in parts])


@lru_cache(maxsize=64)
def _parts(taught: Year, many: int) -> tuple[Year, ...]:
    drawn = np.random.default_rng(many).permutation(len(taught.failed)) % many
    return tuple(taught.part(np.flatnonzero(drawn == part)) for part in range(many))


def _forest(taught: Year, names: list[str], seeds: int, collections: tuple[int, ...]) -> Forest:
    known, failed = _lesson(taught, names, collections)
    data = xgboost.DMatrix(known, label=failed, nthread=1)
    bound = TREES | {"monotone_constraints": (1,) * len(names)}
    grown = [xgboost.train(bound | {"seed": seed}, data, ROUNDS) for seed in range(seeds)]
    return forest_of(joined([bytes(each.save_raw("json")) for each in grown]))


def _bound(taught: Year, tested: Year, names: list[str]) -> Rows:
    return _forest(taught, names, SEEDS, COLLECTIONS).margins(_rows(taught, tested, names)[1])


def _lean(taught: Year, tested: Year, names: list[str]) -> Rows:
    return _forest(taught, names, 1, COLLECTIONS[:1]).margins(_rows(taught, tested, names)[1])


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


MODELS: dict[str, Callable[[Year, Year, list[str]], Rows]] = {
    "monotone XGBoost": _bound,
    "bound scorecard": _scorecard,
    "logistic": _logistic,
    "XGBoost defaults": _free,
}
