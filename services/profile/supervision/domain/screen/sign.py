"""The signs that are looked for, and the rules of law that speak of them: dated data (`signs.toml`, `rules.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files

from services.profile.standards.text import Text


@dataclass(frozen=True, slots=True)
class Rule:
    """What an article of law says of bidders who belong together, from and until which day it is in force."""

    key: str
    law: str
    article: str
    effect: str  # barred, is, counts-as
    title: Text
    in_force_from: date
    in_force_until: date | None = None

    def in_force(self, day: date) -> bool:
        """Tell whether the rule is in force on a day."""
        return self.in_force_from <= day and (self.in_force_until is None or day <= self.in_force_until)


@dataclass(frozen=True, slots=True)
class Sign:
    """One sign: its title, the family of which a pair's strongest counts, and the rules that speak of it."""

    key: str
    title: Text
    family: str
    rules: tuple[str, ...]


@cache
def signs() -> Mapping[str, Sign]:
    """Return all signs by key; raise `ValueError` where one names a rule that there is not."""
    said = tomllib.loads((files(__package__) / "signs.toml").read_text("utf-8"))
    found = {key: Sign(key, Text(*each["title"]), each["family"], tuple(each["rules"])) for key, each in said.items()}
    if unknown := {rule for sign in found.values() for rule in sign.rules} - rules().keys():
        raise ValueError(f"signs.toml names rules that there are not: {', '.join(sorted(unknown))}")
    return found


@cache
def rules() -> Mapping[str, Rule]:
    """Return all rules of law by key."""
    said = tomllib.loads((files(__package__) / "rules.toml").read_text("utf-8"))
    return {key: Rule(key, **{**each, "title": Text(*each["title"])}) for key, each in said.items()}


def rules_of(sign: str, day: date) -> list[Rule]:
    """Return the rules that speak of a sign and are in force on a day."""
    return [rules()[key] for key in signs()[sign].rules if rules()[key].in_force(day)]
