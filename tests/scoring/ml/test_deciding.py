"""Two readings of a file and the score that decides, one by one and in columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.scoring.clients import FULLER
from services.scoring.domain.counting import Counts
from services.scoring.ml.deciding import decide, decide_many
from services.scoring.ml.scorer import Scorer
from services.scoring.ml.supposing import suppose_many, supposed_of
from services.scoring.usecases.shadow import Shadow

WIDTH = 5
value = st.none() | st.floats(-50, 50, allow_nan=False, width=32)
quick = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def scorer(trained):
    found = Scorer.load(trained.path.parent)
    assert len(found.features) == WIDTH
    return found


def reading(scorer, values, mark):
    return {"depth": "B", "features_sha256": mark, "values": dict(zip(scorer.features, values, strict=True))}


def table(scorer, files):
    rows = [{"enterprise": name, **{key: one[key] for key in ("depth", "features_sha256")}, **one["values"]}
            for name, one in files.items() if one]  # fmt: skip
    schema = {"enterprise": pl.String, "depth": pl.String, "features_sha256": pl.String}
    return pl.DataFrame(rows, schema=schema | dict.fromkeys(scorer.features, pl.Float64))


@st.composite
def files(draw):
    rows = st.lists(value, min_size=WIDTH, max_size=WIDTH)
    known = rows.filter(lambda row: any(each is not None for each in row))
    less = st.none() | st.just([None] * WIDTH) | rows
    return draw(st.lists(st.tuples(known, less), min_size=1, max_size=6))


@quick
@given(pairs=files())
def test_nothing_unconfirmed_raises_what_decides(scorer, pairs):
    """Under `confirmed` what decides is at most either reading's score, in exact points, points, PD and grade."""
    told = [{**reading(scorer, whole, "a"), "confirmed": less and reading(scorer, less, "c")} for whole, less in pairs]
    for (whole, less), made in zip(pairs, decide(scorer, told, [Counts.CONFIRMED] * len(told)), strict=True):
        if less is not None and all(each is None for each in less):
            assert made is None
            continue
        alone = [scorer.score(row, depth="B") for row in (whole, less) if row is not None]
        lowest = min(alone, key=lambda one: one.score_exact)
        assert (made.scored.score_exact, made.scored.grade) == (lowest.score_exact, lowest.grade)
        assert made.scored.pd == max(one.pd for one in alone)


@quick
@given(pairs=files())
def test_who_counts_everything_gets_the_bytes_of_before(scorer, pairs):
    told = [{**reading(scorer, whole, "a"), "confirmed": less and reading(scorer, less, "c")} for whole, less in pairs]
    made = decide(scorer, told, [Counts.EVERYTHING] * len(told))
    assert [one.scored for one in made] == [scorer.score(whole, depth="B") for whole, _ in pairs]


@quick
@given(pairs=files(), counts=st.sampled_from(Counts))
def test_columns_decide_as_rows_do(scorer, pairs, counts):
    """The same reading decides, with the same score, and the other one stands beside it."""
    told = [{**reading(scorer, whole, "a"), "confirmed": less and reading(scorer, less, "c")} for whole, less in pairs]
    alone = decide(scorer, told, [counts] * len(told))
    names = [f"E{place}" for place in range(len(told))]
    rows = table(scorer, dict(zip(names, told, strict=True)))
    confirmed = table(scorer, dict(zip(names, [one["confirmed"] for one in told], strict=True)))
    many = decide_many(scorer, rows, confirmed, counts)
    for place, one in enumerate(alone):
        nothing = many.nothing is not None and bool(many.nothing[place])
        assert nothing == (one is None)
        if one is None:
            continue
        assert many.scored.score_exact[place] == pytest.approx(one.scored.score_exact, abs=1e-9)
        assert (many.depth[place], many.sha256[place]) == (one.reading.depth, one.reading.features_sha256)
        read = [None if np.isnan(each) else each for each in many.values[place].tolist()]
        assert read == one.reading.values
        beside = many.beside.get(place)
        assert (beside is None) == (one.beside is None)
        if beside is not None:
            assert (beside.counts, beside.score, beside.values) == (
                one.beside.counts,
                one.beside.score,
                one.beside.values,
            )


@quick
@given(pairs=files(), counts=st.sampled_from(Counts))
def test_the_shadow_says_nothing_where_nothing_counts(scorer, pairs, counts):
    """In columns as one by one: nulls where nothing counts for the challenger, else its points, grade and PD."""
    told = [{**reading(scorer, whole, "a"), "confirmed": less and reading(scorer, less, "c")} for whole, less in pairs]
    names = [f"E{place}" for place in range(len(told))]
    rows = table(scorer, dict(zip(names, told, strict=True)))
    confirmed = table(scorer, dict(zip(names, [one["confirmed"] for one in told], strict=True)))
    beside = Shadow(scorer).beside_many(rows, confirmed, counts)
    found = [None if points is None else (points, grade) for points, grade, _ in beside.rows()]
    alone = decide(scorer, told, [counts] * len(told))
    assert found == [one and (one.scored.score, one.scored.grade) for one in alone]


def test_columns_without_a_second_reading_are_those_of_before(scorer):
    """Bit for bit, and the same arrays: nothing is copied for what nobody has."""
    rows = table(scorer, {f"E{n}": reading(scorer, [n, 0.1 * n, None, 1.0, -n], "a") for n in range(5)})
    many = decide_many(scorer, rows, rows.clear(), Counts.CONFIRMED)
    before = scorer.score_many(rows.select(scorer.features).to_numpy(), depths=rows["depth"].to_list())
    assert many.everything is many.scored
    assert (many.nothing, many.beside) == (None, {})
    for name in ("score", "score_exact", "grade", "pd", "pd_low", "pd_high", "points"):
        assert getattr(many.scored, name).tobytes() == getattr(before, name).tobytes()


@quick
@given(pairs=files(), more=files(), counts=st.sampled_from(Counts))
def test_columns_suppose_as_rows_do(scorer, pairs, more, counts):
    """The fuller file is of the reading that decides, with the figures that the model gives its values."""
    fuller = [None if row is None else told_fuller(scorer, row, f"f{n}") for n, (_, row) in enumerate(more)]
    told = []
    for place, (whole, less) in enumerate(pairs):
        mine, other = (fuller[(place + step) % len(fuller)] for step in (0, 1))
        confirmed = less and {**reading(scorer, less, "c"), "fuller": other}
        told.append({**reading(scorer, whole, "a"), "fuller": mine, "confirmed": confirmed})
    alone = decide(scorer, told, [counts] * len(told))
    names = [f"E{place}" for place in range(len(told))]
    seconds = [one["confirmed"] for one in told]
    rows, confirmed = (
        with_fuller(scorer, table(scorer, dict(zip(names, each, strict=True))), each) for each in (told, seconds)
    )
    rows, confirmed = suppose_many(scorer, rows), suppose_many(scorer, confirmed)
    column = supposed_of(rows, confirmed, decide_many(scorer, rows, confirmed, counts))
    many = [None] * rows.height if column is None else column.to_list()
    for place, one in enumerate(alone):
        if one is None:
            continue
        found = many[place]
        assert (found is None) == (one.fuller is None)
        if found is not None:
            score = scorer.score_many(np.array([found["values"]], dtype=np.float64), depths=["A"])
            assert (found["pd"], found["score"]) == (score.pd[0], score.score[0])
            assert [None if np.isnan(each) else each for each in found["values"]] == one.fuller.values
            assert found["pd"] == pytest.approx(one.fuller.pd)
            assert (found["shown"], found["months"]) == ({"sale": 7, "purchase": 2}, 36)
            assert found["features_sha256"] == one.fuller.features_sha256


def told_fuller(scorer, values, mark):
    head = {"shown": {"sale": 7, "purchase": 2}, "window": 36, "registered_on": None}
    return {**head, **reading(scorer, values, mark), "depth": "A"}


def with_fuller(scorer, frame, told):
    form = pl.Struct({**FULLER, "values": pl.Struct(dict.fromkeys(scorer.features, pl.Float64))})
    return frame.with_columns(pl.Series("fuller", [one["fuller"] for one in told if one], dtype=form))
