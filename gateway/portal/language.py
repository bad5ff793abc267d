"""Which language a page speaks, and its sentences; all of them are in `texts.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from flask import Request
from markupsafe import Markup

Language = Literal["zh", "en"]
COOKIE = "smecredit_language"
HAN = re.compile(r"[\u4e00-\u9fff]")
YEAR_SECONDS = 365 * 24 * 3600


def chosen(request: Request) -> Language:
    """Return the language of the cookie; Chinese without one."""
    return "en" if request.cookies.get(COOKIE) == "en" else "zh"


def other(language: Language) -> Language:
    """Return the one to switch to."""
    return "zh" if language == "en" else "en"


@cache
def catalogue() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Return section → key → (Chinese, English)."""
    return tomllib.loads((Path(__file__).parent / "texts.toml").read_text("utf-8"))


def text(language: Language, key: str, **values: object) -> str:
    """Return a sentence: `text("zh", "score.interval", low="1%", high="2%")`; raises KeyError for an unknown key."""
    section, _, name = key.partition(".")
    sentence = catalogue()[section][name][language == "en"]
    if any(isinstance(value, Markup) for value in values.values()):
        return Markup(sentence).format(**values)  # noqa: S704 -- our own sentence; format escapes the values
    return sentence.format(**values) if values else sentence


def term(language: Language, section: str, name: object) -> str:
    """Return a word of an enumeration (`kind`, `purpose`, …), or the name itself where the catalogue lacks it."""
    pair = catalogue()[section].get(str(name))
    return pair[language == "en"] if pair else str(name)


def pick(language: Language, said: Any) -> str:
    """Return one language of a `{"zh", "en"}` value from the wire; a plain string stays as it is."""
    if isinstance(said, Mapping):
        return str(said.get(language) or next(iter(said.values()), ""))
    return "" if said is None else str(said)


def half(language: Language, said: str) -> str:
    """Return the reader's half of a sentence that a service says as `English / 中文`; any other stays as it is.

    >>> half("zh", "not a date / 不是有效日期"), half("en", "not a date / 不是有效日期"), half("zh", "a / b")
    ('不是有效日期', 'not a date', 'a / b')
    """
    english, _, chinese = said.rpartition(" / ")
    if not english or not HAN.search(chinese):
        return said
    return chinese if language == "zh" else english
