"""A batch of 100,000 enterprises with reasons, stored, beside the bare explanation kernel and shap's.

The whole batch is what the worker does from the profile service's table in hand to a job that is done: scores, grades,
intervals, reasons, every row checked and stored. The kernel alone computes contributions and keeps nothing. Both use
the same number of threads; processor time is told beside the wall's, since a shared machine disturbs it less.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import shap
import xgboost

from chassis.core.ids import new_id
from chassis.data import jobs, migrations
from chassis.data.database import Database
from chassis.data.files import Folder
from chassis.data.worker import Worker
from services.scoring.clients import FeatureTable
from services.scoring.context import PACKAGE, Context
from services.scoring.jobs import handlers
from services.scoring.ml.artefact import Artefact, write
from services.scoring.ml.calibration import Calibration
from services.scoring.ml.encoding import learn_encoding
from services.scoring.ml.reasons import Explainer
from services.scoring.ml.trees import forest_of
from services.scoring.settings import Settings
from services.scoring.tables import Batch, Model
from services.scoring.usecases.batch import JOB
from services.scoring.usecases.score_many import THREADS

ENTERPRISES, FEATURES, PEER_ROWS = 100_000, 40, 2_000
TREES, DEPTH = 300, 4
ROUNDS = 3
NAMES = [f"feature_{place}" for place in range(FEATURES)]
# As the profile service tells it of a firm about which nobody but others says anything.
EVIDENCE = (
    '{"total_fen":810000000,"by_channel":{"subject":0,"counterparty":120000000,"government":690000000},'
    '"confirmed_fen":810000000,"unconfirmed_fen":0,"confirmed_by":{"other_source":0,"other_side":0,"bank":0,"filing":0}}'
)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Book:
    """Stands in for the profile service: gives one table."""

    table: pl.DataFrame

    def feature_set(self, *_: Any, **__: Any) -> FeatureTable:
        """Return all of it, with what the money of each firm rests on."""
        texts = {"evidence": EVIDENCE, "confirmed": None, "records": "[]"}
        said = pl.select(
            pl.repeat(text, self.table.height, dtype=pl.String).alias(name) for name, text in texts.items()
        )
        return FeatureTable(self.table, said, date(2026, 1, 1), NOW, "bench", 0)


def run() -> dict[str, Any]:
    """Measure batch and kernel on the same threads, and shap's kernel on one, in one run."""
    booster, rows = _model()
    explainer = Explainer(forest_of(bytes(booster.save_raw("json"))), rows[0])
    rounds = []
    for _ in range(ROUNDS):  # in turns, so that what disturbs one disturbs the other
        with tempfile.TemporaryDirectory() as folder:
            batch, stages = _batch(Path(folder), booster, rows)
        rounds.append((batch, _timed(lambda: explainer.explain_many(rows, threads=THREADS))))
    seconds, (batch_cpu, kernel_cpu) = (
        [min(each[side][clock] for each in rounds) for side in (0, 1)] for clock in (0, 1)
    )
    best, kernel = seconds
    peer = shap.TreeExplainer(booster, data=rows[:1], feature_perturbation="interventional")
    theirs = _timed(lambda: peer.shap_values(rows[:PEER_ROWS]))[0] * ENTERPRISES / PEER_ROWS
    return {
        "name": "batch",
        "title": f"A batch of {ENTERPRISES:,} enterprises, {TREES} trees of depth {DEPTH}, {FEATURES} features",
        "rows": [
            _row(f"stored batch against our bare kernel, {THREADS} threads: seconds", best, kernel, "s"),
            _row("the same in processor time", batch_cpu, kernel_cpu, "s"),
            _row("stored batch against shap's bare kernel: seconds", best, theirs, "s"),
            _row("stored batch: enterprises a second", ENTERPRISES / best, ENTERPRISES / kernel, "1/s"),
        ],
        "stages": stages,
    }


def _batch(home: Path, booster: xgboost.Booster, rows: np.ndarray) -> tuple[tuple[float, float], dict[str, float]]:
    settings = Settings(home, f"sqlite:///{home / 'scoring.db'}", "", "", "", "key")
    database = Database(settings.database_url)
    migrations.upgrade(database, PACKAGE)
    context = _Context(settings, database, Book(_table(rows)), _shelf(settings, booster, rows), lambda: None)  # type: ignore[arg-type, return-value]
    with database.begin() as session:
        job = jobs.enqueue(session, jobs.Kind("none", "none"), {})
        session.add(
            Model(version="mdl", state="serving", client="bank", promote=False, seed=1, created_at=NOW, job=job)
        )
    with database.begin() as session:
        row = Batch(
            id=new_id("bat"), client="bank", purpose="credit-assessment", model="mdl", known_at=NOW, created_at=NOW
        )
        row.job = jobs.enqueue(session, JOB, {"batch": row.id})
        session.add(row)
    worker = Worker(database, {**handlers(context), jobs.Kind("none", "none"): lambda _: None}, {})
    worker.run_once()
    assert context.shelf["mdl"]  # a worker loads a version once
    seconds = _timed(worker.run_once)
    with database.read() as session:
        state = jobs.state(session, row.job)
        assert (state.state, state.done) == ("done", ENTERPRISES), state
    size = sum(file.stat().st_size for file in home.rglob("*") if file.is_file())
    return seconds, {"bytes an enterprise on disk": round(size / ENTERPRISES, 1)}


class _Context(Context):
    def acting_for(self, client: str, purpose: str) -> dict[str, str]:
        """Ask nobody."""
        return {}


def _shelf(settings: Settings, booster: xgboost.Booster, rows: np.ndarray) -> Any:
    from services.scoring.context import Shelf  # noqa: PLC0415 -- made here only

    words = {"zh": "特征", "en": "feature"}
    values = dict(zip(NAMES, np.nan_to_num(rows[0]).astype(float).tolist(), strict=True))
    meaning = {"title": words, "unit": "ratio", "dimension": "", "worse": words, "better": words}
    legend = [{"name": name, "reference": values[name], **meaning} for name in NAMES]
    artefact = Artefact(
        version="mdl",
        booster=bytes(booster.save_raw("json")).decode(),
        encoding=learn_encoding(_table(rows[:50]), NAMES).as_json(),
        calibration=asdict(Calibration(-0.1, 1.0, (0.01, 0.0, 0.01), 0.1)),
        legend={"version": "mdl", "reference": "bench", "features": legend},
        reference={"id": "bench", "values": values},
        card={},
    )
    models = Path(settings.models)
    write(artefact, models / "mdl")
    return Shelf(Folder(models))


def _table(rows: np.ndarray) -> pl.DataFrame:
    heads = pl.DataFrame(
        {
            "enterprise": [f"local:E{number:06d}" for number in range(len(rows))],
            "depth": ["B"] * len(rows),
            "features_sha256": [f"{number:064x}" for number in range(len(rows))],
        }
    )
    values = pl.DataFrame(rows.astype(np.float64), schema=NAMES, orient="row")
    return heads.hstack(values.fill_nan(None))


def _model() -> tuple[xgboost.Booster, np.ndarray]:
    random = np.random.default_rng(0)
    rows = random.normal(size=(ENTERPRISES, FEATURES)).astype(np.float32)
    rows[random.random(rows.shape) < 0.03] = np.nan
    risk = np.nan_to_num(rows)[:, :8].sum(axis=1) + random.normal(size=len(rows))
    parameters = {"objective": "binary:logistic", "max_depth": DEPTH, "eta": 0.1, "nthread": 1, "seed": 0}
    few = 20_000
    booster = xgboost.train(parameters, xgboost.DMatrix(rows[:few], label=risk[:few] > 2), TREES)
    booster.set_param({"nthread": 1})
    return booster, rows


def _timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Return seconds on the wall and of all threads' processor time."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


def _row(what: str, ours: float, peer: float, unit: str) -> dict[str, Any]:
    return {"what": what, "ours": round(ours, 3), "peer": round(peer, 3), "unit": unit, "ratio": round(ours / peer, 3)}


if __name__ == "__main__":
    print(run())
