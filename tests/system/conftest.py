"""One demonstration of sixty firms for all tests of running suites, whichever worker they run in."""

from __future__ import annotations

import os

import pytest
from demonstrations import Demonstration, of_sixty_firms


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Demonstration:
    """Return what the demonstration of sixty firms told, and its home."""
    base = tmp_path_factory.getbasetemp()
    # Each worker of a session has a folder of its own below the session's.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return of_sixty_firms(shared / "demonstration")
