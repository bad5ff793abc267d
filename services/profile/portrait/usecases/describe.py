"""Describe enterprises from the lake: the features of one, and of many as a set.

A lake version never changes, so what was computed for one is remembered: a credit officer opens a file more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import Protocol, TypeAlias

import orjson
import polars as pl

from services.profile.book.domain.departure import Departure, remaining
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, Whole
from services.profile.portrait.domain.features import CATALOGUE, NEEDS, THIN, VERSION, compute, depth_of

FIRMS_REMEMBERED = 4096
NAMES = tuple(feature.name for feature in CATALOGUE)


class Invoices(Protocol):
    """What is asked of the lake."""

    def read(self, version: int, enterprises: Iterable[str] | None = None) -> pl.DataFrame:
        """Return all versions of these enterprises' invoices, or of all, at a version of the lake."""


@dataclass(frozen=True, slots=True)
class Description:
    """An enterprise's features as of a moment; the hash names exactly what a score was made from."""

    enterprise: str
    as_of: date
    depth: str
    values: Mapping[str, float | None]
    features_sha256: str
    catalogue: str = VERSION


Departed: TypeAlias = Callable[[Sequence[str] | None, Moment], frozenset[Departure]]


def nothing_departed(_: Sequence[str] | None, moment: Moment) -> frozenset[Departure]:
    """Return what the moment itself sets aside: for a lake that no record has left."""
    return moment.without


class Describer:
    """Features of the enterprises in a lake; `departed` tells which of its records do not count at a moment."""

    def __init__(self, lake: Invoices, departed: Departed = nothing_departed) -> None:
        self._lake = lake
        self._departed = departed
        self._one = lru_cache(FIRMS_REMEMBERED)(self._describe)

    def features(self, scope: Permit | Whole, moment: Moment) -> Description:
        """Return the features of one enterprise; every value is None where the lake holds no valid invoice of it."""
        assert scope.enterprises is not None, "one enterprise is named"
        (enterprise,) = scope.enterprises
        return self._one(enterprise, moment)

    def feature_set(self, scope: Permit | Whole, moment: Moment) -> pl.DataFrame:
        """Return one row per enterprise with invoices: enterprise, depth, features_sha256, the features as Float64.

        The values and hashes are those of `features`.
        """
        return self._set(scope.enterprises, moment)

    def _set(self, enterprises: Sequence[str] | None, moment: Moment) -> pl.DataFrame:
        found = compute(self._known(enterprises, moment).select(NEEDS), as_of=moment.as_of)
        hashes = [digest(values, moment.as_of) for values in found.select(NAMES).iter_rows(named=True)]
        digests = pl.Series("features_sha256", hashes, dtype=pl.String)
        return found.select("enterprise", depth_of(), digests, *NAMES)

    def _known(self, enterprises: Sequence[str] | None, moment: Moment) -> pl.DataFrame:
        rows = self._lake.read(moment.version, enterprises)
        rows = remaining(DATASET, rows, self._departed(enterprises, moment))
        return as_known(rows, known_at=moment.known_at, as_of=moment.as_of)

    def _describe(self, enterprise: str, moment: Moment) -> Description:
        found = self._set([enterprise], moment)
        values: dict[str, float | None] = dict.fromkeys(NAMES)
        if found.is_empty():
            return Description(enterprise, moment.as_of, THIN, values, digest(values, moment.as_of))
        row = found.row(0, named=True)
        values.update((name, row[name]) for name in NAMES)
        return Description(enterprise, moment.as_of, row["depth"], values, row["features_sha256"])


def digest(values: Mapping[str, float | None], as_of: date) -> str:
    """Return SHA-256 of the canonical JSON of what a score is made from: as-of date, catalogue version, values."""
    document = {"as_of": as_of, "catalogue": VERSION, "values": values}
    return sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
