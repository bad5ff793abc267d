"""How debts and equity are estimated, as dated data (`parameters.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

# The three runs of which an interval is made.
BOUNDS = ("low", "value", "high")


@dataclass(frozen=True, slots=True)
class Parameters:
    """From a day on, low / central / high: days of sales outstanding, the share lost of a debt, factors of equity."""

    valid_from: date
    source: str
    days: tuple[int, int, int]
    loss_given_default: tuple[float, float, float]
    equity_of_assets: float
    equity_of_sales: float
    equity_bounds: tuple[float, float, float]


@cache
def declared() -> tuple[Parameters, ...]:
    """Return all entries, the oldest first."""
    document = tomllib.loads(files(__package__).joinpath("parameters.toml").read_text("utf-8"))
    return tuple(sorted((_read(entry) for entry in document["parameters"]), key=lambda entry: entry.valid_from))


def parameters_on(day: date) -> Parameters:
    """Return what counts on a day; before the first entry, that one."""
    entries = declared()
    return next((entry for entry in reversed(entries) if entry.valid_from <= day), entries[0])


def _read(entry: Mapping[str, Any]) -> Parameters:
    values: dict[str, Any] = {name: tuple(said) if isinstance(said, list) else said for name, said in entry.items()}
    return Parameters(**values)
