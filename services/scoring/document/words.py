"""The document's words in one of its languages, and how it writes figures."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

Language: TypeAlias = Literal["zh", "en"]
NONE = "–"


@cache
def _texts() -> dict[str, list[str]]:
    return tomllib.loads(files(__package__).joinpath("words.toml").read_text("utf-8"))


class Words:
    """Says things in one language: `words("gate.passed")`, `words.pick({"zh": …, "en": …})`."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._place = ("zh", "en").index(language)

    def __call__(self, name: str, **values: Any) -> str:
        """Return a text by its name; an unknown name is a fault of the code."""
        return _texts()[name][self._place].format(**values)

    def pick(self, text: Mapping[str, str]) -> str:
        """Return one language of a text that a card holds in both."""
        return text[self.language]

    def known(self, name: str, fallback: str) -> str:
        """Return a text by its name, or what stands for it where there is none."""
        return _texts()[name][self._place] if name in _texts() else fallback

    def measured(self, value: Any) -> str:
        """Return a value, or that it is not declared."""
        return self("not.declared") if value is None else str(value)


def figure(value: float | None, decimals: int = 3) -> str:
    """Write a number; a dash for none."""
    return NONE if value is None else f"{value:.{decimals}f}"


def share(value: float | None, decimals: int = 1) -> str:
    """Write a share as a percentage; a dash for none."""
    return NONE if value is None else f"{value:.{decimals}%}"


def interval(figures: Mapping[str, Any]) -> str:
    """Write a mean with its 95 % interval."""
    low, high = figures["ci95"]
    return f"{figures['mean']:.3f} ({low:.3f}–{high:.3f})"
