"""One running suite for all tests of the door."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from town import Town, open_town


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return a running suite with everybody in it."""
    with open_town(tmp_path_factory.mktemp("town")) as running:
        yield running
