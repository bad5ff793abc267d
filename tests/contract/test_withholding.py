"""Catalogue and learner together: no firm gains by leaving something out, and no score hangs on a hair."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.portrait.api.shown import catalogue
from services.profile.portrait.domain.features import compute
from services.scoring.domain.scale import points_of
from services.scoring.ml import plan
from services.scoring.ml.learner import Learned, learn

c = pl.col
AS_OF = date(2024, 12, 31)
BLUE = (c("status") == "valid") & (c("total_fen") > 0)
ENTRIES = [entry for entry in catalogue()["features"] if entry["model"]]
EXACT = 1e-6


@pytest.fixture(scope="module")
def economy() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the invoices and outcomes of a synthetic economy of 120 firms over three years."""
    made = records(simulate(Plan(120, 36, 3, date(2022, 1, 1), 0.15)))
    fen = [(c(name) * 100).cast(pl.Int64).alias(f"{name}_fen") for name in ("net", "tax", "total")]
    sides = [
        made[f"invoices.{side}"].select(
            "enterprise", "counterparty", "date", "status", *fen, direction=pl.lit(side, pl.String)
        )
        for side in ("sale", "purchase")
    ]
    return pl.concat(sides), made["outcomes"]


@pytest.fixture(scope="module", params=[0.0, 0.5], ids=["forests", "with a scorecard"])
def model(request: pytest.FixtureRequest, economy: tuple[pl.DataFrame, pl.DataFrame]) -> Learned:
    """Return a model of the economy's own outcomes, of trees alone and with a scorecard beside them."""
    invoices, outcomes = economy
    known = compute(invoices, as_of=AS_OF).join(outcomes, on="enterprise").sort("enterprise")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plan, "BOOK", replace(plan.BOOK, scorecards=(request.param,)))
        patch.setattr(plan, "_DEFAULTS_OF_A_SCORECARD", 1)
        learned = learn(known.drop("defaulted"), known["defaulted"].to_numpy(), ENTRIES, seed=1)
    assert learned.parameters["scorecard"] == request.param
    return learned


def points(model: Learned, frame: pl.DataFrame) -> np.ndarray:
    found: Any = points_of(model.calibration.log_odds(model.forest.margins(model.encoding.rows(frame))))
    return np.asarray(found)


def gain(model: Learned, shown: pl.DataFrame, hidden: pl.DataFrame) -> float:
    """Return the most points that any firm of which something is left gains."""
    left = compute(hidden, as_of=AS_OF).filter(c("history_months").is_not_null()).sort("enterprise")
    before = compute(shown, as_of=AS_OF).join(left, on="enterprise", how="semi").sort("enterprise")
    return float((points(model, left) - points(model, before)).max(initial=-np.inf))


@given(st.integers(0, 2**31), st.floats(0.01, 0.99))
@settings(max_examples=6)
def test_hiding_any_part_of_the_blue_invoices_wins_nothing(economy, model, seed: int, share: float) -> None:
    """Rows drawn at random, of all firms at once."""
    invoices, _ = economy
    hide = pl.Series(np.random.default_rng(seed).random(invoices.height) < share)
    assert gain(model, invoices, invoices.filter(~(BLUE & hide))) <= EXACT


@pytest.mark.parametrize("months", [3, 7, 18, 30])
def test_a_history_cut_short_at_either_end_wins_nothing(economy, model, months: int) -> None:
    """All but the last months, or all but the first."""
    invoices, _ = economy
    start = pl.select(pl.lit(AS_OF).dt.offset_by(f"-{months}mo")).item()
    assert gain(model, invoices, invoices.filter(~(BLUE & (c("date") <= start)))) <= EXACT
    assert gain(model, invoices, invoices.filter(~(BLUE & (c("date") > start)))) <= EXACT


@pytest.mark.parametrize("side", ["sale", "purchase"])
def test_a_side_kept_back_wins_nothing(economy, model, side: str) -> None:
    """Whoever hides all purchases, red letters and all, has not bought cheaply: it has told less."""
    invoices, _ = economy
    assert gain(model, invoices, invoices.filter(c("direction") != side)) <= EXACT


def test_no_missing_feature_wins_anything(economy, model) -> None:
    """Each alone, and all of them together."""
    frame = compute(economy[0], as_of=AS_OF)
    shown = points(model, frame)
    for name in [entry["name"] for entry in ENTRIES]:
        assert (points(model, frame.with_columns(pl.lit(None, pl.Float64).alias(name))) - shown).max() <= EXACT
    nothing = frame.with_columns(pl.lit(None, pl.Float64).alias(entry["name"]) for entry in ENTRIES)
    assert (points(model, nothing) - shown).max() <= EXACT


def test_void_invoices_decide_nothing(economy, model) -> None:
    """So nothing is won by keeping them back."""
    invoices, _ = economy
    assert gain(model, invoices, invoices.filter(c("status") == "valid")) <= EXACT


def test_two_per_cent_of_one_figure_move_hardly_a_firm_by_twenty_points(economy, model) -> None:
    """At most one firm in a hundred, whichever figure it is and whichever way it moves."""
    frame = compute(economy[0], as_of=AS_OF)
    shown, most = points(model, frame), np.zeros(frame.height)
    for name in model.parameters["kept"]:
        for factor in (1.02, 1 / 1.02):
            most = np.maximum(most, np.abs(points(model, frame.with_columns(c(name) * factor)) - shown))
    assert (most > 20).mean() <= 0.01
