"""Drawing an enterprise's portrait among its peers as of a day, as known at a time; and each number's lines.

A portrait of a past moment is drawn from what was known then, peers and their descriptions included, so it comes out
with the same bytes however much is learned later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from chassis.core.errors import NotFound
from services.profile.book.context import Context
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.moment import Asked, Moment
from services.profile.book.usecases.gather import gather
from services.profile.portrait.domain.features import NEEDS, THIN, depth_of, history
from services.profile.portrait.domain.features.feature import Dimension
from services.profile.portrait.domain.indicators import INDICATORS, Trust, own
from services.profile.portrait.domain.peers import Firm, Group
from services.profile.portrait.domain.portrait import TITLES, Line, Portrait, Subject, lines, month_ends, portrait
from services.profile.portrait.usecases.baseline import (
    Baseline,
    baseline,
    known_parties,
    naming_firms,
    sizes_of,
    trust_of,
)
from services.profile.portrait.usecases.read_features import describer
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading

NETWORK = [indicator.name for indicator in INDICATORS if indicator.source == "network"]


class DimensionNotFound(NotFound):
    """The portrait has no such dimension."""


@dataclass(frozen=True, slots=True)
class DrawnPortrait:
    """A portrait with what stands above it; `evidence` is the money by who says it, where it is read as a whole."""

    file: OpenFile
    enterprise: Enterprise
    depth: str
    portrait: Portrait
    baseline: Baseline
    evidence: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """One dimension of a portrait with its lines."""

    drawn: DrawnPortrait
    key: Dimension
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class PortraitInputs:
    """One enterprise ready to be drawn: who it is, its evidence, its figures, its peers."""

    enterprise: Enterprise
    evidence: Evidence
    subject: Subject
    group: Group | None
    baseline: Baseline


def read_portrait(context: Context, reading: Reading, enterprise: str, asked: Asked) -> DrawnPortrait:
    """Return one enterprise's portrait among its peers."""
    file = open_at(context, reading, enterprise, asked)
    sides, facts = not reading.caller.owns(enterprise), file.facts
    told = describer(context).evidence(file.permit, facts.moment, facts.known_at, sides=sides)
    return replace(_drawn(prepare(context, file), file), evidence=told.get(enterprise))


def read_dimension(context: Context, reading: Reading, enterprise: str, dimension: str, asked: Asked) -> Detail:
    """Return one dimension of the portrait with every figure's value, standing and contribution."""
    key = _dimension(dimension)
    file = open_at(context, reading, enterprise, asked)
    inputs = prepare(context, file)
    return Detail(_drawn(inputs, file), key, lines(key, inputs.subject.values, inputs.group))


def _dimension(written: str) -> Dimension:
    for key in TITLES:
        if key == written:
            return key
    raise DimensionNotFound(f"There is no dimension {written[:32]}; there are: {', '.join(TITLES)}.")


def prepare(context: Context, file: OpenFile) -> PortraitInputs:
    """Gather and compute everything that is shown of one enterprise."""
    moment = file.moment
    held = baseline(context, moment, [file.enterprise])
    evidence = gather(context, moment, file.permit)
    parties = known_parties(context, moment, evidence)
    # Of a firm of which nothing was said by then only its id is known.
    firm = next((each for each in parties if each.id == file.enterprise), Enterprise(file.enterprise))
    near = naming_firms(context, moment, held.mentions, [file.enterprise])
    trust = trust_of(context, moment, file.permit, evidence, near)
    subject = _subject(evidence, moment, held.network, sizes_of(parties), trust)
    group = held.peers.of(Firm(firm.industry, firm.size_class, firm.synthetic))
    return PortraitInputs(firm, evidence, subject, group, held)


def _subject(evidence: Evidence, moment: Moment, network: pl.DataFrame, parties: pl.DataFrame, trust: Trust) -> Subject:
    days = month_ends(moment.as_of)
    features = history(evidence.invoices.select(NEEDS), days)
    told = own(evidence, days, parties, trust).drop("enterprise")
    figures = features.join(told, on="as_of", how="full", coalesce=True)
    # What only the whole book can tell is known as of the last month's end; past months are shown on it as it is.
    held = network.row(0, named=True) if network.height else {}
    # How far its sources agree is its own matter, and known now.
    agreed = trust.checks["pass_rate"]
    held = {**held, "checks_passed_share": agreed[0] if len(agreed) else None}
    figures = figures.with_columns(pl.lit(held.get(name), dtype=pl.Float64).alias(name) for name in NETWORK)
    now = figures.filter(pl.col("as_of") == moment.as_of)
    values: Mapping[str, Any] = now.row(0, named=True) if now.height else {}
    depth = now.select(depth_of()).item() if now.height else THIN
    return Subject(moment.as_of, depth, values.get("last_on"), values, figures.drop("last_on"))


def _drawn(inputs: PortraitInputs, file: OpenFile) -> DrawnPortrait:
    drawn = portrait(inputs.evidence.invoices, inputs.subject, inputs.group)
    return DrawnPortrait(file, inputs.enterprise, inputs.subject.depth, drawn, inputs.baseline)
