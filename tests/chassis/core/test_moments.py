"""Days are those of China, and there is one way to them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.moments import day_of, start_of

ROOT = Path(__file__).parents[3]
THE_WAY = ROOT / "chassis" / "core" / "moments.py"
MOMENTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def other_ways(source: str) -> Iterator[int]:
    """Yield the lines on which a day is taken from a clock or a moment; `.dt.date()` is Polars', of a file's text."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
            name, owner = node.func.attr, node.func.value
            polars = isinstance(owner, ast.Attribute) and owner.attr == "dt"
            if (name == "date" and not polars) or (name in {"today", "utcnow"} and _a_class(owner)):
                yield node.lineno


def _a_class(owner: ast.expr) -> bool:
    return ast.unparse(owner).rpartition(".")[2] in {"date", "datetime", "Timestamp"}


@pytest.mark.parametrize("package", ["chassis", "services", "gateway"])
def test_no_other_way_leads_from_a_moment_to_a_day(package: str) -> None:
    """By UTC, or by the machine's own zone, it would be another one for eight hours a day."""
    paths = [path for path in sorted((ROOT / package).rglob("*.py")) if path != THE_WAY]
    assert paths
    found = [f"{path.relative_to(ROOT)}:{line}" for path in paths for line in other_ways(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "way", ["context.now().date()", "date.today()", "datetime.datetime.now(UTC).date()", "datetime.today()"]
)
def test_each_other_way_is_found(way: str) -> None:
    assert list(other_ways(way)) == [1]


@given(MOMENTS)
def test_a_day_begins_at_its_start_and_ends_at_the_next_one_s(moment: datetime) -> None:
    day = day_of(moment)
    assert start_of(day) <= moment < start_of(day + timedelta(days=1))


def test_the_day_of_china_begins_eight_hours_before_utc_s() -> None:
    """At 21 o'clock of UTC it is the next day there."""
    assert day_of(datetime(2026, 11, 28, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 28)
    assert day_of(datetime(2026, 11, 28, 21, tzinfo=UTC)) == date(2026, 11, 29)


@given(st.dates() | st.sampled_from([date.min, date.max]))
def test_every_day_that_can_be_written_has_a_first_moment(day: date) -> None:
    """A list that is asked for what came since then is never broken by how long ago that is."""
    assert datetime.min.replace(tzinfo=UTC) <= start_of(day) <= datetime.combine(day, time.max, UTC)
