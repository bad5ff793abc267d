"""A lake, once in a folder and once in a real object store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chassis.data.files import Cache
from services.profile.book.lake import Lake


@pytest.fixture
def open_lake(store_url: str, tmp_path: Path) -> Callable[..., Lake]:
    """Return what opens the lake as a process does, that of another machine where a `machine` is named."""

    def opened(machine: str = "this", **more: Any) -> Lake:
        return Lake(f"{store_url}/lake", cache=Cache(tmp_path / machine, 1 << 30), **more)

    return opened


@pytest.fixture
def lake(open_lake: Callable[..., Lake]) -> Lake:
    made = open_lake()
    made.create()
    return made
