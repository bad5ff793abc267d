"""How a model fares at its gate on made-up books: against its logistic challenger, in the folds of a card.

Eight synthetic economies of three hundred firms (36 defaults each), and the demonstration's own (seed 7) under other
seeds of folds and training. The challenger may weigh a figure either way and takes a missing one for the median, which
a model may not.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.portrait.api.shown import catalogue
from services.profile.portrait.domain.features import compute
from services.scoring.ml.evaluate import evaluate

FIRMS, FOLDS, REPEATS = 300, 5, 2
DEMO = 7
CASES = [(book, book) for book in range(8)] + [(DEMO, seed) for seed in range(8) if seed != DEMO]
c = pl.col


def run() -> dict[str, Any]:
    """Measure AUC, Brier score and log-loss of both, and whether the gate let the model through."""
    entries = [entry for entry in catalogue()["features"] if entry["model"]]
    rows, passed = [], 0
    for book, seed in CASES:
        found = evaluate(_labelled(book), "defaulted", entries, folds=FOLDS, repeats=REPEATS, seed=seed)["gate"]
        passed += found["passed"]
        for name, test in found["tests"].items():
            rows.append(
                {
                    "what": f"sandbox {book}, seed {seed}: {name} ({'passed' if found['passed'] else 'failed'})",
                    "ours": round(test["model"], 4),
                    "peer": round(test["challenger"], 4),
                    "unit": f"{test['advantage']:+.4f}",
                    "ratio": round(test["model"] / test["challenger"], 3),
                }
            )
    return {"name": "gate", "title": f"The gate: {passed} of {len(CASES)} pass, peer: the challenger", "rows": rows}


def _labelled(seed: int) -> pl.DataFrame:
    """Return the features and outcomes of a synthetic book, as of its latest invoice."""
    made = records(simulate(Plan(FIRMS, 36, seed, date(2022, 1, 1), 0.12)))
    fen = [(c(name) * 100).cast(pl.Int64).alias(f"{name}_fen") for name in ("net", "tax", "total")]
    invoices = pl.concat(
        made[f"invoices.{side}"].select(
            "enterprise", "counterparty", "date", "status", *fen, direction=pl.lit(side, pl.String)
        )
        for side in ("sale", "purchase")
    )
    known = compute(invoices, as_of=invoices.select(c("date").max()).item())
    return known.join(made["outcomes"], on="enterprise").sort("enterprise")
