"""Demonstrations by the command, and the one of sixty firms that all tests of a session share."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smecredit.running.home import DEMO
from smecredit.running.suite import free_port

COMMAND = Path(sys.executable).with_name("smecredit")


@dataclass(frozen=True)
class Demonstration:
    """What a demonstration told, and the home that it left: copy it and start a suite on the copy."""

    home: Path
    figures: dict[str, Any]


def demonstrate(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run the demonstration and return its figures."""
    figures = folder / "out.json"
    done = subprocess.run(
        [COMMAND, "demo", "--exit", "--json", str(figures), "--port", str(free_port()), *arguments],
        env={**os.environ, "SMECREDIT_HOME": str(folder / "home")},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(figures.read_text()), shown=done.stdout)


def of_sixty_firms(folder: Path) -> Demonstration:
    """Return the demonstration of sixty firms in a folder: the first to ask runs it, others wait for its end."""
    folder.mkdir(exist_ok=True)
    told = folder / "told.json"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            told.write_text(json.dumps(demonstrate(folder, "--firms", "60")))
    return Demonstration(folder / "home" / DEMO, json.loads(told.read_text()))
