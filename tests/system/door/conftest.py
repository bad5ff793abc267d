"""One running suite for all tests of the door."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from town import Town, running_town

OPENAPI = Path(__file__).parents[3] / "docs" / "openapi.json"


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Return a running suite with everybody in it."""
    folder = tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SMECREDIT_HOME", str(folder))
        patch.setenv("GATEWAY_RATE_LIMITS", "failures=1000000/60,address=1000000/60,enterprise=1000000/60")
        with running_town(folder / "home") as running:
            yield running


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """Return the committed OpenAPI document."""
    found: dict[str, Any] = json.loads(OPENAPI.read_bytes())
    return found
