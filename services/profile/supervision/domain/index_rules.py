"""What the integrity index (诚信指数) counts of a firm, as dated data in the form of a pack: `index_rules/`."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib.resources import files

from services.profile.portrait.domain.features.feature import Dimension
from services.profile.portrait.domain.indicators import INDICATORS
from services.profile.portrait.domain.portrait import TITLES
from services.profile.standards.text import Text
from services.profile.supervision.domain.pack import Pack, refusal
from services.profile.supervision.domain.pack_reader import GENERAL, read

OF_OTHERS = frozenset(indicator.name for indicator in INDICATORS if indicator.source == "network")


@cache
def declared() -> tuple[Pack, ...]:
    """Return all versions, the oldest first; raise `PackRefused` where one asks for what others' files tell."""
    folder = files(__package__) / "index_rules"
    found = [_read(file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir()]
    return tuple(sorted(found, key=lambda pack: pack.valid_from))


def rules_on(day: date) -> Pack:
    """Return the rules of a month's end; before the first version, those."""
    held = [pack for pack in declared() if pack.valid_from <= day]
    return held[-1] if held else declared()[0]


def components(pack: Pack) -> dict[Dimension, int]:
    """Return the components in the portrait's order, each with the most that it brings in hundredths of a point."""
    weights = {name: sum(rule.weight for rule in pack.rules if rule.dimension == name) for name in TITLES}
    return {name: weight * 100 for name, weight in weights.items() if weight}


def title(component: str) -> Text:
    """Return a component's words."""
    found: Sequence[Text] = [words for name, words in TITLES.items() if name == component]
    return found[0]


def _read(name: str, text: str) -> Pack:
    pack = read(tomllib.loads(text), GENERAL, f"index_rules/{name}")
    for rule in pack.rules:
        if rule.key in OF_OTHERS:
            raise refusal(pack.file, "indicator.figure", rule.key, "a figure of the firm's own file is needed")
    return pack
