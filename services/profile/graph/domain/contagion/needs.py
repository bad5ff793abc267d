"""Which inputs are essential, by industry, as dated data (`essential.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from services.profile.graph.domain.contagion.supply import Need
from services.profile.standards import industries


@dataclass(frozen=True, slots=True)
class Rule:
    """From a day on: these sections cannot do without inputs of those, and who says so."""

    valid_from: date
    source: str
    customers: frozenset[str]
    inputs: frozenset[str]


@cache
def rules() -> tuple[Rule, ...]:
    """Return all rules of `essential.toml`."""
    document = tomllib.loads(files(__package__).joinpath("essential.toml").read_text("utf-8"))
    return tuple(
        Rule(entry["valid_from"], entry["source"], frozenset(entry["customers"]), frozenset(entry["inputs"]))
        for entry in document["rule"]
    )


def rules_on(day: date) -> tuple[Rule, ...]:
    """Return the rules that count on a day: those of the newest day of validity until then."""
    past = [rule for rule in rules() if rule.valid_from <= day]
    newest = max((rule.valid_from for rule in past), default=None)
    return tuple(rule for rule in past if rule.valid_from == newest)


def need_of(supplier: str | None, customer: str | None, counting: Sequence[Rule]) -> Need:
    """Return how a customer's section needs an input of a supplier's; of an unknown section it is needed in part."""
    if any(customer in rule.customers and supplier in rule.inputs for rule in counting):
        return Need.ESSENTIAL
    return Need.PART


@cache
def section_of(industry: str | None) -> str | None:
    """Return the section of a written industry, None where it is not in the standard."""
    return industries.find(industry).section if industry else None


@cache
def division_of(industry: str | None) -> str | None:
    """Return the division (`C13`) of a written industry, else its section: its firms can take each other's place."""
    found = industries.find(industry) if industry else None
    return found.code[:3] if found and found.code else None
