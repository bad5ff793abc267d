"""The fixed list of reason codes: what each stands for never changes, so that a code can be read years later."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

import rfc8785

Side: TypeAlias = Literal["costs", "earns"]
LETTERS: Mapping[Side, str] = {"costs": "R", "earns": "P"}


@dataclass(frozen=True, slots=True)
class Code:
    """One code: a feature of a firm that costs it points against the reference enterprise, or earns it some.

    `compares` is the figure that is held against the reference's; `improve` says what a firm can do about it.
    """

    code: str
    feature: str
    side: Side
    title: Mapping[str, str]
    compares: Mapping[str, str]
    improve: Mapping[str, str]
    changeable: bool
    since: str


def version() -> str:
    """Return the version of the list."""
    said: str = _declared()["version"]
    return said


@cache
def codes() -> tuple[Code, ...]:
    """Return all codes, in the order of the list."""
    return tuple(
        _code(feature, said, side) for feature, said in _declared()["features"].items() for side in ("costs", "earns")
    )


def code_of(feature: str, points: float) -> str | None:
    """Return the code of a contribution; None for a feature that is not in the list (a column of a bank's table)."""
    return _by_feature().get((feature, "costs" if points < 0 else "earns"))


def digest() -> str:
    """Return the SHA-256 of the list as it is now, over the canonical JSON (RFC 8785) of every word of it."""
    return hashlib.sha256(rfc8785.dumps(_declared())).hexdigest()


def _code(feature: str, said: Mapping[str, Any], side: Side) -> Code:
    return Code(
        code=f"{LETTERS[side]}{said['code']}",
        feature=feature,
        side=side,
        title=_text(said[side]),
        compares=_text(said["compares"]),
        improve=_text(said["improve"]),
        changeable=said["changeable"],
        since=said["since"],
    )


def _text(said: list[str]) -> dict[str, str]:
    zh, en = said
    return {"zh": zh, "en": en}


@cache
def _by_feature() -> Mapping[tuple[str, Side], str]:
    return {(each.feature, each.side): each.code for each in codes()}


@cache
def _declared() -> Mapping[str, Any]:
    return tomllib.loads((files(__package__) / "reason_codes.toml").read_text("utf-8"))


def issued() -> Iterator[tuple[int, str]]:
    """Yield each number and the feature that it was given to."""
    yield from ((said["code"], feature) for feature, said in _declared()["features"].items())
