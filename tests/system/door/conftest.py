"""One running suite for all tests of the door, from the first to the last of them."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from demonstrations import Demonstration
from town import Town, open_town

DOOR = "tests/system/door/"
OPEN = ExitStack()


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory, demonstration: Demonstration) -> Town:
    """Return a running suite with everybody in it."""
    return OPEN.enter_context(open_town(tmp_path_factory.mktemp("town"), demonstration.home))


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Stop it behind the last of them: what they have ordered would keep its workers busy beside all other tests."""
    if nextitem is None or not nextitem.nodeid.startswith(DOOR):
        OPEN.close()
