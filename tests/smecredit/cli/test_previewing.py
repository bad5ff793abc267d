"""The look at a file from the command line, against a suite that answers as the contract says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner

from smecredit.answers import Preview
from smecredit.cli import commands
from smecredit.rendering.preview import LACKING, next_steps
from tests.answering import answering

GUESS = {
    "column": "date",
    "title": {"zh": "日期", "en": "Date"},
    "confidence": 0.9,
    "reason": {"zh": "已知", "en": "known"},
}
FOUND: dict[str, Any] = {
    "file": "a.csv",
    "form": "text",
    "encoding": "gb18030",
    "whole": True,
    "kind": "payments",
    "confidence": 0.8,
    "connector": None,
    "connectors": [],
    "declaration": {"kind": "payments", "columns": {"过账日": "date"}},
    "needs_enterprise": True,
    "enterprise": None,
    "sheets": [],
    "kinds": [{"kind": "payments", "confidence": 0.8, "missing": []}],
    "tables": [
        {
            "sheet": None,
            "kind": "payments",
            "columns": [
                {"title": "过账日", "taken": GUESS, "others": [], "examples": []},
                {"title": "备注", "taken": None, "others": [GUESS], "examples": []},
            ],
            "choices": [],
            "missing": [],
            "ignored": ["备注"],
            "rows": [{"line": 2, "values": {"amount_fen": 1130, "party": None}, "yuan": {"amount_fen": "11.30"}}],
            "checked": 2,
            "accepted": 1,
            "rejected": 1,
            "rejects": [{"line": 3, "column": "过账日", "value": "x", "reason": "not a date"}],
            "notes": [],
        }
    ],
    "notes": [],
}


@pytest.fixture
def suite(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str, Any]]]:
    """A suite that looks at files and saves connectors; yields what it was sent."""
    sent: list[tuple[str, str, Any]] = []

    def answer(method: str, path: str, body: bytes | None) -> Any:
        sent.append((method, path, body if method == "POST" else json.loads(body or b"null")))
        if method == "PUT":
            return {"name": "mine", "version": 1}
        return {**FOUND, "declaration": None, "connector": "mine@1"} if "connector=mine" in path else FOUND

    with answering(monkeypatch, answer):
        yield sent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return a file to look at."""
    path = tmp_path / "a file.csv"
    path.write_text("过账日\n2024-01-05\n", encoding="utf-8")
    return path


def run(*arguments: object) -> Any:
    return CliRunner().invoke(commands, [str(each) for each in arguments])


def test_import_with_preview_is_a_look_and_no_import(suite: list[tuple[str, str, Any]], file: Path) -> None:
    """It shows kind, columns, rows, rejects and the commands that come next; nothing else is called."""
    done = run("import", "--preview", file)
    assert done.exit_code == 0, done.output
    for words in ("payments", "80% sure", "left out", "11.30", "not a date", "1 rejected"):
        assert words in done.output
    assert f"smecredit import --preview '{file}' --enterprise ID --save-connector my-connector" in done.output
    assert f"smecredit import payments '{file}' --connector my-connector --enterprise ID" in done.output
    assert [path.partition("?")[0] for _, path, _ in suite] == ["/v1/import-previews"]


def test_the_proposed_mapping_is_saved_and_looked_at_again(suite: list[tuple[str, str, Any]], file: Path) -> None:
    """The second look is by the connector that now is there."""
    done = run("preview", file, "--save-connector", "mine")
    assert ("PUT", "/v1/connectors/mine", FOUND["declaration"]) in suite
    assert "connector=mine" in suite[-1][1]
    assert "--connector mine" in done.output


def test_a_corrected_mapping_is_saved_as_it_is(suite: list[tuple[str, str, Any]], file: Path, tmp_path: Path) -> None:
    """Also where the whole answer of `--json` was kept and corrected."""
    corrected = {"kind": "payments", "columns": {"过账日": "date", "备注": "purpose"}}
    for kept in (corrected, {**FOUND, "declaration": corrected}):
        mapping = tmp_path / "mapping.json"
        mapping.write_text(json.dumps(kept), encoding="utf-8")
        assert run("preview", file, "--save-connector", "mine", "--mapping", mapping).exit_code == 0
        assert [body for method, _, body in suite if method == "PUT"][-1] == corrected


def test_the_answer_is_printed_whole_as_json(suite: list[tuple[str, str, Any]], file: Path) -> None:
    done = run("preview", file, "--json", "--kind", "payments")
    assert json.loads(done.stdout) == FOUND
    assert "kind=payments" in suite[0][1]


def test_a_mapping_without_a_name_is_wrong_use(suite: list[tuple[str, str, Any]], file: Path) -> None:
    assert run("preview", file, "--mapping", file).exit_code == 2
    assert suite == []


def test_the_next_step_is_one_that_works() -> None:
    """Electronic invoices are imported as they are; a file that lacks a column is put right first."""
    packed = cast("Preview", {**FOUND, "form": "xml", "kind": None, "tables": []})
    assert list(next_steps(packed, "a.xml", None)) == ["next 下一步: smecredit import invoices a.xml --enterprise ID"]
    lacking = [{**FOUND["tables"][0], "missing": [{"column": "total_fen", "title": GUESS["title"]}]}]
    assert list(next_steps(cast("Preview", {**FOUND, "tables": lacking}), "a.csv", None)) == [LACKING]
