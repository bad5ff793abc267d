"""The depth of a file: how much there is to judge by."""

from __future__ import annotations

import polars as pl
import pytest

from services.profile.portrait.domain.features import DEPTHS, depth_of


def depth(paired: float | None, invoices: float | None, idle: float | None) -> str:
    """Return the depth of one file with these figures."""
    row = {"paired_months_36m": [paired], "invoices_36m": [invoices], "sales_days_since_last": [idle]}
    return pl.DataFrame(row, schema=dict.fromkeys(row, pl.Float64)).select(depth_of()).item()


@pytest.mark.parametrize("bound", DEPTHS, ids=lambda bound: bound.letter)
def test_a_file_on_the_bounds_of_a_depth_has_it(bound) -> None:
    """The bounds are included."""
    assert depth(bound.paired_months, bound.invoices, bound.idle_days) == bound.letter


@pytest.mark.parametrize("bound", DEPTHS, ids=lambda bound: bound.letter)
def test_missing_one_bound_by_one_loses_the_depth(bound) -> None:
    """Every bound is needed."""
    assert depth(bound.paired_months - 1, bound.invoices, bound.idle_days) > bound.letter
    assert depth(bound.paired_months, bound.invoices - 1, bound.idle_days) > bound.letter
    assert depth(bound.paired_months, bound.invoices, bound.idle_days + 1) > bound.letter


def test_a_file_without_any_figure_is_thin() -> None:
    """Unknown is E."""
    assert depth(None, None, None) == "E"


def test_a_file_without_a_sale_is_thin() -> None:
    """However many purchases there are."""
    assert depth(36, 10_000, None) == "E"
