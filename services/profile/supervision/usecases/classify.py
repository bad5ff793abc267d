"""Giving an enterprise its class for supervision: with every contribution, what caps it, and what would raise it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from services.profile.book.context import Context
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.moment import Asked, Moment
from services.profile.book.domain.permit import Permit
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading
from services.profile.supervision.domain import classified
from services.profile.supervision.domain.classified import Share, Step
from services.profile.supervision.domain.counted import Met, met
from services.profile.supervision.domain.inspection import Inspection, inspection_on
from services.profile.supervision.domain.pack import Cap, Class, Pack
from services.profile.supervision.domain.packs_of import Packs, packs
from services.profile.supervision.usecases.measure import capped, figures, gathered, valued


@dataclass(frozen=True, slots=True)
class Standing:
    """One firm's class: by points, and after the caps that it meets; `known` is the weight of what is known, 0–100."""

    enterprise: str
    pack: Pack
    grade: Class
    by_points: Class
    points: int
    known: int


@dataclass(frozen=True, slots=True)
class Explained:
    """A class with its reasons, as the firm's file was at a moment."""

    file: OpenFile
    standing: Standing
    shares: tuple[Share, ...]
    caps: tuple[tuple[Cap, tuple[Met, ...]], ...]
    steps: tuple[Step, ...]
    inspection: Inspection


@dataclass(frozen=True, slots=True)
class Measured:
    """What is known of some firms at a moment, ready to be held against any pack."""

    evidence: Evidence
    figures: pl.DataFrame
    day: date

    def of(self, enterprises: Sequence[str]) -> Measured:
        """Return the part of some of the firms."""
        chosen = pl.col("enterprise").is_in(list(enterprises))
        return Measured(self.evidence, self.figures.filter(chosen), self.day)

    def values(self, pack: Pack) -> pl.DataFrame:
        """Return the values of a pack's rules, a row a firm."""
        return valued(pack, self.figures, self.evidence.public_records, self.day)


def declared(context: Context) -> Packs:
    """Return the packs of this installation."""
    return packs(context.settings.sector_packs)


def classify(context: Context, reading: Reading, enterprise: str, asked: Asked, sector: str | None) -> Explained:
    """Return the class of one enterprise with its reasons, by the pack of its industry or by that of `sector`."""
    file = open_at(context, reading, enterprise, asked)
    measured = measure(context, file.moment, file.permit)
    (standing,) = stand(declared(context), measured, sector)
    values = measured.values(standing.pack)
    added = classified.contributions(standing.pack, values)[0]
    found = classified.shares(standing.pack, values.row(0, named=True), added)
    records, day = measured.evidence.public_records, measured.day
    caps = ((cap, met(records, cap.counting, day)) for cap in standing.pack.caps)
    return Explained(
        file,
        standing,
        found,
        tuple((cap, hits) for cap, hits in caps if hits),
        classified.steps(standing.pack, found),
        inspection_on(day),
    )


def measure(context: Context, moment: Moment, permit: Permit) -> Measured:
    """Return what is known at a moment of the files that are open; one not described yet has a row all the same."""
    evidence = gathered(context, moment, permit)
    rows = pl.DataFrame({"enterprise": sorted(permit.enterprises)}, schema={"enterprise": pl.String})
    found = figures(context, moment, permit, evidence)
    return Measured(evidence, rows.join(found, on="enterprise", how="left", maintain_order="left"), moment.as_of)


def stand(declared: Packs, measured: Measured, sector: str | None = None) -> list[Standing]:
    """Return the class of every firm that was measured, by name."""
    stated = dict(measured.evidence.enterprises.select("enterprise", "industry").iter_rows())
    chosen: dict[str, list[str]] = {}
    for name in measured.figures["enterprise"]:
        pack = _pack(declared, stated.get(name), sector, measured.day)
        chosen.setdefault(pack.sector, []).append(name)
    found: list[Standing] = []
    for key, names in chosen.items():
        found += _standings(declared.on(key, measured.day), measured.of(names))
    return sorted(found, key=lambda each: each.enterprise)


def _pack(declared: Packs, industry: str | None, sector: str | None, day: date) -> Pack:
    return declared.on(sector, day) if sector else declared.of(industry, day)


def _standings(pack: Pack, measured: Measured) -> list[Standing]:
    values = measured.values(pack)
    added, names = classified.contributions(pack, values), values["enterprise"].to_list()
    hits = capped(pack, names, measured.evidence.public_records, measured.day)
    masks = [hits[str(at)].to_numpy() > 0 for at in range(len(pack.caps))]
    grades = classified.classes(pack, added, masks)
    known, points = classified.known_weight(pack, values), np.sum(added, axis=1)
    return [
        Standing(name, pack, grade, pack.by_points(int(total)), int(total), int(weight))
        for name, grade, total, weight in zip(names, grades, points, known, strict=True)
    ]
