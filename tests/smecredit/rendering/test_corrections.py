"""Disputes and notices as people read them on a terminal."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.portal import items
from smecredit.rendering.corrections import days_left, disputes, notices

DISPUTE: Any = {
    "id": "dsp_1",
    "enterprise": "local:E1",
    "item": {"kind": "invoices", "record": "rec_1", "field": None},
    "reason": "not-ours",
    "state": "open",
    "due_at": "2026-12-20T00:00:00Z",
}


def test_a_dispute_tells_the_days_that_are_left(capsys: pytest.CaptureFixture[str]) -> None:
    disputes([DISPUTE], datetime(2026, 12, 10, tzinfo=UTC))
    assert " 10 " in capsys.readouterr().out


@given(st.timedeltas(timedelta(days=-30), timedelta(days=30)))
@example(timedelta(0))
@example(timedelta(days=20) - timedelta(microseconds=1))
def test_a_terminal_and_a_page_count_the_same_days(left: timedelta) -> None:
    """Before the day and after it; a minute of a day is a day to both."""
    now = datetime(2026, 12, 20, tzinfo=UTC) - left
    [said] = re.findall("[0-9]+", items.clock("en", DISPUTE, now))
    assert abs(days_left(DISPUTE, now)) == int(said)
    assert (days_left(DISPUTE, now) < 0) == ("overdue" in items.clock("en", DISPUTE, now))


def test_a_decided_one_has_none_left(capsys: pytest.CaptureFixture[str]) -> None:
    disputes([{**DISPUTE, "state": "confirmed"}], datetime(2026, 12, 10, tzinfo=UTC))
    assert " 10 " not in capsys.readouterr().out


def test_an_empty_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    disputes([], datetime(2026, 12, 10, tzinfo=UTC))
    notices([])
    assert capsys.readouterr().out.split("\n")[:2] == ["no disputes 没有异议", "nothing to tell 没有通知"]
