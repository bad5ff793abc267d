"""What a check of what is kept has found: told so that whoever reads it knows what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

USUAL, DEEP = "usual", "deep"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it should be: what, where, how it was found, how it was expected, what to do next."""

    what: str
    where: str
    found: str
    expected: str
    todo: str


def told(checked: Mapping[str, int], findings: Iterable[Finding]) -> dict[str, Any]:
    """Return what a service's `verify` answers: how many things of each sort were looked at, and what was found."""
    return {"checked": dict(checked), "findings": [asdict(each) for each in findings]}
