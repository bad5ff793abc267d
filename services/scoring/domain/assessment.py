"""An assessment: one enterprise's score, what it was made from and why, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from math import fsum
from typing import Any

from services.scoring.domain.counting import Beside, Counts
from services.scoring.domain.errors import FeaturesDoNotFit, NotEnoughData, ReasonsDoNotAddUp
from services.scoring.domain.fuller import Fuller
from services.scoring.domain.overlay import Effective, Overlay, effective

# Reasons must add up to the score before rounding this closely; checked on every single score.
EXACT_TO = 1e-6


@dataclass(frozen=True, slots=True)
class Features:
    """What the profile service says of one enterprise; `values` by feature name, None where not known.

    `undisputed` has depth, values and hash without the records that `disputes` mark, where these count in a value;
    `confirmed` likewise without what only the firm itself states. `evidence` says what its money rests on, in fen;
    `records` are the public records that speak against it, None where they are withheld. `fuller` are the features if
    the months not shown were like those shown, with what is shown; None where all is.
    """

    enterprise: str
    as_of: date
    known_at: datetime
    depth: str
    catalogue: str
    values: Mapping[str, float | None]
    sha256: str
    disputes: Sequence[Mapping[str, Any]] = ()
    undisputed: Mapping[str, Any] | None = None
    evidence: Mapping[str, Any] | None = None
    confirmed: Mapping[str, Any] | None = None
    records: Sequence[Mapping[str, Any]] | None = None
    fuller: Mapping[str, Any] | None = None

    def as_read(self) -> dict[str, Any]:
        """Return its readings, with everything and without what is not confirmed, in the form of `undisputed`."""
        whole = {"depth": self.depth, "values": self.values, "features_sha256": self.sha256, "fuller": self.fuller}
        return {**whole, "confirmed": self.confirmed}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What one feature of a model is called, and where its reference enterprise stands."""

    name: str
    title: Mapping[str, str]
    unit: str
    dimension: str
    reference: float | None
    worse: Mapping[str, str]
    better: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Legend:
    """How to read the stored numbers of one model version: its features, in order. Each is equal to itself only.

    `definition` is the code of the default that its PDs are of, `horizon_months` within how long; None: not declared.
    """

    version: str
    reference: str
    features: tuple[Meaning, ...]
    definition: str | None = None
    horizon_months: int | None = None

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Legend:
        """Read what `to_json` of the model's training wrote."""
        features = tuple(Meaning(**feature) for feature in document["features"])
        said = document.get("definition") or {}
        return cls(document["version"], document["reference"], features, said.get("code"), said.get("horizon_months"))


@dataclass(frozen=True, slots=True)
class Assessment:
    """One score. `values` and `points` follow the order of the model's legend; `reasons` are positions in it.

    `counts` is the policy by which it decides, None for a score of before there was one: everything counted. Where the
    file has statements of the firm that nobody confirms, `beside` is the score that does not decide. `overlay` tells
    which expert rules cap the grade; all other members are the model's own. None of a score of before there were rules.
    `fuller` is the score that the firm would have had it shown more; None where all 36 months are shown, and of a score
    of before that was asked.
    `own_view` marks one as the enterprise itself is told it, without what partners' files confirm; it is never stored.
    """

    id: str
    enterprise: str
    client: str
    purpose: str
    batch: str | None
    model: str
    as_of: date
    known_at: datetime
    depth: str
    features_sha256: str
    score: int
    grade: str
    pd: float
    pd_low: float
    pd_high: float
    base_points: float
    values: Sequence[float | None]
    points: Sequence[float]
    reasons: Sequence[int]
    created_at: datetime
    counts: Counts | None = None
    evidence: Mapping[str, Any] | None = None
    beside: Beside | None = None
    overlay: Overlay | None = None
    own_view: bool = False
    fuller: Fuller | None = None

    @property
    def interval(self) -> tuple[float, float]:
        """The interval of the PD that decides: it holds the PD that the firm would have had it shown more."""
        decides = self.effective
        if self.fuller is None:
            return decides.pd_low, decides.pd_high
        supposed = effective(self.fuller, self.overlay).pd
        return min(decides.pd_low, supposed), max(decides.pd_high, supposed)

    @property
    def effective(self) -> Effective:
        """The figures that decide: the model's, under the expert rules."""
        return effective(self, self.overlay)

    @property
    def file_sha256(self) -> str:
        """The hash of the whole file's features, whichever of its two scores decides."""
        if self.beside is None or self.beside.counts is Counts.CONFIRMED:
            return self.features_sha256
        return self.beside.features_sha256

    @property
    def confirmed_sha256(self) -> str | None:
        """The hash of what was confirmed of the file; None where nothing was set aside."""
        if self.beside is None:
            return None
        return self.beside.features_sha256 if self.beside.counts is Counts.CONFIRMED else self.features_sha256


SAID = ("score", "grade", "pd", "pd_low", "pd_high", "base_points", "points", "reasons")


@dataclass(frozen=True, slots=True)
class Stamp:
    """What the assessments of one order have in common."""

    client: str
    purpose: str
    batch: str | None
    model: str
    as_of: date
    known_at: datetime
    created_at: datetime
    counts: Counts | None = None


STAMP = tuple(field.name for field in fields(Stamp))


def stamped(stamp: Stamp) -> dict[str, Any]:
    """Return the members of an assessment that its order gave it."""
    return {name: getattr(stamp, name) for name in STAMP}


def said_by(scored: Any) -> dict[str, Any]:
    """Return the members of an assessment that are the model's own."""
    return {name: getattr(scored, name) for name in SAID}


def check_fit(features: Features, names: Sequence[str]) -> None:
    """Raise unless the features are those that a model of `names` needs, and at least one of them is known."""
    missing = [name for name in names if name not in features.values]
    if missing:
        raise FeaturesDoNotFit(
            f"The serving model needs features that the profile service no longer gives: {', '.join(missing)}. "
            "Train and promote a new model.",
            missing=missing,
        )
    if not anything_known(features.values, names):
        raise NotEnoughData(thin(features.enterprise, features.as_of))


def anything_known(values: Mapping[str, float | None], names: Sequence[str]) -> bool:
    """Tell whether anything is known of what a model of `names` needs."""
    return any(values.get(name) is not None for name in names)


def thin(enterprise: str, as_of: date) -> str:
    """Say what an enterprise lacks for a score, and what to do."""
    return (
        f"{enterprise} has no usable invoice up to {as_of}, so nothing is known to score it on. "
        "Import its purchase or sales invoices, or ask for a later date."
    )


def no_consent(enterprise: str) -> str:
    """Say why an enterprise of a batch was not seen."""
    return (
        f"No live consent of {enterprise} covers this client and purpose, or there is no such enterprise. "
        "Ask the enterprise for its consent and order again."
    )


def check_exact(base_points: float, points: Sequence[float], score_exact: float) -> None:
    """Raise `ReasonsDoNotAddUp` unless base + contributions give the score before rounding, to 1e-6 of a point."""
    gap = abs(base_points + fsum(points) - score_exact)
    if not gap <= EXACT_TO:  # not `>`: a NaN must fail too
        raise ReasonsDoNotAddUp(
            f"The reasons differ from the score by {gap:.3g} points, so no score is given. Nothing was stored.",
            gap=repr(gap),
        )
