"""What a source says of an enterprise, brought to the standards' codes; what they do not know is a warning only."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from services.profile.book.domain.enterprise import Enterprise
from services.profile.standards import industries, regions
from services.profile.standards.sizes import size_class

FIGURES = ("employees", "revenue_fen", "assets_fen")
STANDARDS: Mapping[str, Callable[[str], industries.FoundIndustry | regions.FoundRegion]] = {
    "industry": industries.find,
    "region": regions.find,
}


def normalised(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is said with industry and region as codes; what the tables do not know stays as it was written."""
    found = dict(stated)
    for name, find in STANDARDS.items():
        if found.get(name):
            found[name] = find(found[name]).code or found[name]
    return found


def sized(firm: Enterprise, stated: Mapping[str, Any]) -> Enterprise:
    """Return the firm with the size class that its figures give, unless a source states the class itself."""
    if stated.get("size_class") or not stated.keys() & {"industry", *FIGURES}:
        return firm
    return replace(firm, size_class=_derived(firm) or firm.size_class)


def warnings(enterprise: str, stated: Mapping[str, Any]) -> Iterator[str]:
    """Give warnings for the source about what the standards do not know, in English and Chinese."""
    for name, find in STANDARDS.items():
        if stated.get(name) and (warning := find(stated[name]).warning):
            yield warning
    if enterprise.startswith("uscc:") and regions.find(enterprise[7:13]).name is None:
        yield f"The region {enterprise[7:13]} of the credit code is not in the table / 信用代码中的行政区划未收录."
    figures: dict[str, Any] = {name: stated.get(name) for name in ("industry", *FIGURES)}
    derived = _derived(Enterprise(enterprise, **figures))
    if derived and stated.get("size_class") not in {None, derived}:
        own = stated["size_class"]
        yield f"The size class is stated as {own} and the figures give {derived} / 规模与划型标准不一致."


def _derived(firm: Enterprise) -> str | None:
    return size_class(firm.industry, **{name: getattr(firm, name) for name in FIGURES})
