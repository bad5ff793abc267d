"""How early a default is seen: ranking on the real firms by features as of earlier days, beside log sales alone.

The outcomes of the book have no dates, so a figure as of its last day may rest on months after a default. Whoever lends
decides earlier. Firms without an invoice as of a day are left out of that day's figure.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import peers
from benchmarks.features import BOOK_DATE
from services.scoring.domain import metrics
from services.scoring.ml.folds import stratified_folds
from services.scoring.ml.train import usable

DAYS = (BOOK_DATE, *(date(year, month, 1) for year, month in ((2019, 10), (2019, 7), (2019, 1), (2018, 7), (2018, 1))))
FOLDS, REPEATS = 5, 4


def run() -> dict[str, Any]:
    """Measure the mean AUC of held-out folds as of each day."""
    with threadpool_limits(1):
        rows = [_as_of(day) for day in DAYS]
    return {"name": "earlier", "title": f"Ranking as of earlier days, {FOLDS}-fold, {REPEATS} times", "rows": rows}


def _as_of(day: date) -> dict[str, Any]:
    table = peers.book(day)
    known = usable(table.frame, table.catalogue)
    table = peers.Table(table.title, known, known["defaulted"].to_numpy(), table.catalogue)
    models = (peers.ours, peers.log_sales("sales_36m"))
    splits = [split for repeat in range(REPEATS) for split in stratified_folds(table.defaulted, FOLDS, 1_000 * repeat)]
    ours, alone = (
        float(
            np.mean(
                [metrics.auc(table.defaulted[outside], model(table, inside, outside)) for inside, outside in splits]
            )
        )
        for model in models
    )
    return {
        "what": f"as of {day}: {len(known)} firms, {int(table.defaulted.sum())} defaults; log sales of 36 months",
        "ours": round(ours, 4),
        "peer": round(alone, 4),
        "unit": "AUC",
        "ratio": round(ours / alone, 3),
    }
