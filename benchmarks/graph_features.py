"""What figures of the graph add to a firm's own features on made-up books: all of them, and the block for trainings.

Eight synthetic economies of three hundred firms (36 defaults each), with the registers' relations and records; the
figures are those of `profile/graph/domain/figures`, one family a block, so that training keeps of each block the one
that ranks its training rows best and drops what is not beyond chance. All of it is decided inside each fold. Of each
book it is told whether a training that asks for the block would keep it (ADR 45); so is of SMEsD where that is at hand.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from benchmarks import smesd
from benchmarks.gate import FIRMS, FOLDS, REPEATS
from benchmarks.graph_smesd import apart
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.book.domain import relation
from services.profile.graph.domain.figures import FIGURES, figures, network
from services.profile.graph.domain.figures.told import facts_of, ties_of
from services.profile.portrait.api.shown import catalogue
from services.profile.portrait.domain.features import compute
from services.scoring.domain import metrics
from services.scoring.ml.blocks import Choice
from services.scoring.ml.learner import learn

BOOKS = range(8)
KEY = b"of this benchmark"
c = pl.col


def run() -> dict[str, Any]:
    """Measure the AUC of held-out firms on each book, by what the model is offered; the interval is over the books."""
    own = [entry for entry in catalogue()["features"] if entry["model"]]
    block = catalogue()["blocks"]["graph"]
    asked = {"figures": entries(), "block": block}
    tried = [_tried(book, own, asked) for book in BOOKS]
    rows = [_row(name, np.array([each[name]["tests"]["auc"]["gain"] for each in tried]), tried) for name in asked]
    title = f"Figures of the graph on {len(BOOKS)} made-up books of {FIRMS} firms, peer: own features"
    told = asked_on_smesd() if smesd.FOLDER.exists() else {}
    return {"name": "graph_features", "title": title, "rows": rows, **told}


def asked_on_smesd() -> dict[str, str]:
    """Return what a training on SMEsD that asks for the block tells of it, and what it is worth on each later split.

    Own features are those of `smesd` but for the industries' rates; all else is the service's own learner.
    """
    own = [{"name": name, "direction": sign} for name, sign in smesd.OWN.items() if name != "industry_rate"]
    both = [*own, *catalogue()["blocks"]["graph"]]
    told = {}
    with threadpool_limits(1):
        for split in smesd.splits():
            taught, tested = apart(split)
            rows, others = (
                each.frame.select(c(one["name"]).cast(pl.Float64) for one in both) for each in (taught, tested)
            )
            found = Choice(own, {"graph": both[len(own) :]}, FOLDS, REPEATS, 0).made(rows, taught.failed)
            told[f"smesd, {split}, a training"] = found.card["graph"]["sentence"]["en"]
            pds = [learn(rows, taught.failed, each, seed=0).pd(others) for each in (own, both)]
            without, beside = (metrics.auc(tested.failed, pd) for pd in pds)
            told[f"smesd, {split}, the year after"] = f"AUC {without:.3f} → {beside:.3f}"
    return told


def entries() -> list[dict[str, Any]]:
    """Return the figures in the form of the catalogue, one family a block."""
    return [
        {"name": each.name, "direction": each.direction, "unit": each.unit, "family": each.block, "model": True}
        for each in FIGURES
    ]


def _tried(book: int, own: list[dict[str, Any]], asked: dict[str, list[dict[str, Any]]]) -> dict[str, Any]:
    """Return what a training on this book would tell of each set of figures, tried beside the firms' own features."""
    rows = _book(book)
    defaulted = rows["defaulted"].cast(pl.Int64).to_numpy().astype(np.bool_)
    told = rows.drop("defaulted")
    return {
        name: Choice(own, {"graph": block}, FOLDS, REPEATS, book).made(told, defaulted).card["graph"]
        for name, block in asked.items()
    }


def _row(name: str, gains: np.ndarray, tried: list[dict[str, Any]]) -> dict[str, Any]:
    low, high = metrics.corrected_bounds(gains, 0.0)
    without, beside = (np.mean([each[name]["tests"]["auc"][side] for each in tried]) for side in ("without", "with"))
    kept = sum(each[name]["kept"] for each in tried)
    return {
        "what": f"sandbox: own features and {name}, mean AUC of {len(gains)} books; kept by {kept}",
        "ours": round(float(beside), 4),
        "peer": round(float(without), 4),
        "unit": f"AUC, {float(gains.mean()):+.4f} [{low:+.4f}, {high:+.4f}]",
        "ratio": round(float(beside / without), 3),
    }


_MADE: dict[int, pl.DataFrame] = {}


def _book(seed: int) -> pl.DataFrame:
    if seed not in _MADE:
        _MADE[seed] = _labelled(seed)
    return _MADE[seed]


def _labelled(seed: int) -> pl.DataFrame:
    """Return features, figures and outcomes of a synthetic book, as of its latest invoice."""
    made = records(simulate(Plan(FIRMS, 36, seed, date(2022, 1, 1), 0.12)))
    fen = [(c(name) * 100).cast(pl.Int64).alias(f"{name}_fen") for name in ("net", "tax", "total")]
    invoices = pl.concat(
        made[f"invoices.{side}"].select(
            "enterprise", "counterparty", "date", "status", *fen, direction=pl.lit(side, pl.String)
        )
        for side in ("sale", "purchase")
    )
    as_of = invoices.select(c("date").max()).item()
    known = compute(invoices, as_of=as_of).join(made["outcomes"], on="enterprise")
    return known.join(_figures(made, as_of), on="enterprise", how="left").sort("enterprise")


def _figures(made: dict[str, pl.DataFrame], as_of: date) -> pl.DataFrame:
    """Return the figures of every firm of which registers tell a tie; of the others they are unknown."""
    held = relation.DATASET.empty().columns
    told = made["relations"].with_columns(amount_fen=_fen(made["relations"]))
    relations = relation.sealed(told.select(name for name in told.columns if name in held), KEY)
    ties = ties_of(relations, as_of)
    firms = relations["enterprise"].unique().sort()
    facts = facts_of(ties, firms[0], relations, made["public-records"], as_of)
    return figures(network(ties.drop("file"), firms.to_list()), facts).filter(c("enterprise").is_in(firms.implode()))


def _fen(rows: pl.DataFrame) -> pl.Expr:
    return (c("amount") * 100).cast(pl.Int64) if "amount" in rows.columns else pl.lit(None, pl.Int64)
