"""`docs/asvs.md` has every requirement of ASVS 5.0 at levels 1 and 2 once, and names files that there are."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([12]) \| (met|held|open|–) \| (.+) \|$", re.MULTILINE)
ROWS = ROW.findall(TEXT)
TESTS = re.compile(r"`(tests/[\w/.]+)`")


def test_every_requirement_stands_there_once_with_its_level() -> None:
    """By the numbers of the standard, which are kept beside this test."""
    sections = tomllib.loads((ROOT / "tests" / "contract" / "asvs.toml").read_text(encoding="utf-8"))
    wanted = [
        (f"{section}.{last}", str(level))
        for section, levels in sections.items()
        for level, lasts in enumerate(levels, 1)
        for last in lasts
    ]
    assert sorted((number, level) for number, level, _, _ in ROWS) == sorted(wanted)


def test_every_file_that_is_named_is_there() -> None:
    assert [name for name in TESTS.findall(TEXT) if not (ROOT / name).is_file()] == []


def test_what_is_met_says_where_it_is_tested_and_what_is_not_says_why() -> None:
    for number, _, state, words in ROWS:
        assert bool(TESTS.search(words)) or state != "met", number
        assert len(words) > 5, number


def test_the_figures_above_the_tables_are_those_of_the_tables() -> None:
    counts = Counter(state for _, _, state, _ in ROWS)
    assert (
        f"{len(ROWS)} requirements: {counts['met']} met, {counts['held']} held, {counts['open']} open, "
        f"{counts['–']} not applicable." in TEXT
    )
