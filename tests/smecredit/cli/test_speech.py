"""What terminals of other encodings show."""

from __future__ import annotations

import json
import subprocess
import sys
from io import BytesIO, TextIOWrapper
from typing import Any

import pytest

from smecredit.cli import speak
from smecredit.cli.options import print_json
from smecredit.money import yuan


def spoken(text: str, encoding: str) -> str:
    """Return what a terminal of this encoding shows of a text."""
    shown = BytesIO()
    stream = TextIOWrapper(shown, encoding=encoding)
    speak(stream)
    stream.write(text)
    stream.flush()
    return shown.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("utf-8", "信用 ¥1,000 −5 😀"),
        ("gb18030", "信用 ¥1,000 −5 😀"),
        ("gbk", "信用 ￥1,000 -5 ?"),
        ("latin-1", "?? ¥1,000 -5 ?"),
        ("ascii", "?? ?1,000 -5 ?"),
    ],
)
def test_a_sign_that_a_terminal_lacks_has_a_stand_in(encoding: str, shown: str) -> None:
    """A Chinese Windows writes GBK where output goes to a file."""
    assert spoken("信用 ¥1,000 −5 😀", encoding) == shown


def test_money_is_shown_on_a_terminal_of_gbk() -> None:
    assert spoken(yuan(-50_000_050), "gbk") == "-￥500,000.50"


@pytest.mark.parametrize("encoding", ["gbk", "utf-8", "ascii"])
def test_json_says_the_same_in_every_encoding(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines get no stand-ins."""
    value: dict[str, Any] = {"金额": "¥1 −1 😀"}
    shown = BytesIO()
    monkeypatch.setattr(sys, "stdout", TextIOWrapper(shown, encoding=encoding))
    print_json(value)
    sys.stdout.flush()
    assert json.loads(shown.getvalue().decode(encoding)) == value


def test_the_command_line_speaks_so() -> None:
    code = "import sys; sys.argv[1:] = ['--help']\nfrom smecredit.cli import main\nimport click\n"
    code += "import smecredit.cli as c\nc.commands.callback = None\nc.commands.help = '¥ − 信用'\nmain()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONIOENCODING": "gbk"}, capture_output=True, check=True, timeout=60
    )
    assert "￥ - 信用" in done.stdout.decode("gbk")
