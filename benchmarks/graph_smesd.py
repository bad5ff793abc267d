"""What ties add to a firm's own features, on SMEsD: who failed, trained on `train`, tested on the year after.

Own features, figures of the graph (`profile/graph/domain/figures`, directions as declared there), and both. Which
blocks of figures are kept is decided by five folds inside the training firms; nested folds tell what that choice is
worth there. Each split is a graph of its own, without its firms' ties to those of other years, so each fold is one as
well: what lies two ties away, or how large a group is, depends on who else was collected and does not carry over. No
firm's outcome is in another's feature but for the industries' rates, an own feature that other folds tell.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import polars as pl
import xgboost
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks import smesd
from benchmarks.smesd import Year
from services.profile.graph.domain.figures import BLOCKS, FIGURES
from services.profile.graph.domain.figures.declared import OFFERED
from services.scoring.domain import metrics
from services.scoring.ml.blocks import weigh
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.learner import joined, learn
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
# The firms are taught three times over: with the graph as it is, and as if a half or a quarter of them had been
# collected, so that figures are learned that hold in a smaller collection too (held-out folds: AUC 0.800 for 0.795).
COLLECTIONS = (1, 2, 4)
OWN = tuple(smesd.OWN)
Rows = np.ndarray


def run() -> dict[str, Any]:
    """Measure AUC on every split after `train`, by features and by learner, with intervals by resampling firms."""
    if not smesd.FOLDER.exists():
        raise FileNotFoundError(f"{smesd.FOLDER} is not here: SMECREDIT_REAL_DATA names the folder of the real data")
    tested = {name: smesd.year(smesd.tables(name)) for name in smesd.splits()}
    found = [firm for each in tested.values() for firm in each.frame["firm"].to_list()]
    taught = smesd.year(smesd.tables("train")).without(set(found))
    with threadpool_limits(1):
        kept = keep(taught)
        sets = {"own": OWN, "graph": _graph(kept), "both": (*OWN, *_graph(kept))}
        told: dict[str, Any] = {"kept": kept, "train, nested folds (mean AUC)": nested(taught)}
        rows = [row for name, year in tested.items() for row in _compared(name, taught, year, sets)]
        told |= asked(taught, tested)
        for name, year in tested.items():
            told[f"{name}, reasons of both"] = reasons(taught, year, list(sets["both"]))
    title = f"SMEsD: {len(taught.failed)} firms taught, {', '.join(f'{k} {len(v.failed)}' for k, v in tested.items())}"
    return {"name": "graph_smesd", "title": title, "rows": rows, **told}


def asked(taught: Year, tested: dict[str, Year]) -> dict[str, str]:
    """Return what a training that asks for the block (`OFFERED`) would tell of it, and what it is worth on each split.

    Its rows are the firms taught with their own features but for the industries' rates; all else is the service's own.
    """
    own = [{"name": name, "direction": smesd.OWN[name]} for name in OWN if name != "industry_rate"]
    block = [{"name": each.name, "direction": each.direction, "family": each.block} for each in OFFERED]
    names = [each["name"] for each in (*own, *block)]
    rows = taught.frame.select(pl.col(name).cast(pl.Float64) for name in names)
    found = weigh(rows, taught.failed, own, {"graph": block}, folds=FOLDS, repeats=2, seed=0)
    told = {"block of a training": found.card["graph"]["sentence"]["en"]}
    models = {name: learn(rows, taught.failed, each, seed=0) for name, each in (("own", own), ("both", [*own, *block]))}
    for split, year in tested.items():
        others = year.frame.select(pl.col(name).cast(pl.Float64) for name in names)
        without, beside = (model.pd(others) for model in models.values())
        low, high, less, more = _intervals(year.failed, beside, without)
        auc = metrics.auc(year.failed, without), metrics.auc(year.failed, beside)
        gain = f"{auc[1] - auc[0]:+.3f} [{less:+.3f}, {more:+.3f}]"
        told[f"{split}, with the block"] = f"AUC {auc[0]:.3f} → {auc[1]:.3f} [{low:.3f}, {high:.3f}], {gain}"
    return told


def keep(taught: Year) -> list[str]:
    """Return the blocks of figures without any one of which held-out training firms are ranked worse."""
    folds = [(taught.part(inside), taught.part(outside)) for inside, outside in _folds(taught, 0)]
    whole = _held_out(folds, BLOCKS)
    without = {block: _held_out(folds, [other for other in BLOCKS if other != block]) for block in BLOCKS}
    return [block for block in BLOCKS if whole > without[block]]


def nested(taught: Year) -> dict[str, float]:
    """Return the mean AUC of held-out folds where blocks were chosen among the other folds only."""
    found: dict[str, list[float]] = {"own": [], "graph": [], "both": []}
    for inside, outside in _folds(taught, 1_000):
        known, other = taught.part(inside), taught.part(outside)
        kept = _graph(keep(known))
        for name, features in {"own": OWN, "graph": kept, "both": (*OWN, *kept)}.items():
            found[name].append(metrics.auc(other.failed, _lean(known, other, list(features))))
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
    low, high = np.percentile(np.array(found), [2.5, 97.5], axis=0)
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _folds(taught: Year, seed: int) -> Iterator[tuple[Rows, Rows]]:
    return stratified_folds(taught.failed, FOLDS, seed)


def _held_out(folds: Sequence[tuple[Year, Year]], blocks: Sequence[str]) -> float:
    """Return the mean AUC over folds, each told by the others with own features and these blocks."""
    names = [*OWN, *_graph(blocks)]
    found = [metrics.auc(other.failed, _lean(known, other, names)) for known, other in folds]
    return float(np.mean(found))


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
