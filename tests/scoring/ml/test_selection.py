"""Features enter a small model only when training rows alone speak for them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from services.scoring.ml.learner import learn
from services.scoring.ml.selection import chances_of, informative


def table(seed, firms=90, noise=40):
    """One column that tells defaulters, and many that tell nothing; a tenth of all is missing."""
    random = np.random.default_rng(seed)
    defaulted = random.uniform(size=firms) < 0.25
    rows = random.normal(size=(firms, noise + 1)).astype(np.float32)
    rows[:, 0] += 2.0 * defaulted
    rows[random.uniform(size=rows.shape) < 0.1] = np.nan
    return rows, defaulted


def test_what_tells_is_kept_and_what_tells_nothing_rarely():
    """Over twenty tables of forty-one columns: the telling one always, of the others no more than the least of five."""
    kept = np.array([informative(chances_of(*table(seed), [0] * 41), 0.05) for seed in range(20)])
    assert kept[:, 0].all()
    assert kept.sum(axis=1).max() <= 7


def test_a_column_that_speaks_against_its_declared_direction_is_not_kept():
    """More sales cannot be declared to raise the risk: the column tells, but the wrong way round."""
    rows, defaulted = table(1)
    directions = [-1] + [0] * 40
    assert not informative(chances_of(rows, defaulted, directions), 0.05)[0]


def test_at_least_five_columns_are_kept_even_of_pure_chance():
    """Something must be learned from; cross-validation will say how little it is worth."""
    rows, defaulted = table(2)
    assert informative(chances_of(rows[:, 1:], defaulted, [0] * 40), 1e-9).sum() == 5


def test_a_column_without_values_or_of_one_class_only_is_never_kept():
    """Nothing can be told from nothing."""
    rows, defaulted = table(3)
    rows[:, 1] = np.nan
    rows[~defaulted, 2] = np.nan
    assert not informative(chances_of(rows, defaulted, [0] * 41), 0.05)[1:3].any()


@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_the_kept_columns_are_those_of_benjamini_and_hochberg_s_rule(share):
    """Against scipy's Mann-Whitney test (asymptotic, without continuity correction) on continuous columns."""
    random = np.random.default_rng(9)
    defaulted = np.arange(90) < 25
    rows = (random.normal(size=(90, 30)) + defaulted[:, None] * np.linspace(0, 1.5, 30)).astype(np.float32)
    chances = np.array(
        [
            mannwhitneyu(
                column[defaulted], column[~defaulted], alternative="greater", method="asymptotic", use_continuity=False
            ).pvalue
            for column in rows.T.astype(np.float64)
        ]
    )
    ordered = np.sort(chances)
    passing = np.flatnonzero(ordered <= share * np.arange(1, 31) / 30)
    assert (
        informative(chances_of(rows, defaulted, [1] * 30), share).tolist() == (chances <= ordered[passing[-1]]).tolist()
    )


def test_a_feature_that_was_not_kept_is_in_no_tree(book, catalogue):
    """It moves no score and is no reason, and the card names those that were kept."""
    frame = book.drop("defaulted").with_columns(
        **{f"noise_{number}": np.random.default_rng(number).normal(size=len(book)) for number in range(30)}
    )
    entries = [entry for entry in catalogue["features"] if entry["model"]]
    entries += [{**entries[-1], "name": f"noise_{number}", "direction": 0} for number in range(30)]
    learned = learn(frame, book["defaulted"].to_numpy(), entries)
    inner = learned.forest.left != np.arange(len(learned.forest.left))
    used = {learned.encoding.columns[place].name for place in learned.forest.feature[inner]}
    assert "sales" in used
    assert used <= set(learned.parameters["kept"])
    assert len(learned.parameters["kept"]) < len(entries)
