"""The rating that a real bank gave its 83 borrowers, beside a model that never sees it."""

from __future__ import annotations

import polars as pl
import pytest

from benchmarks.features import BOOK_DATE, REAL, real_book
from services.profile.portrait.api.shown import catalogue
from services.profile.portrait.domain.features import compute
from services.scoring.domain.rating import Rated, Ratings
from services.scoring.ml.evaluate import evaluate


@pytest.mark.skipif(not REAL.is_dir(), reason="the real invoices are absent (SMECREDIT_REAL_DATA)")
def test_the_real_rating_ranks_no_better_and_is_told_to_know_the_outcome() -> None:
    """A to D without a day; all of D defaulted, so its AUC is hindsight, and the card says so."""
    firms = pl.read_csv(REAL / "enterprises.csv").select(
        enterprise=pl.format("local:{}", "企业代号"),
        grade="信誉评级",
        defaulted=pl.col("是否违约").replace_strict({"是": True, "否": False}, default=None, return_dtype=pl.Boolean),
    )
    known = firms.drop_nulls()
    ratings = Ratings(tuple("ABCD"), {name: Rated(grade) for name, grade, _ in known.iter_rows()})
    table = compute(real_book(), as_of=BOOK_DATE).join(known, on="enterprise").sort("enterprise").drop("grade")
    entries = [entry for entry in catalogue()["features"] if entry["model"]]

    ranks = ratings.of(table["enterprise"].to_list())
    told = evaluate(table, "defaulted", entries, folds=5, repeats=2, seed=0, ranks=ranks)["rating"]

    assert (told["rated"], told["undated"], told["defaults"]) == (83, 83, 18)
    assert told["grades"][-1] == {"grades": ["D"], "firms": 16, "defaults": 16}
    assert told["comparison"]["finding"] == "neither"
    assert told["comparison"]["rating"] == pytest.approx(0.960, abs=0.001)
    assert "16 firms rated D defaulted" in told["told"][-1]["en"]
