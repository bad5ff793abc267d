"""An independent implementation in SQL gives the same values."""

from __future__ import annotations

import pytest

pytest.importorskip("duckdb", reason="duckdb is not installed; it comes with the dependency group `bench`")

from benchmarks import features


def test_every_value_of_a_generated_book_equals_the_sql_query() -> None:
    """Within 1e-9 relative, and null in the same places."""
    assert features.difference(features.generated_book(30_000, 60)) < 1e-9


def test_every_value_of_the_real_book_equals_the_sql_query() -> None:
    """The same on all invoices of the 385 real firms."""
    if not features.REAL.is_dir():
        pytest.skip("the real invoices are not here; SMECREDIT_REAL_DATA names their folder")
    assert features.difference(features.real_book()) < 1e-9
