"""One running suite for all tests of the door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from demonstrations import Demonstration
from town import Town, open_town


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory, demonstration: Demonstration) -> Iterator[Town]:
    """Return a running suite with everybody in it."""
    with open_town(tmp_path_factory.mktemp("town"), demonstration.home) as running:
        yield running
