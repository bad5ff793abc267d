"""Every wing of profile stands in those import contracts that are lists, and so cannot notice one that is forgotten."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "services" / "profile"
PURE = "The domain is pure"
CONSENTS = "Profile: only rights touch consents and the record of reads"
NO_WEB = "Profile: use cases, stores, jobs and commands reach no web framework"
ROOMS = ("Profile: the rooms of each wing", "Profile: the rooms of the book")


@pytest.fixture(scope="module")
def contracts() -> dict[str, Any]:
    """Return the import contracts by their names."""
    written = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return {each["name"]: each for each in written["tool"]["importlinter"]["contracts"]}


def wings() -> list[str]:
    """Return the wings: the folders with a domain."""
    return sorted(folder.parent.name for folder in PROFILE.glob("*/domain"))


def forgotten(contracts: dict[str, Any], wings: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each wing with the contract that does not name it."""
    rooms = [container for name in ROOMS for container in contracts[name]["containers"]]
    for wing in wings:
        package = f"services.profile.{wing}"
        if f"{package}.domain" not in contracts[PURE]["source_modules"]:
            yield wing, PURE
        if wing != "rights" and package not in contracts[CONSENTS]["source_modules"]:
            yield wing, CONSENTS
        if f"{package}.usecases" not in contracts[NO_WEB]["source_modules"]:
            yield wing, NO_WEB
        if package not in rooms:
            yield wing, ROOMS[0]


def test_no_wing_is_forgotten(contracts: dict[str, Any]) -> None:
    assert {"book", "graph", "portrait", "rights", "supervision", "watch"} <= set(wings())
    assert list(forgotten(contracts, wings())) == []


def test_a_new_wing_that_is_forgotten_is_seen(contracts: dict[str, Any]) -> None:
    """The test can fail: a wing that no contract names."""
    seen = list(forgotten(contracts, [*wings(), "forgotten"]))
    assert seen == [("forgotten", each) for each in (PURE, CONSENTS, NO_WEB, ROOMS[0])]
