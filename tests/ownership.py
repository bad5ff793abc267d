"""Stakes for tests of ownership and control, and the dense linear algebra that they are held against."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from services.profile.book.domain.relation import DATASET
from services.profile.graph.domain.control.ties import Ties, ties_of

DAY = date(2026, 6, 30)
OWN = "imp_own"


def relations(*rows: Mapping[str, object]) -> pl.DataFrame:
    """Return relations as the book holds them; what a row leaves out is null."""
    whole = [{"relation": "shareholder", "import_id": "imp_register", "version": 1, **row} for row in rows]
    return pl.DataFrame(whole, schema=DATASET.schema)


def stakes(*told: tuple[str, str, float], declared: Sequence[tuple[str, str]] = ()) -> Ties:
    """Return the ties of (holder, held, share) and of declared (controller, controlled)."""
    held = [{"party": holder, "enterprise": firm, "share": share} for holder, firm, share in told]
    named = [{"party": one, "enterprise": firm, "relation": "controller"} for one, firm in declared]
    return ties_of(relations(*held, *named), DAY, ())


def dense(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return integrated ownership of all by all, from the inverse of I - A (Baldone and others 1998)."""
    inverse = np.linalg.inv(np.eye(len(shares)) - shares)
    turns = np.diag(inverse)
    owned = inverse / turns[:, None]
    owned[np.diag_indices(len(shares))] = 1 - 1 / turns
    return owned
