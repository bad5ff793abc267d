"""Stored scores come back as they went in."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sqlalchemy.exc import IntegrityError

from chassis.core.ids import new_head, new_id, numbered
from chassis.data import jobs
from services.scoring.domain.assessment import Assessment, Stamp, check_exact
from services.scoring.domain.errors import ReasonsDoNotAddUp, ScoreNotFound
from services.scoring.store import batch_file, batches, scores
from services.scoring.store.batch_file import REASONS, Part, points_of
from services.scoring.tables import Batch

ONE = Assessment(
    id="sco_1",
    enterprise="local:E1",
    client="bank-1",
    purpose="credit-assessment",
    batch=None,
    model="mdl_1",
    as_of=date(2020, 2, 21),
    known_at=datetime(2026, 1, 1, 12, 30, 15, 123456, tzinfo=UTC),
    depth="B",
    features_sha256="ab" * 32,
    score=652,
    grade="A",
    pd=0.1 + 0.2,
    pd_low=1e-17,
    pd_high=1 / 3,
    base_points=689.1234567890123,
    values=[None, 0.1, -0.0],
    points=[1e-300, -18.000000000000004, 7.0],
    reasons=[1, 2],
    created_at=datetime(2026, 1, 1, 12, 30, 16, tzinfo=UTC),
)
floats = st.floats(allow_nan=False, allow_infinity=False)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.none() | floats, max_size=5), points=st.lists(floats, max_size=5), pd=floats)
def test_a_score_comes_back_to_the_last_bit(
    app: Flask, model_row: str, values: list[float | None], points: list[float], pd: float
) -> None:
    """Numbers, dates and times are exact on both databases."""
    # Databases that hold numbers in binary keep them all but the sign of zero.
    put = replace(ONE, id=new_id("sco"), model=model_row, values=values, points=points, pd=pd + 0.0)
    with app.extensions["database"].begin() as session:
        scores.add_scores(session, [put])

    with app.extensions["database"].read() as session:
        assert scores.score(session, put.id) == put


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), rows=st.integers(1, 4), features=st.integers(1, 12))
def test_columns_of_scores_come_back_to_the_last_bit(
    app: Flask, model_row: str, data: st.DataObject, rows: int, features: int
) -> None:
    """What is stored as a part is read as it was, each by its id, missing values and reasons included."""
    shape = (rows, features)
    values = data.draw(arrays(np.float64, shape, elements=st.just(float("nan")) | floats))
    points = data.draw(arrays(np.float64, shape, elements=floats))
    told = data.draw(arrays(np.int16, (rows, 4), elements=st.integers(-1, features - 1)))
    put = part(model_row, batch_of(app, model_row), values, points, told)
    with app.extensions["database"].connection(writes=True) as connection:
        batches.add_part(connection, 0, put)

    with app.extensions["database"].read() as session:
        found = [scores.score(session, numbered(put.head, place)) for place in range(rows)]
        assert list(scores.scores_of_batch(session, str(put.stamp.batch))) == found
    for place, one in enumerate(found):
        given_values = [None if np.isnan(value) else value for value in values[place].tolist()]
        assert (one.values, one.points) == (given_values, points[place].tolist())
        assert one.reasons == [position for position in told[place].tolist() if position >= 0]
        head = (one.enterprise, one.score, one.grade, one.pd, one.pd_low, one.pd_high, one.base_points)
        assert head == (f"local:E{place}", 600 + place, "BBB", 1 / 3, 1e-17, 0.5, put.base_points)
        assert (one.as_of, one.known_at, one.created_at) == (ONE.as_of, ONE.known_at, ONE.created_at)


def part(
    model: str, batch: str, values: np.ndarray, points: np.ndarray, told: np.ndarray, client: str = "bank-1"
) -> Part:
    count = len(values)
    heads = {
        "enterprise": [f"local:E{place}" for place in range(count)],
        "depth": ["B"] * count,
        "features_sha256": ["ab" * 32] * count,
        "score": [600 + place for place in range(count)],
        "grade": ["BBB"] * count,
        "pd": [1 / 3] * count,
        "pd_low": [1e-17] * count,
        "pd_high": [0.5] * count,
    }
    given_values = pl.DataFrame(values, schema=[f"value {place}" for place in range(values.shape[1])], orient="row")
    columns = [pl.DataFrame(heads), pl.DataFrame(told, schema=list(REASONS), orient="row")]
    return Part(
        stamp=Stamp(client, "credit-monitoring", batch, model, ONE.as_of, ONE.known_at, ONE.created_at),
        head=new_head("sco"),
        base_points=ONE.base_points,
        shadow=None,
        frame=pl.concat([*columns, given_values, points_of(points)], how="horizontal"),
    )


def plain(app: Flask, model: str, count: int = 3, client: str = "bank-1") -> Part:
    """Return a part that says nothing of interest."""
    block = np.zeros((count, 2))
    return part(model, batch_of(app, model, client), block, block, np.zeros((count, 4), dtype=np.int16), client)


def batch_of(app: Flask, model: str, client: str = "bank-1") -> str:
    """Order a batch and return its id."""
    with app.extensions["database"].begin() as session:
        job = jobs.enqueue(session, jobs.Kind("none", "none"), {})
        row = Batch(id=new_id("bat"), client=client, purpose="p", job=job, model=model)
        row.known_at = row.created_at = ONE.known_at
        session.add(row)
        return row.id


def finish(app: Flask, put: Part) -> None:
    """Store a part as the whole of its batch."""
    with app.extensions["database"].connection(writes=True) as connection:
        batches.add_part(connection, 0, put)
    with app.extensions["database"].begin() as session:
        names = [put.frame["enterprise"].to_list()]
        batches.index(session, batches.batch(session, str(put.stamp.batch)), names)


def test_two_workers_cannot_store_the_same_part(app: Flask, model_row: str) -> None:
    """The database itself refuses the one that has lost its lease and does not know."""
    put = plain(app, model_row)
    with app.extensions["database"].connection(writes=True) as connection:
        batches.add_part(connection, 0, put)

    again = replace(put, head=new_head("sco"))
    with pytest.raises(IntegrityError), app.extensions["database"].connection(writes=True) as connection:
        batches.add_part(connection, 0, again)


def test_an_enterprises_scores_are_found_alone_and_in_batches(app: Flask, model_row: str) -> None:
    """Newest first and page by page, another bank's only where no bank is asked for."""
    mine, theirs = plain(app, model_row), plain(app, model_row, client="bank-2")
    for each in (mine, theirs):
        finish(app, each)
    alone = replace(ONE, id=new_id("sco"), enterprise="local:E1", model=model_row)
    with app.extensions["database"].begin() as session:
        scores.add_scores(session, [alone])
    newest = sorted([alone.id, numbered(mine.head, 1), numbered(theirs.head, 1)], reverse=True)

    with app.extensions["database"].read() as session:
        found = [each.id for each in scores.scores_of(session, "local:E1", None, None, 10)]
        later = [each.id for each in scores.scores_of(session, "local:E1", None, newest[0], 1)]
        of_bank = {each.id for each in scores.scores_of(session, "local:E1", "bank-1", None, 10)}

    assert found == newest
    assert later == newest[1:2]
    assert of_bank == {alone.id, numbered(mine.head, 1)}


def test_names_that_share_a_hash_are_told_apart(app: Flask, model_row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is shown another's score, and a page is still full."""
    monkeypatch.setattr(batch_file, "crc32", lambda _name: 7)
    put = plain(app, model_row, count=5)
    finish(app, put)

    with app.extensions["database"].read() as session:
        found = [each.id for each in scores.scores_of(session, "local:E0", None, None, 1)]

    assert found == [numbered(put.head, 0)]


@pytest.mark.parametrize("ending", ["0003", "ZZZZ", "00-1", "", "一二三四"])
def test_an_id_beyond_a_part_is_nobodys(app: Flask, model_row: str, ending: str) -> None:
    """A place that a part does not have is not found, like any unknown id."""
    put = plain(app, model_row, count=3)
    finish(app, put)

    with app.extensions["database"].read() as session, pytest.raises(ScoreNotFound):
        scores.score(session, put.head + ending)


def test_one_enterprise_cannot_be_stored_twice_in_a_batch(app: Flask, model_row: str, batch_row: str) -> None:
    """The database itself refuses a double."""
    twice = [replace(ONE, id=new_id("sco"), model=model_row, batch=batch_row) for _ in range(2)]

    with pytest.raises(IntegrityError), app.extensions["database"].begin() as session:
        scores.add_scores(session, twice)


def test_two_models_cannot_serve(app: Flask, add_model: Callable[[str, str], None]) -> None:
    """The database itself refuses a second serving model."""
    add_model("mdl_a", "serving")

    with pytest.raises(IntegrityError):
        add_model("mdl_b", "serving")


@given(points=st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=50), base=st.floats(0, 1000), gap=st.floats(2e-6, 1))
def test_a_gap_of_more_than_a_millionth_of_a_point_is_refused(points: list[float], base: float, gap: float) -> None:
    """The check sees what is wrong and passes what is right."""
    total = math.fsum([base, *points])
    check_exact(base, points, total)

    with pytest.raises(ReasonsDoNotAddUp):
        check_exact(base, points, total + gap)


def test_a_score_that_is_no_number_is_refused() -> None:
    """NaN equals nothing, so it must not pass."""
    with pytest.raises(ReasonsDoNotAddUp):
        check_exact(1.0, [math.nan], 1.0)
