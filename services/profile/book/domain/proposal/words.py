"""How much a title sounds like one of our columns: known, alike by letters, or holding a word that is usual for it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from services.profile.book.domain.titles import plain

# Nobody misspells more than a third of a title; two letters that fit are chance.
LEAST_ALIKE, LEAST_LETTERS = 0.66, 3


@dataclass(frozen=True, slots=True)
class Likeness:
    """How sure a title is of a column, from 0 to 1, and why ("english / 中文")."""

    weight: float
    reason: str


BRACKETS = re.compile(r"[(\[【][^()\[\]【】]*[)\]】]")
NONE = Likeness(0, "")


@cache
def hints() -> Mapping[str, tuple[str, ...]]:
    """Return the words that titles hold, by our column."""
    declared = tomllib.loads((files(__package__) / "words.toml").read_text("utf-8"))
    return {name: tuple(plain(word) for word in words) for name, words in declared.items()}


@lru_cache(maxsize=8192)
def likeness(title: str, known: tuple[str, ...], column: str) -> Likeness:
    """Return how much a title says that it is a column, of which these titles are known; all of them plain.

    >>> likeness("开票日期", ("开票日期",), "date").weight
    1.0
    """
    if not title:
        return NONE
    if title in known:
        return Likeness(1.0, "the title is known / 列名已收录")
    found = [*(_alike(title, other) for other in known), *(_holds(title, word) for word in hints().get(column, ()))]
    return max(found, key=lambda one: one.weight, default=NONE)


def _alike(title: str, other: str) -> Likeness:
    short, long = sorted((title, other), key=len)
    if BRACKETS.sub("", title) == BRACKETS.sub("", other):
        return Likeness(0.95, f"the title is {other} but for what is in brackets / 列名去除括号后为“{other}”")
    if len(short) >= 2 and short in long:
        share = len(short) / len(long)
        return Likeness(0.5 + 0.4 * share, f"the title holds or is held by {other} / 列名与“{other}”互相包含")
    least = LEAST_ALIKE * len(long)
    if len(short) < LEAST_LETTERS or len(short) < least or len({*short} & {*long}) < LEAST_ALIKE * len({*long}):
        return NONE
    same = 1 - distance(title, other) / len(long)
    return Likeness(0.95 * same, f"the title is like {other} / 列名近似“{other}”") if same >= LEAST_ALIKE else NONE


def _holds(title: str, word: str) -> Likeness:
    if word not in title:
        return NONE
    return Likeness(0.45 + 0.3 * len(word) / len(title), f"the title holds the word {word} / 列名含“{word}”")


def distance(one: str, other: str) -> int:
    """Return how many letters have to be changed, added or taken away to make one text the other."""
    before = list(range(len(other) + 1))
    for place, letter in enumerate(one, 1):
        row = [place]
        for at, against in enumerate(other, 1):
            row.append(min(before[at] + 1, row[-1] + 1, before[at - 1] + (letter != against)))
        before = row
    return before[-1]
