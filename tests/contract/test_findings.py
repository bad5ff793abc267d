"""Every test that `docs/security.md` names for a finding is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (D\d+) \| (.+) \| (.+) \|$", TEXT, re.MULTILINE)
NAMED = re.findall(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`", TEXT)


def test_every_finding_has_a_row_with_a_test_or_the_reason_why_it_is_open() -> None:
    """D1 to D21."""
    assert [number for number, _, _ in ROWS] == [f"D{n}" for n in range(1, 22)]
    assert all("::test_" in told or told.startswith("open: ") for _, _, told in ROWS)


def test_every_test_that_is_named_is_there() -> None:
    missing = [
        f"{path}::{name}"
        for path, name in NAMED
        if not (ROOT / path).is_file() or (name and f"def {name}(" not in (ROOT / path).read_text(encoding="utf-8"))
    ]
    assert missing == []
