"""How queues and their jobs are shown to whoever keeps a suite."""

from __future__ import annotations

import pytest

from smecredit.rendering.working import queued

QUEUE = {"queue": "imports", "waiting": 1204, "running": 1, "oldest_seconds": 61.5, "workers": 0}
JOB = {
    "id": "imp_01",
    "queue": "imports",
    "kind": "import",
    "state": "failed",
    "done": 3,
    "total": 7,
    "attempts": 2,
    "killed": 2,
    "created_at": "2026-11-30T18:00:00.000000Z",
    "problem": "/problems/job-killed",
}


def test_a_queue_without_workers_and_a_job_set_aside_are_seen(capsys: pytest.CaptureFixture[str]) -> None:
    """Each in a line, with what an operator needs to act."""
    queued({"services": {"profile": {"queues": [QUEUE], "jobs": [JOB]}}})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["profile", "imports", "1,204", "1", "61.5", "0"] in lines
    shown = ["profile", "imp_01", "import", "failed", "3/7", "2", "2", "2026-11-30T18:00:00", "job-killed"]
    assert shown in lines


def test_nothing_under_way_shows_no_table_of_jobs(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the queues."""
    queued({"services": {"profile": {"queues": [QUEUE], "jobs": []}}})
    assert "problem" not in capsys.readouterr().out
