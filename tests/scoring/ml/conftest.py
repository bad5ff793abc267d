"""A small labelled book with a catalogue, made of numbers only, and a model trained on it once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from services.scoring.ml import plan
from services.scoring.ml import train as training
from services.scoring.ml.train import train

DIRECTIONS = {"sales": -1, "months": -1, "silence": 1, "concentration": 1, "season": 0}


def entry(name, direction, *, model=True):
    return {
        "name": name,
        "title": {"zh": f"{name}（中）", "en": name},
        "unit": "ratio",
        "dimension": "operation" if name in ("sales", "months") else "stability",
        "direction": direction,
        "model": model,
        "reason": {"worse": {"zh": "偏低", "en": f"poor {name}"}, "better": {"zh": "较高", "en": f"good {name}"}},
    }


def book_of(firms, seed=0):
    """Firms whose risk falls with sales and months and rises with silence; some values missing."""
    random = np.random.default_rng(seed)
    sales, months, silence = random.normal(size=(3, firms))
    risk = -1.6 - 1.5 * sales - 0.7 * months + 0.9 * silence
    frame = pl.DataFrame(
        {
            "enterprise": [f"local:T{number}" for number in range(firms)],
            "depth": [("A", "B", "E")[number % 3] for number in range(firms)],
            "industry": [("C13", "F51")[number % 2] for number in range(firms)],
            "sales": sales,
            "months": months,
            "silence": silence,
            "concentration": random.uniform(size=firms),
            "season": random.normal(size=firms),
            "rating": random.uniform(size=firms),
            "defaulted": random.uniform(size=firms) < 1 / (1 + np.exp(-risk)),
        }
    )
    gap = pl.Series(random.uniform(size=firms) < 0.1)
    return frame.with_columns(concentration=pl.when(~gap).then("concentration"))


@pytest.fixture(scope="session", autouse=True)
def quick_card():
    """Two folds and a small forest: these tests ask what a model holds, not how good it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "_CARD_FOLDS", 2)
        patch.setattr(training, "_CARD_REPEATS", 1)
        patch.setattr(plan, "FEW_ROWS", replace(plan.FEW_ROWS, forest=4, repeats=2, rounds=(8, 16)))
        yield


@pytest.fixture(scope="session")
def catalogue():
    return {
        "version": "test-1",
        "features": [*(entry(*item) for item in DIRECTIONS.items()), entry("rating", 0, model=False)],
    }


@pytest.fixture(scope="session")
def book():
    return book_of(90)


@pytest.fixture(scope="session")
def trained(quick_card, book, catalogue, tmp_path_factory):
    return train(book, catalogue, version="mdl_test", seed=1, into=tmp_path_factory.mktemp("models") / "mdl_test")
