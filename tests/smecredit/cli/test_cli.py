"""The command line as its user meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).with_name("smecredit")


def smecredit(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with an environment of its own."""
    own = {"SMECREDIT_HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environment}
    return subprocess.run([COMMAND, *arguments], env=own, capture_output=True, text=True, check=False, timeout=60)


def test_help_names_every_command(home):
    """`--help` loads no command and lists all."""
    done = smecredit("--help", home=home)
    assert done.returncode == 0
    assert {"up", "demo", "import", "portrait", "score", "match", "train", "models", "evaluate", "sandbox"} <= set(
        done.stdout.split()
    )


def test_help_loads_no_network_and_no_tables():
    """The start stays quick: nothing heavy is imported for `--help`."""
    code = (
        "import sys, smecredit.cli as c\n"
        "try: c.commands.main(['--help'])\nexcept SystemExit: pass\n"
        "print('loaded:', [n for n in ('urllib3', 'rich.console', 'numpy', 'polars') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("loaded: []")


def test_an_unreachable_suite_is_one_line_and_code_1(home):
    """No trace, one line that says what to do."""
    done = smecredit("score", "local:E1", "--url", "http://127.0.0.1:9", home=home, SMECREDIT_API_KEY="k")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no suite answers at http://127.0.0.1:9")
    assert done.stderr.count("\n") == 1


def test_a_missing_key_names_the_ways_to_one(home):
    """The error names the variable and the file."""
    done = smecredit("models", home=home)
    assert done.returncode == 1
    assert "SMECREDIT_API_KEY" in done.stderr
    assert "keys.json" in done.stderr


def test_a_day_and_the_month_are_not_set_together(home):
    """Which of the two would count could not be told."""
    done = smecredit("book", "--date", "2020-02-29", "--by-month", home=home, SMECREDIT_API_KEY="k")
    assert done.returncode == 2
    assert "not both" in done.stderr


def test_wrong_use_is_code_2(home):
    """An amount with parts of a fen is the user's mistake, told before any call."""
    done = smecredit("match", "local:E1", "--amount", "1.005", "--months", "12", home=home)
    assert done.returncode == 2
    assert "parts of a fen" in done.stderr


@pytest.mark.parametrize("arguments", [["--firms", "20", "--months", "6"], ["--help"]])
def test_the_sandbox_command_passes_its_options_on(home, tmp_path, arguments):
    """`smecredit sandbox` is `python -m sandbox`."""
    done = smecredit("sandbox", *arguments, "--out", str(tmp_path / "out"), home=home)
    assert done.returncode == 0, done.stderr
    assert "enterprises" in done.stdout
