"""Every example in a docstring gives what it says."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("chassis", "gateway", "services", "smecredit", "sandbox")
WITH_EXAMPLES = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
    for room in ROOMS
    for path in (ROOT / room).rglob("*.py")
    if ">>> " in path.read_text("utf-8")
)


@pytest.mark.parametrize("module", WITH_EXAMPLES)
def test_an_example_gives_what_it_says(module: str) -> None:
    told = doctest.testmod(importlib.import_module(module), optionflags=doctest.ELLIPSIS)
    assert told.attempted > 0
    assert told.failed == 0
