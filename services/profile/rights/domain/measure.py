"""Joint incentives and restrictions (守信联合激励, 失信联合惩戒): measures by which the red and the black list work.

A measure rests on a legal basis, does what that basis allows, and has a last day. The bases are dated data in
`measure_bases.toml`: where a basis ends, what rests on it ends too.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from chassis.core.errors import Conflict, Invalid, NotFound
from services.profile.standards.days import months_later
from services.profile.standards.text import Text


class List(StrEnum):
    """Which list a measure gives effect to: 守信红名单 or 失信黑名单."""

    RED = "red"
    BLACK = "black"


class State(StrEnum):
    """How a measure stands on a day; one whose basis is no longer in force has expired with it."""

    PLANNED = "planned"
    IN_FORCE = "in-force"
    EXPIRED = "expired"
    ENDED = "ended"


class UnknownBasis(Invalid):
    """The catalogue has no such legal basis, and there is no measure without one."""


class BasisNotInForce(Invalid):
    """The legal basis is not in force on all days of the measure."""


class BeyondBasis(Invalid):
    """The measure would do what its legal basis does not allow."""


class ImpossibleMeasure(Invalid):
    """The measure contradicts itself, or what it rests on."""


class MeasureNotFound(NotFound):
    """There is no such measure."""


class MeasureOver(Conflict):
    """The measure has ended or expired."""


@dataclass(frozen=True, slots=True)
class Code:
    """Something that a measure may do."""

    code: str
    list: List
    title: Text


@dataclass(frozen=True, slots=True)
class Basis:
    """A legal basis: the list that it founds, what it allows, from and until when it is in force."""

    key: str
    list: List
    title: Text
    issuer: Text
    document: str
    measures: tuple[str, ...]
    in_force_from: date
    in_force_until: date | None = None
    longest_months: int | None = None

    def in_force(self, day: date) -> bool:
        """Tell whether it is in force on a day."""
        return self.in_force_from <= day <= (self.in_force_until or day)

    def latest_expiry(self, starts_on: date) -> date | None:
        """Return the last day that a measure from this day on may have; None where the basis leaves it open."""
        if self.longest_months is None:
            return self.in_force_until
        term = months_later(starts_on, self.longest_months)
        return min(term, self.in_force_until or term)


@dataclass(frozen=True, slots=True)
class Bases:
    """The catalogue: what may be done, and the bases that allow it, by key."""

    version: str
    codes: Mapping[str, Code]
    by_key: Mapping[str, Basis]

    def in_force(self, day: date) -> tuple[Basis, ...]:
        """Return the bases in force on a day."""
        return tuple(basis for basis in self.by_key.values() if basis.in_force(day))


@dataclass(frozen=True, slots=True)
class Measure:
    """What an authority has decided; `expires_on` is the last day, `record` the number of a public record behind it."""

    enterprise: str
    list: str
    basis: str
    scope: tuple[str, ...]
    authority: str
    document: str
    starts_on: date
    expires_on: date
    record: str | None = None


@cache
def bases() -> Bases:
    """Return the catalogue as `measure_bases.toml` declares it."""
    return read(tomllib.loads((files(__package__) / "measure_bases.toml").read_text("utf-8")))


def read(document: Mapping[str, Any]) -> Bases:
    """Return the catalogue of a parsed document."""
    codes = (Code(each["code"], List(each["list"]), Text(*each["title"])) for each in document["measure"])
    found = (_basis(each) for each in document["basis"])
    return Bases(document["version"], {each.code: each for each in codes}, {each.key: each for each in found})


def checked(measure: Measure, today: date, known: Bases | None = None) -> Measure:
    """Return the measure with its scope in the catalogue's order, if it may be set.

    Raises `UnknownBasis`, `BasisNotInForce`, `BeyondBasis` or `ImpossibleMeasure`, each with what to do next.
    """
    known = known or bases()
    basis = known.by_key.get(measure.basis)
    if basis is None:
        raise UnknownBasis(
            "No measure without a legal basis: take one of GET /v1/measure-bases.",
            bases=[each.key for each in known.in_force(measure.starts_on)],
        )
    _check_list(measure, basis)
    _check_days(measure, basis, today)
    return _in_scope(measure, basis)


def state_on(measure: Measure, day: date, *, ended: bool, known: Bases | None = None) -> State:
    """Tell how a measure stands on a day; `ended` says that it was ended before its last day."""
    basis = (known or bases()).by_key.get(measure.basis)
    if ended:
        return State.ENDED
    if day < measure.starts_on:
        return State.PLANNED
    if day > measure.expires_on or basis is None or not basis.in_force(day):
        return State.EXPIRED
    return State.IN_FORCE


def _check_list(measure: Measure, basis: Basis) -> None:
    if measure.list != basis.list:
        raise ImpossibleMeasure(
            f"{basis.document} founds the {basis.list} list, not the {measure.list} one; "
            "name the list of the basis, or another basis.",
            basis=basis.key,
            list=basis.list,
        )


def _check_days(measure: Measure, basis: Basis, today: date) -> None:
    if measure.expires_on <= measure.starts_on:
        raise ImpossibleMeasure("expires_on must lie after starts_on; it is the measure's last day.")
    if measure.expires_on < today:
        raise ImpossibleMeasure(f"expires_on {measure.expires_on} has passed, so that nobody would see it.")
    _check_in_force(measure, basis)
    latest = basis.latest_expiry(measure.starts_on)
    if latest is not None and measure.expires_on > latest:
        raise BeyondBasis(
            f"By {basis.document} a measure from {measure.starts_on} on ends on {latest} at the latest.",
            latest=latest.isoformat(),
        )


def _check_in_force(measure: Measure, basis: Basis) -> None:
    if not basis.in_force(measure.starts_on):
        until = f" to {basis.in_force_until}" if basis.in_force_until else " on"
        raise BasisNotInForce(
            f"{basis.document} is in force from {basis.in_force_from}{until}, not on {measure.starts_on}; "
            "name the basis that is in force on that day.",
            basis=basis.key,
        )


def _in_scope(measure: Measure, basis: Basis) -> Measure:
    beyond = sorted(set(measure.scope) - set(basis.measures))
    if beyond or not measure.scope:
        raise BeyondBasis(
            f"By {basis.document} a measure may be one or more of: {', '.join(basis.measures)}.",
            beyond=beyond,
            allowed=list(basis.measures),
        )
    return replace(measure, scope=tuple(code for code in basis.measures if code in measure.scope))


def _basis(each: Mapping[str, Any]) -> Basis:
    texts = {name: Text(*each[name]) for name in ("title", "issuer")}
    return Basis(**{**each, **texts, "measures": tuple(each["measures"]), "list": List(each["list"])})
