"""The challenger that a model has to beat."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from services.scoring.ml.challenger import _fit


def test_fits_side_by_side_are_those_made_alone() -> None:
    """To the last bit: folds are measured by two threads, and a model's card has the same bytes each time."""
    random = np.random.default_rng(0)
    rows, defaulted = random.normal(size=(300, 40)), random.random(300) < 0.3
    alone, _ = _fit(rows, defaulted, strength=0.3, lasso=1.0)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda _: _fit(rows, defaulted, strength=0.3, lasso=1.0)[0], range(120)))
    assert all((each == alone).all() for each in together)
