"""What is remembered of the hops of a moment: read once, nobody else waits for it, and not for long."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Event
from typing import Any

import polars as pl
import pytest

from services.profile.book.domain.moment import Moment
from services.profile.graph.domain.rings import EDGES, limits_on
from services.profile.graph.usecases import hear_hops
from services.profile.graph.usecases.hear_hops import Heard

DAY = date(2024, 3, 31)
NOW, LIMITS = Moment(7, DAY, datetime(2024, 4, 1, tzinfo=UTC), departures=2), limits_on(DAY)
CONTEXT: Any = None
PATIENCE = 30.0


class Lake:
    """Counts the readings of the lake, and holds up those of some moment until it is told to go on."""

    def __init__(self, slow: Moment | None = None) -> None:
        self.slow, self.read = slow, list[Moment]()
        self.started, self.go_on = Event(), Event()

    def __call__(self, _context: object, moment: Moment, _limits: object) -> pl.DataFrame:
        self.read.append(moment)
        if moment == self.slow:
            self.started.set()
            assert self.go_on.wait(PATIENCE)
        return pl.DataFrame(schema=EDGES)


class Clock:
    """A clock that a test moves, and the timers that wait by it."""

    def __init__(self) -> None:
        self.now, self.waiting = 0.0, list[Callable[[], None]]()

    def timer(self, _seconds: float, then: Callable[[], None]) -> Clock:
        self.waiting.append(then)
        return self

    def start(self) -> None:
        """Start nothing: a test lets the time go by."""

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        due, self.waiting = self.waiting, []
        for then in due:
            then()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(hear_hops, "monotonic", lambda: made.now)
    monkeypatch.setattr(hear_hops, "Timer", made.timer)
    return made


def lake(monkeypatch: pytest.MonkeyPatch, slow: Moment | None = None) -> Lake:
    made = Lake(slow)
    monkeypatch.setattr(hear_hops, "_heard", made)
    return made


def test_who_asks_for_another_moment_does_not_wait_and_who_asks_for_the_same_reads_no_second_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other, heard = replace(NOW, version=8), Heard()
    reading = lake(monkeypatch, slow=NOW)
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(heard.at, CONTEXT, NOW, LIMITS) for _ in range(2)]
        assert reading.started.wait(PATIENCE)
        heard.at(CONTEXT, other, LIMITS)
        assert not waiting[0].done()
        reading.go_on.set()
        assert waiting[0].result(PATIENCE) is waiting[1].result(PATIENCE)
    assert reading.read == [NOW, other]


def test_what_was_heard_before_a_record_left_is_forgotten_when_a_later_moment_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard, reading = Heard(), lake(monkeypatch)
    later = replace(NOW, departures=3)
    for moment in (NOW, NOW, later, NOW):
        heard.at(CONTEXT, moment, LIMITS)
    assert reading.read == [NOW, later, NOW]


def test_a_reading_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    heard = Heard()
    monkeypatch.setattr(hear_hops, "_heard", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        heard.at(CONTEXT, NOW, LIMITS)
    reading = lake(monkeypatch)
    assert heard.at(CONTEXT, NOW, LIMITS).height == 0
    assert reading.read == [NOW]


def test_all_is_forgotten_after_some_minutes_whether_or_not_anybody_asks(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    """What an erasing took out of the lake stays in no process's memory; and then nothing waits any more."""
    heard, reading = Heard(), lake(monkeypatch)
    heard.at(CONTEXT, NOW, LIMITS)
    clock.now += hear_hops.KEPT_SECONDS / 2
    heard.at(CONTEXT, replace(NOW, version=8), LIMITS)
    assert len(clock.waiting) == 1
    clock.pass_by(hear_hops.KEPT_SECONDS / 2)
    assert [moment.version for moment, _ in heard._held] == [8]
    clock.pass_by(hear_hops.KEPT_SECONDS)
    assert (len(heard._held), clock.waiting) == (0, [])
    heard.at(CONTEXT, NOW, LIMITS)
    assert [moment.version for moment in reading.read] == [7, 8, 7]
