"""Industries (国民经济行业分类, GB/T 4754-2017): the 20 sections and 97 divisions, and what a written industry means.

`industries.tsv` holds `section division zh en`; a section's own row has no division. Groups and classes (three and four
digits) are taken as they are: they lie in the division that they begin with.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

CODE = re.compile(r"([A-T])?(\d{2,4})?")


@dataclass(frozen=True, slots=True)
class Industry:
    """A section (`C`, no division) or a division (`C`, `13`)."""

    section: str
    division: str | None
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class FoundIndustry:
    """What a written industry means: its code (`C`, `C13`, `C1311`), section, title, and what is to be said of it."""

    code: str | None
    section: str | None
    title: Industry | None
    warning: str | None = None


@lru_cache(1)
def industries() -> tuple[Industry, ...]:
    """Return every section and division in the order of the standard."""
    text = files(__package__).joinpath("industries.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines())
    return tuple(Industry(section, division or None, zh, en) for section, division, zh, en in rows)


@lru_cache(1)
def _by_code() -> dict[str, Industry]:
    return {industry.division or industry.section: industry for industry in industries()}


@lru_cache(1)
def _by_name() -> dict[str, Industry]:
    # A division may be called as its section (房地产业): the section is what the bare name surely says.
    return {industry.zh: industry for industry in reversed(industries())}


def find(written: str) -> FoundIndustry:
    """Return what a written industry means: `C`, `13`, `C13`, `1311`, `C1311`, or a title of the standard."""
    text = written.strip()
    if named := _by_name().get(text):
        return FoundIndustry(named.section + (named.division or ""), named.section, named)
    parts = CODE.fullmatch(text.upper())
    if not parts or not text:
        return _unknown(text)
    letter, digits = parts[1], parts[2] or ""
    industry = _by_code().get(digits[:2] or letter or "")
    if industry is None or letter not in {None, industry.section}:
        return _unknown(text)
    return FoundIndustry(industry.section + digits, industry.section, industry)


def _unknown(text: str) -> FoundIndustry:
    warning = f"The industry {text[:32]} is not in GB/T 4754-2017; write a section (C) or a division (C13) / 未收录."
    return FoundIndustry(None, None, None, warning)
