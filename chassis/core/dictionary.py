"""The data dictionary of a service: what each field of its answers is called, its unit and where it comes from.

`dictionary.toml` beside a service's `app.py` holds one line a word: `word = ["中文", "English", "unit", "source"]`. The
same word means the same in every answer; `"Schema.word"` says otherwise for one schema, and `"Schema.word.inner"` tells
what an open object holds. Unit and source may be left out: the word's ending tells the unit (`_fen` …), the table
`[sources]` tells by schema, or by `*`, where values come from. Words of the chassis' own answers are in its own file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

UNITS = (
    ("_fen", "fen"),
    ("_at", "RFC 3339 UTC"),
    ("_on", "ISO date"),
    ("_from", "ISO date"),
    ("_until", "ISO date"),
    ("_sha256", "hexadecimal"),
)
ANY = "*"


@dataclass(frozen=True, slots=True)
class Term:
    """What a field is called in Chinese and English, its unit ("" where it has none), and its source."""

    zh: str
    en: str
    unit: str
    source: str


def terms(package: str) -> dict[str, Term]:
    """Return the words of a service, with those of the chassis that it does not say itself."""
    return {**_read("chassis"), **_read(package)}


@cache
def _read(package: str) -> dict[str, Term]:
    found = tomllib.loads(files(package).joinpath("dictionary.toml").read_text(encoding="utf-8"))
    return {key: _term(key, said, found["sources"]) for key, said in found["fields"].items()}


def _term(key: str, said: list[str], sources: Mapping[str, str]) -> Term:
    zh, en, *rest = said
    unit = rest[0] if rest else next((unit for ending, unit in UNITS if key.endswith(ending)), "")
    source = rest[1] if len(rest) > 1 else sources.get(key.partition(".")[0], sources[ANY])
    return Term(zh, en, unit, source)
