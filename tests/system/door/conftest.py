"""One running suite for all tests of the door."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from town import Town, running_town


@contextmanager
def open_town(folder: Path) -> Iterator[Town]:
    """Run a suite with everybody in it, and quotas that no test uses up."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMECREDIT_HOME", str(folder))
        patch.setenv("GATEWAY_RATE_LIMITS", "failures=1000000/60,address=1000000/60,enterprise=1000000/60")
        with running_town(folder / "home") as running:
            yield running


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return a running suite with everybody in it."""
    with open_town(tmp_path_factory.mktemp("town")) as running:
        yield running


@pytest.fixture(scope="module")
def quiet_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return one that a module has for itself, to do with as it likes."""
    with open_town(tmp_path_factory.mktemp("quiet")) as running:
        yield running
