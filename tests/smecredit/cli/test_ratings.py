"""A bank's own rating handed in with a training: read from its file, sent as the API takes it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from smecredit.cli import modelling
from smecredit.cli.modelling import evaluate_command, train_command
from smecredit.running import evaluation

TABLE = "enterprise,grade,rated_on\nlocal:E1,A,2019-12-31\nlocal:E2,D,\nlocal:E3,,\n"


@pytest.fixture
def ordered(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what a client is asked to train; it is asked nothing else."""
    kept: dict[str, Any] = {}

    class Bank:
        def __enter__(self) -> Bank:
            return self

        def __exit__(self, *_: Any) -> None:
            pass

        def train(self, **order: Any) -> dict[str, str]:
            kept.update(order)
            return {"version": "mdl_1"}

        def wait_model(self, *_: Any) -> dict[str, str]:
            return {"version": "mdl_1", "state": "candidate"}

    monkeypatch.setattr("smecredit.cli.options.Client", lambda *_, **__: Bank())
    return kept


def test_a_file_of_ratings_goes_with_the_order(ordered: dict[str, Any], tmp_path: Path) -> None:
    """A firm without a grade is left out; a day is sent where it is known."""
    file = tmp_path / "r.csv"
    file.write_text("\ufeff" + TABLE)
    asked = ["--ratings", str(file), "--grades", "A, B,D", "--json", "--url", "http://127.0.0.1:9"]
    done = CliRunner(env={"SMECREDIT_API_KEY": "k"}).invoke(train_command, asked, catch_exceptions=False)
    assert done.exit_code == 0
    assert ordered["ratings"] == {
        "grades": ["A", "B", "D"],
        "given": [
            {"enterprise": "local:E1", "grade": "A", "rated_on": "2019-12-31"},
            {"enterprise": "local:E2", "grade": "D"},
        ],
    }


def test_a_block_of_figures_goes_with_the_order_and_none_where_none_is_asked_for(ordered: dict[str, Any]) -> None:
    runner, asked = CliRunner(env={"SMECREDIT_API_KEY": "k"}), ["--json", "--url", "http://127.0.0.1:9"]
    assert runner.invoke(train_command, asked, catch_exceptions=False).exit_code == 0
    assert "blocks" not in ordered
    assert runner.invoke(train_command, ["--block", "graph", *asked], catch_exceptions=False).exit_code == 0
    assert ordered["blocks"] == ["graph"]


def test_ratings_without_their_grades_or_a_grade_s_column_are_refused(ordered: dict[str, Any], tmp_path: Path) -> None:
    """And nothing is ordered."""
    file = tmp_path / "r.csv"
    file.write_text(TABLE.replace("grade", "mark"))
    runner = CliRunner(env={"SMECREDIT_API_KEY": "k"})
    for more in ([], ["--grades", "A,B"]):
        asked = ["--ratings", str(file), "--url", "http://127.0.0.1:9", *more]
        assert runner.invoke(train_command, asked).exit_code == click.UsageError.exit_code
    assert ordered == {}


def test_a_table_s_column_of_grades_goes_with_the_evaluation(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Named with its grades, or neither."""
    table, asked = tmp_path / "t.csv", []
    table.write_text("bad,mark\n1,A\n")
    monkeypatch.setattr(evaluation, "of_table", lambda *arguments: asked.append(arguments[-1]) or {})
    monkeypatch.setattr(modelling, "report", lambda *_: None)
    say = ["--table", str(table), "--label", "bad", "--rating", "mark"]
    assert CliRunner().invoke(evaluate_command, [*say, "--grades", "A,B"], catch_exceptions=False).exit_code == 0
    assert asked == [evaluation.Beside("mark", ["A", "B"])]
    assert CliRunner().invoke(evaluate_command, say).exit_code == click.UsageError.exit_code
