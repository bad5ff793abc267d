"""A loaded model: additive points, honest PDs, one answer for one row and for many."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chassis.core.errors import NotFound
from services.scoring.domain import scale
from services.scoring.domain.errors import FeaturesDoNotFit
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.train import train


@pytest.fixture(scope="module")
def scorer(trained):
    return Scorer.load(trained.path.parent)


values = st.one_of(st.none(), st.floats(-5, 5, width=32))


@settings(max_examples=100)
@given(row=st.lists(values, min_size=5, max_size=5))
def test_base_and_points_add_up_to_the_score(scorer, row):
    """To 1e-6 before rounding, for any values, with anything missing."""
    scored = scorer.score(row)
    assert scored.base_points + sum(scored.points) == pytest.approx(scored.score_exact, abs=1e-6)
    assert scored.score == round(scored.score_exact)


@settings(max_examples=100)
@given(row=st.lists(values, min_size=5, max_size=5))
def test_pd_lies_in_its_interval_and_agrees_with_score_and_grade(scorer, row):
    """One order for all: interval around PD, PD from points, grade from the shown score."""
    scored = scorer.score(row)
    assert scale.PD_FLOOR <= scored.pd_low <= scored.pd <= scored.pd_high < 1
    assert scored.pd == pytest.approx(max(float(scale.pd_of(scored.score_exact)), scale.PD_FLOOR))
    assert scored.grade == scale.grade_of(scored.score)


def test_one_row_and_many_rows_get_the_same_scores(scorer, book):
    """The batch is the single score in columns, missing values and reasons included."""
    rows = book.select(scorer.features)
    many = list(scorer.score_many(rows.to_numpy()).rows())
    for row, scored in zip(rows.rows(), many, strict=True):
        one = scorer.score(row)
        assert (one.score, one.grade, one.reasons) == (scored.score, scored.grade, scored.reasons)
        assert one.points == pytest.approx(scored.points, abs=1e-9)


@settings(max_examples=100)
@given(rows=st.lists(st.lists(values, min_size=5, max_size=5), min_size=1, max_size=20))
def test_a_few_rows_get_bit_for_bit_what_each_gets_alone(scorer, rows):
    """Requests that share a turn are told what they would have been told alone, so receipts can be proved."""
    depths = [("A", "E", None)[place % 3] for place in range(len(rows))]
    alone = [scorer.score(row, depth=depth) for row, depth in zip(rows, depths, strict=True)]
    assert repr(scorer.score_few(rows, depths=depths)) == repr(alone)


def test_a_thinner_file_has_a_wider_interval_and_the_same_score(scorer):
    """Depth E says less than depth A; an unknown depth is taken as the book's."""
    rich, thin = (scorer.score([0.1, 0.2, 0.3, 0.4, 0.5], depth=depth) for depth in "AE")
    assert (rich.score, rich.pd) == (thin.score, thin.pd)
    assert thin.pd_low <= rich.pd_low <= rich.pd_high <= thin.pd_high


def test_depths_of_many_rows_are_those_of_single_ones(scorer, book):
    """One answer for one row and for many, interval included."""
    many = scorer.score_many(book.select(scorer.features).to_numpy(), depths=book["depth"].to_list())
    for row, depth, low, high in zip(
        book.select(scorer.features).rows(), book["depth"], many.pd_low, many.pd_high, strict=True
    ):
        one = scorer.score(row, depth=depth)
        assert (one.pd_low, one.pd_high) == pytest.approx((low, high))


@settings(max_examples=50)
@given(row=st.lists(values, min_size=5, max_size=5))
def test_reasons_against_another_reference_add_up_to_the_same_score(scorer, row):
    """The score is the firm's; base points and contributions are the comparison's."""
    scored = scorer.score(row)
    for reference in scorer.references:
        beside = scorer.against(reference["id"])
        compared = beside.score(row)
        assert (compared.score_exact, compared.grade) == (scored.score_exact, scored.grade)
        assert compared.base_points + sum(compared.points) == pytest.approx(scored.score_exact, abs=1e-6)
        assert beside.legend.features[0].reference == reference["values"][scorer.features[0]]


def test_each_industry_has_a_reference_and_an_unknown_one_is_refused_by_name(scorer):
    """The refusal lists those there are."""
    assert [reference["industry"] for reference in scorer.references] == [None, "C", "F"]
    with pytest.raises(NotFound, match=scorer.references[1]["id"]):
        scorer.against("a-median-x-00000000")


def test_more_sales_never_lower_a_score(scorer, book):
    """The monotone constraint survives calibration and points."""
    rows = np.repeat(book.select(scorer.features).to_numpy()[:1], 50, axis=0)
    rows[:, scorer.features.index("sales")] = np.linspace(-4, 4, 50)
    assert (np.diff(scorer.score_many(rows).score_exact) >= 0).all()


def test_the_score_ranks_defaulters_below_the_others(scorer, book):
    """The model has learned something: the median defaulter is well under the median payer."""
    exact = scorer.score_many(book).score_exact
    bad = book["defaulted"].to_numpy()
    assert np.median(exact[bad]) < np.median(exact[~bad]) - 40


@pytest.mark.parametrize("strange", [float("inf"), "many", 1e300])
def test_a_value_that_is_no_number_is_refused(scorer, strange):
    """Neither an infinite nor a textual value reaches the trees."""
    with pytest.raises(FeaturesDoNotFit):
        scorer.score([strange, 0.0, 0.0, 0.0, 0.0])


def test_a_table_without_a_feature_is_refused_by_name(scorer, book):
    """The refusal names what is missing."""
    with pytest.raises(FeaturesDoNotFit, match="sales"):
        scorer.score_many(book.drop("sales"))


def test_no_rows_give_no_scores(scorer, book):
    """An empty batch is an answer, not an error."""
    assert len(scorer.score_many(book.head(0)).score) == 0


def test_a_bank_s_own_table_is_explained_by_its_columns(tmp_path):
    """Words and dates are encoded without the label; contributions come back per source column and still add up."""
    random = np.random.default_rng(3)
    sector = random.choice(["trade", "building", "farming"], 400)
    table = pl.DataFrame(
        {
            "loan": [f"L{number}" for number in range(400)],
            "sector": sector,
            "opened": random.choice(["2001-02-03", "2004-05-06", "2007-08-09"], 400),
            "staff": random.integers(1, 50, 400),
            "status": np.where(random.uniform(size=400) < np.where(sector == "building", 0.6, 0.1), "CHGOFF", "P I F"),
        }
    )
    trained = train(table, None, version="mdl_bank", seed=0, into=tmp_path / "m", label="status")
    scorer = Scorer.load(tmp_path / "m")
    assert scorer.features == ("sector", "opened", "staff")
    assert trained.card["ignored"] == {"loan": "names rows instead of describing them"}
    scored = scorer.score(["building", "2004-05-06", 10])
    assert scored.base_points + sum(scored.points) == pytest.approx(scored.score_exact, abs=1e-6)
    assert scored.reasons[0] == 0
    assert scored.points[0] < 0
