"""Disputes and notices as people read them on a terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from smecredit.rendering.corrections import disputes, notices

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


def test_a_decided_one_has_none_left(capsys: pytest.CaptureFixture[str]) -> None:
    disputes([{**DISPUTE, "state": "confirmed"}], datetime(2026, 12, 10, tzinfo=UTC))
    assert " 10 " not in capsys.readouterr().out


def test_an_empty_list_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    disputes([], datetime(2026, 12, 10, tzinfo=UTC))
    notices([])
    assert capsys.readouterr().out.split("\n")[:2] == ["no disputes 没有异议", "nothing to tell 没有通知"]
