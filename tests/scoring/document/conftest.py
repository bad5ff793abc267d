"""A model as the API shows it, with the card of one that was really trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest


@pytest.fixture(scope="session")
def shown(trained: Path) -> dict[str, Any]:
    """Return the model with two decisions."""
    return {
        "version": "mdl_test",
        "state": "serving",
        "trained_by": "bank-1",
        "approved_by": "operator-1",
        "trained_at": "2024-02-29T08:00:00.000000Z",
        "seed": 1,
        "artefact_sha256": "ab" * 32,
        "exception": None,
        "lineage": {
            "as_of": "2020-02-21",
            "known_at": "2024-02-29T07:00:00.000000Z",
            "rows": 80,
            "rows_sha256": "cd" * 32,
            "withheld": 3,
            "code": {"release": "1.0", "sha256": "ef" * 32},
        },
        "events": [
            {"event": "approved", "client": "operator-1", "note": "<b>looked at</b>", "at": "2024-03-01T08:00:00Z"},
            {"event": "promoted", "client": "bank-1", "note": None, "at": "2024-03-02T08:00:00Z"},
        ],
        "card": orjson.loads((trained / "artefact.json").read_bytes())["card"],
    }


@pytest.fixture(scope="session")
def pictures(trained: Path) -> dict[str, str]:
    """Return the pictures drawn when it was trained."""
    return {path.stem: path.read_text("utf-8") for path in (trained / "pictures").glob("*.svg")}
