"""The README counts what there is."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
PORTRAIT = "services.profile.portrait.domain"
COUNTED = {
    "declared features": len(importlib.import_module(f"{PORTRAIT}.features").CATALOGUE),
    "cross-comparisons of sources": len(importlib.import_module(f"{PORTRAIT}.crosscheck").rules()),
    "early-warning signals": len(importlib.import_module("services.profile.watch.domain.signals").SIGNALS),
}


@pytest.mark.parametrize(("what", "count"), COUNTED.items())
def test_the_readme_says_how_many_there_are(what: str, count: int) -> None:
    assert f" {count} {what}" in README
