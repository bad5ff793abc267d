"""Maintenance commands of the services on a home: run as the suite would run them, whether it is running or not."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from smecredit.problems import Expected
from smecredit.running.commands import environment
from smecredit.running.ports import PARTS, Addresses
from smecredit.running.suite import PORT

LAST_LINES = 12


class UpkeepFailed(Expected):
    """A maintenance command of a service failed; the message has its last words."""


def told(module: str, *arguments: str, home: Path) -> dict[str, Any]:
    """Run `python -m MODULE ARGUMENTS…` on a home and return what it says as JSON; raise `UpkeepFailed`."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(  # noqa: S603 - our own commands
        command, env=environment(home, Addresses(PORT)), capture_output=True, text=True, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        words = "\n".join((done.stderr or done.stdout).splitlines()[-LAST_LINES:]) or "(it wrote nothing)"
        raise UpkeepFailed(f"{module} {' '.join(arguments[:1])} failed (exit code {done.returncode}):\n{words}")
    answer: dict[str, Any] = json.loads(lines[-1])
    return answer


def each(
    verb: str,
    *arguments: str,
    home: Path,
    parts: tuple[str, ...] = PARTS,
    begin: Callable[[str], object] = lambda _: None,
) -> Mapping[str, dict[str, Any]]:
    """Run a maintenance command of every part, one after the other, and return what each says."""
    found = {}
    for part in parts:
        begin(part)
        found[part] = told(module_of(part), verb, *arguments, home=home)
    return found


def module_of(part: str) -> str:
    """Return the module of a part's maintenance commands."""
    return "gateway.cli" if part == "gateway" else f"services.{part}.cli"
