"""A log that cannot be written ends nobody's work, and says afterwards how much of it is missing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, structlog
from chassis.core import logs
logs.configure("tests")
log, kept, full = structlog.get_logger(), os.dup(2), os.open("/dev/full", os.O_WRONLY)
os.dup2(full, 2)
log.warning("one")
log.warning("two")
os.dup2(kept, 2)
log.info("three")
log.info("four")
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a file on which every write fails")
def test_on_a_full_disk_work_goes_on_and_lost_lines_are_counted() -> None:
    """Two lines cannot be written; the process lives, and the next line tells of two."""
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert [(each["event"], each.get("lines")) for each in said] == [
        ("log lines lost", 2),
        ("three", None),
        ("four", None),
    ]
