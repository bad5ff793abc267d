"""A shock on many files: the client waits for the job and hands back what a direct answer would say."""

from __future__ import annotations

import os
from typing import Any

import pytest
from answering import answering

from smecredit.client import Client
from smecredit.problems import Problem

ANSWER = {"as_of": "2026-06-30", "enterprises": []}


def ordered(state: str, **members: Any) -> dict[str, Any]:
    return {"id": "job_1", "state": state, "progress": {"done": 1, "total": 4}, "problem": None, **members}


def test_a_job_is_waited_for_and_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a small question is answered without a second request."""
    looks = iter([ordered("running"), ordered("done", result=ANSWER)])
    seen: list[tuple[int, int | None]] = []
    asked: list[str] = []

    def answer(method: str, path: str, _: bytes | None) -> Any:
        asked.append(f"{method} {path}")
        return next(looks) if method == "GET" else (202, ordered("queued"))

    with answering(monkeypatch, answer), Client(os.environ["SMECREDIT_URL"], "smc_test") as bank:
        found = bank.shock({"region": "110000"}, on_progress=lambda done, total: seen.append((done, total)))
    assert found == ANSWER
    assert asked == ["POST /v1/shocks", "GET /v1/shocks/job_1", "GET /v1/shocks/job_1"]
    assert seen == [(1, 4), (1, 4)]


def test_a_job_that_failed_is_its_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    failed = ordered("failed", problem={"status": 403, "title": "The enterprise's consent is needed"})

    def answer(method: str, _path: str, _body: bytes | None) -> Any:
        return failed if method == "GET" else (202, ordered("queued"))

    with (
        answering(monkeypatch, answer),
        Client(os.environ["SMECREDIT_URL"], "smc_test") as bank,
        pytest.raises(Problem, match="consent"),
    ):
        bank.shock({"region": "110000"})
