"""The maintenance commands of a service, as its `cli.py` runs them."""

from __future__ import annotations

import json

import pytest

from chassis.core import commands
from chassis.core.errors import Conflict


def copy(source: str, target: str) -> dict[str, str]:
    """Copy something."""
    return {"from": source, "to": target}


def greet() -> str:
    """Say something."""
    return "good day"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["cli", *arguments])
    commands.run("services.profile", copy=copy, greet=greet)


def test_arguments_become_parameters_and_fields_become_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a command tells in fields is one line that a program reads."""
    run(monkeypatch, "copy", "here", "there")
    assert json.loads(capsys.readouterr().out) == {"from": "here", "to": "there"}


def test_words_are_printed_with_the_name_of_the_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a command tells in words says who speaks."""
    run(monkeypatch, "greet")
    assert capsys.readouterr().out == "services.profile: good day\n"


@pytest.mark.parametrize("arguments", [(), ("unknown",), ("copy", "here"), ("greet", "loudly")])
def test_what_does_not_fit_is_answered_with_the_usage(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown command, one with an argument too few or too many: nothing is done, and the help names all."""
    with pytest.raises(SystemExit, match=r"(?s)usage.*copy SOURCE TARGET +Copy something\.\n.*greet"):
        run(monkeypatch, *arguments)


def test_what_a_command_refuses_is_its_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    """No traceback hides the sentence that says what to do."""

    def refuse() -> None:
        """Refuse."""
        raise Conflict("put both back from one backup")

    monkeypatch.setattr("sys.argv", ["cli", "refuse"])
    with pytest.raises(SystemExit, match=r"^put both back from one backup$"):
        commands.run("services.profile", refuse=refuse)
