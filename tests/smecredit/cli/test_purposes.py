"""Commands that read files say why: a supervisor reads ties for supervision, under consents for that."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from smecredit.cli.circling import rings_command
from smecredit.cli.controlling import controllers_command, group_command
from smecredit.cli.shocking import shock_command
from smecredit.cli.tying import graph_command, graph_features_command
from smecredit.client import Client


@pytest.mark.parametrize(
    ("command", "method", "usual"),
    [
        (graph_command, "graph", "credit-assessment"),
        (graph_features_command, "graph_features", "credit-assessment"),
        (controllers_command, "controllers", "credit-assessment"),
        (group_command, "control_group", "credit-assessment"),
        (rings_command, "rings", "credit-assessment"),
        (shock_command, "shock", "credit-monitoring"),
    ],
)
def test_why_a_file_is_read_is_the_readers_to_say(
    monkeypatch: pytest.MonkeyPatch, command: Any, method: str, usual: str
) -> None:
    said: list[str] = []

    def answer(_client: Client, *_: Any, purpose: str, **__: Any) -> dict[str, Any]:
        said.append(purpose)
        return {}

    monkeypatch.setattr(Client, method, answer)
    monkeypatch.setenv("SMECREDIT_API_KEY", "smc_test")
    for options in ([], ["--purpose", "supervision"]):
        done = CliRunner().invoke(command, ["local:A", "--json", *options])
        assert done.exit_code == 0, done.output
    assert said == [usual, "supervision"]
    assert CliRunner().invoke(command, ["local:A", "--purpose", "curiosity"]).exit_code == 2
