"""Who is compared with whom, and where a value stands."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.portrait.domain import peers as domain
from services.profile.portrait.domain.features import CATALOGUE
from services.profile.portrait.domain.indicators import FIGURES
from services.profile.portrait.domain.peers import LEAST_PEERS, STEPS, Firm, as_rows, grouped, peers
from services.profile.portrait.domain.standing import dimension_scores, percentile

numbers = st.floats(-1e12, 1e12)


def features(count: int) -> pl.DataFrame:
    """Return features of firms E0, E1, …, all equal to the firm's number."""
    firms = [f"local:E{n}" for n in range(count)]
    return pl.DataFrame({"enterprise": firms}).with_columns(
        pl.int_range(pl.len()).cast(pl.Float64).alias(f.name) for f in CATALOGUE
    )


def place(value: float, grid: np.ndarray) -> float:
    """Return where one value stands."""
    return float(percentile(np.array([value]), grid)[0])


def columns(values: dict[str, float]) -> dict[str, np.ndarray]:
    """Return the values of one firm, unknown where none is given."""
    return {f.name: np.array([values.get(f.name, np.nan)]) for f in CATALOGUE}


def roster(*cells: tuple[int, str | None, str | None, bool]) -> pl.DataFrame:
    """Return so many firms of each industry, size and kind, numbered through."""
    rows = [cell[1:] for cell in cells for _ in range(cell[0])]
    return pl.DataFrame(
        [(f"local:E{n}", *row) for n, row in enumerate(rows)],
        schema={"enterprise": pl.String, "industry": pl.String, "size_class": pl.String, "synthetic": pl.Boolean},
        orient="row",
    )


def test_a_firm_is_compared_within_its_industry_and_size_where_they_are_many() -> None:
    """Thirty firms make a group."""
    found = peers(features(60), roster((30, "C", "small", False), (30, "C", "micro", False)))
    group = found.of(Firm("C", "small"))
    assert group is not None
    assert (group.count, group.title.zh) == (LEAST_PEERS, "制造业小型企业")


def test_a_small_cell_widens_to_the_industry() -> None:
    """29 are too few; the group says so."""
    found = peers(features(58), roster((29, "C", "small", False), (29, "C", "micro", False)))
    group = found.of(Firm("C", "small"))
    assert group is not None
    assert (group.count, group.title.en) == (58, "firms of manufacturing")


def test_a_firm_of_an_unknown_industry_is_compared_with_the_book() -> None:
    """However few they are."""
    group = peers(features(3), roster((3, None, None, False))).of(Firm())
    assert group is not None
    assert (group.count, group.title.zh) == (3, "全部企业")


def test_synthetic_firms_are_no_peers_of_real_ones() -> None:
    """A real firm in a sandbox book stands alone."""
    found = peers(features(40), roster((40, "C", "small", True)))
    assert found.of(Firm("C", "small")) is None
    assert found.of(Firm("C", "small", synthetic=True)) is not None


def test_a_firm_without_an_entry_in_the_roster_still_has_peers() -> None:
    """Invoices may arrive before the register."""
    group = peers(features(5), roster((2, "C", "small", False))).of(Firm())
    assert group is not None
    assert group.count == 5


def test_only_the_group_that_is_asked_for_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Six groups are large enough; one firm needs one of them, and a second firm of it none more."""
    made: list[object] = []
    real = domain._group
    monkeypatch.setattr(domain, "_group", lambda *told: (made.append(told[1:]), real(*told))[1])
    found = peers(features(60), roster((30, "C", "small", False), (30, "C", "micro", False)))
    assert len(found.keys) == 6
    assert found.of(Firm("C", "small")) is found.of(Firm("C", "small"))
    assert made == [("C", "small")]


def test_groups_of_a_book_are_made_of_one_dimension_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit, whatever is unknown, and though the firms of a group take turns: no more is ever held."""
    rng = np.random.default_rng(7)
    drawn = {f.name: rng.lognormal(0, 2, 97) for f in FIGURES}
    known = {name: np.where(rng.random(97) < 0.8, values, np.nan) for name, values in drawn.items()}
    known[FIGURES[0].name] = np.full(97, np.nan)
    book = pl.DataFrame({"enterprise": [f"local:E{n}" for n in range(97)], **known}).fill_nan(None)
    firms = roster((40, "C", "small", False), (57, None, "micro", False))
    asked: list[Sequence[str]] = []

    def read(names: Sequence[str]) -> dict[str, np.ndarray]:
        asked.append(names)
        return {name: known[name] for name in names}

    whole = as_rows(peers(book, firms))
    monkeypatch.setattr(domain, "TOGETHER", 3)
    assert grouped(book["enterprise"], firms, read).equals(whole)
    dimensions = {figure.name: figure.dimension for figure in FIGURES}
    assert [len({dimensions[name] for name in names}) for names in asked] == [1] * len(set(dimensions.values()))


@given(st.lists(numbers, min_size=1, max_size=200), numbers, numbers)
def test_a_greater_value_never_stands_lower(values: list[float], one: float, other: float) -> None:
    """The percentile rises with the value and stays within 0…100."""
    grid = np.quantile(values, STEPS)
    low, high = sorted((one, other))
    assert 0 <= place(low, grid) <= place(high, grid) <= 100


def test_half_of_many_equal_peers_count_as_below() -> None:
    """A value that all share stands in the middle."""
    assert place(7.0, np.quantile([7.0] * 50, STEPS)) == 50


def test_a_value_above_all_peers_stands_at_the_top_however_equal_they_are() -> None:
    """Slightly more than what all share is more than all."""
    assert place(7.001, np.quantile([7.0] * 50, STEPS)) == 100
    assert place(6.999, np.quantile([7.0] * 50, STEPS)) == 0


def test_the_median_stands_at_fifty() -> None:
    """Of 0, 1, … 100."""
    assert place(50.0, np.quantile(range(101), STEPS)) == pytest.approx(50)


def test_less_risk_scores_higher_in_either_direction() -> None:
    """The best on every feature has 100 in every dimension that has features, the worst 0."""
    group = peers(features(101), roster((101, None, None, False))).of(Firm())
    assert group is not None
    best = {f.name: (-1e9 if f.direction > 0 else 1e9) for f in CATALOGUE}
    worst = {name: -value for name, value in best.items()}
    assert {round(float(score[0]), 9) for score in dimension_scores(columns(best), group.features).values()} == {100}
    assert {round(float(score[0]), 9) for score in dimension_scores(columns(worst), group.features).values()} == {0}


def test_a_feature_without_a_direction_moves_no_dimension() -> None:
    """It says nothing of good or bad."""
    group = peers(features(50), roster((50, None, None, False))).of(Firm())
    assert group is not None
    undirected = {f.name: 10.0 for f in CATALOGUE if f.direction == 0}
    assert undirected
    scores = dimension_scores(columns(undirected), group.features)
    assert all(np.isnan(score).all() for score in scores.values())
