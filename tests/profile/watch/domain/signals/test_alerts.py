"""One event gives one alert; it stays open until it has been calm for long enough."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from services.profile.watch.domain.signals import READINGS, Evaluation
from services.profile.watch.domain.signals.alerts import Alert, Round, advance
from services.profile.watch.domain.signals.thresholds import threshold_on

DAY = date(2020, 1, 1)
LASTING, EVENT = "concentration", "red-letter-surge"
CLEAR_AFTER = threshold_on(LASTING, DAY).clear_after_days


def found(signal: str, event: str = "", **said: object) -> Evaluation:
    """Return one reading of E1, or none where nothing is said of it."""
    row = {"enterprise": "E1", "signal": signal, "event": event, "fires": False, "calm": False, "value": 1.0, **said}
    schema = {"signal": pl.String(), **READINGS}
    return Evaluation(pl.DataFrame([row] if said else [], schema=schema), frozenset())


def play(signal: str, steps: list[tuple[int, Evaluation]]) -> list[Alert]:
    """Evaluate on days counted from the first; return the whole log."""
    log: dict[tuple[object, ...], Alert] = {}
    for day, evaluation in steps:
        standing = [alert for alert in log.values() if alert.cleared_on is None]
        turn = Round(evaluation, {"E1"}, DAY + timedelta(days=day))
        changes = advance(standing, {alert.key for alert in log.values()}, turn)
        for alert in (*changes.opened, *changes.moved):
            log[(*alert.key, alert.opened_on)] = alert
    return list(log.values())


def test_a_state_that_lasts_is_one_alert_however_often_it_is_evaluated() -> None:
    """A second evaluation of the same day changes nothing, later ones note the newest value only."""
    log = play(LASTING, [(day, found(LASTING, fires=True, value=float(day))) for day in (0, 0, 1, 9)])
    assert [(alert.value, alert.latest) for alert in log] == [(0.0, 9.0)]


def test_an_alert_stays_open_between_its_thresholds_and_clears_after_calm_days_in_a_row() -> None:
    """A day between the thresholds starts the count anew."""
    calm, between = found(LASTING, calm=True), found(LASTING, calm=False)
    start = [(0, found(LASTING, fires=True)), (1, calm), (CLEAR_AFTER, between), (CLEAR_AFTER + 1, calm)]
    assert play(LASTING, [*start, (CLEAR_AFTER + 2, calm)])[0].cleared_on is None
    assert play(LASTING, [*start, (2 * CLEAR_AFTER + 1, calm)])[0].cleared_on == DAY + timedelta(2 * CLEAR_AFTER + 1)


def test_a_state_may_come_back_after_it_cleared_and_an_event_may_not() -> None:
    """Two episodes of concentration are two alerts; the surge of one month is one for ever."""
    for signal, event, expected in ((LASTING, "", 2), (EVENT, "2019-12", 1)):
        fires, calm = found(signal, event, fires=True), found(signal, event, calm=True)
        assert len(play(signal, [(0, fires), (1, calm), (90, calm), (91, fires)])) == expected


def test_what_cannot_be_measured_any_more_neither_clears_nor_opens() -> None:
    """No reading of a state is no calm reading; a signal without a source leaves its alerts alone."""
    assert (
        play(LASTING, [(0, found(LASTING, fires=True)), (1, found(LASTING)), (90, found(LASTING))])[0].calm_since
        is None
    )
    gone = Evaluation(found(EVENT).readings, frozenset({EVENT}))
    assert play(EVENT, [(0, found(EVENT, "2019-12", fires=True)), (90, gone), (99, gone)])[0].calm_since is None


@given(st.lists(st.sampled_from(["fires", "calm", "between"]), max_size=30), st.booleans())
def test_at_most_one_alert_of_an_event_is_open_at_a_time(course: list[str], lasting: bool) -> None:
    """Whatever happens, and however often an evaluation is repeated."""
    signal, event = (LASTING, "") if lasting else (EVENT, "2019-12")
    steps = [
        (10 * day, found(signal, event, fires=way == "fires", calm=way == "calm")) for day, way in enumerate(course)
    ]
    twice = [step for step in steps for _ in range(2)]
    log = play(signal, steps)
    assert sum(alert.cleared_on is None for alert in log) <= 1
    assert play(signal, twice) == log
