"""The way up on the command line, against a suite that answers as the contract says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from smecredit.cli.reading import way_up_command
from smecredit.problems import Expected
from tests.answering import answering

FIXTURES = Path(__file__).parents[2] / "gateway" / "portal" / "fixtures"


def told(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))


class Suite:
    """What a suite was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.scores: list[dict[str, Any]] = [{"id": "scr_9"}]
        self.answer = told("way_up")


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Iterator[Suite]:
    """Run a suite that knows one firm's scores and the way up from them."""
    state = Suite()

    def answer(method: str, path: str, body: bytes | None) -> Any:
        state.asked.append((path, None if body is None else json.loads(body)))
        return {"items": state.scores, "next": None} if method == "GET" else state.answer

    with answering(monkeypatch, answer):
        yield state


def run(*arguments: str) -> Result:
    return CliRunner().invoke(way_up_command, ["local:E17", *arguments])


def test_the_way_up_goes_on_from_the_latest_score_to_the_grade(suite: Suite) -> None:
    shown = run("--grade", "B")
    assert shown.exit_code == 0, shown.output
    assert suite.asked[-1] == ("/v1/scores/scr_9/recourse", {"target": {"grade": "B"}})
    last = suite.answer["path"][-1]
    unbroken = "".join(shown.output.split())
    for part in (*suite.answer["plan"]["sentence"].values(), last["as_of"], "节奏"):
        assert "".join(part.split()) in unbroken
    assert f"after {suite.answer['months']} months" in shown.output


def test_a_score_that_is_named_is_not_looked_up(suite: Suite) -> None:
    run("--points", "600", "--of", "scr_1")
    assert suite.asked == [("/v1/scores/scr_1/recourse", {"target": {"score": 600}})]


def test_what_is_out_of_reach_is_told_with_the_nearest(suite: Suite) -> None:
    suite.answer = told("way_up_out_of_reach")
    shown = run("--grade", "BBB").output
    assert "not within 12 months" in shown
    assert f"{suite.answer['nearest']['certified']['score']} {suite.answer['nearest']['certified']['grade']}" in shown


def test_expert_rules_are_told_where_they_bind(suite: Suite) -> None:
    why = {"zh": "最高为 CCC。申请修复", "en": "CCC at most. Ask for repair"}
    blocked = [{"rule": "dishonest-debtor", "found": 519.0, "needed": 520.0, "why": why}]
    suite.answer = told("way_up_out_of_reach") | {"blocked": blocked, "nearest": None}
    assert "CCC at most. Ask for repair" in run("--grade", "B").output


def test_all_of_it_is_there_for_machines(suite: Suite) -> None:
    assert json.loads(run("--grade", "B", "--json").output) == suite.answer


def test_a_firm_without_a_score_is_to_be_scored_first(suite: Suite) -> None:
    suite.scores = []
    refused = run("--grade", "B").exception
    assert isinstance(refused, Expected)
    assert "smecredit score local:E17" in str(refused)


def test_a_target_has_to_be_named(suite: Suite) -> None:
    assert run().exit_code == 2
    assert suite.asked == []
