"""The commands about models, against a suite that answers as the contract says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli.modelling import evaluate_command, models_command
from tests.answering import answering

PAGE = "<!doctype html><title>模型验证文件</title>".encode()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A suite that has one validation document; yields what it was asked for."""
    seen: list[str] = []

    def answer(_method: str, path: str, _body: bytes | None) -> bytes:
        seen.append(path)
        return PAGE

    with answering(monkeypatch, answer):
        yield seen


def test_a_validation_document_is_written_as_it_came(asked: list[str], tmp_path: Path) -> None:
    """In the language asked for, into the file named; what was written is said."""
    target = tmp_path / "validation.html"
    done = CliRunner().invoke(models_command, ["--validation", "mdl_1", "--lang", "en", "--out", str(target)])

    assert (done.exit_code, asked) == (0, ["/v1/models/mdl_1/validation?lang=en"])
    assert target.read_bytes() == PAGE
    assert "validation.html" in done.stderr


def test_a_validation_document_goes_to_standard_output(asked: list[str]) -> None:
    """Nothing but the page, so that it can be piped."""
    done = CliRunner().invoke(models_command, ["--validation", "mdl_1", "--out", "-"])
    assert done.stdout_bytes == PAGE


@pytest.mark.parametrize(
    "options",
    [
        ["--time", "granted"],
        ["--cut", "2020-01-01"],
        ["--time", "granted", "--cut", "2020-01-01", "--holdout", "later.csv"],
    ],
)
def test_a_cut_wants_its_column_and_no_holdout(options: list[str], tmp_path: Path, monkeypatch: Any) -> None:
    """Said before a suite is started for it."""
    monkeypatch.chdir(tmp_path)
    for name in ("loans.csv", "later.csv"):
        (tmp_path / name).write_text("granted,bad\n2020-01-01,1\n")
    done = CliRunner().invoke(evaluate_command, ["--table", "loans.csv", "--label", "bad", *options])
    assert done.exit_code == 2
    assert "--time COLUMN and --cut DAY go together" in done.stderr
