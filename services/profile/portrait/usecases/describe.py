"""Describe enterprises from the lake: the features of one, and of many as a set.

A lake version never changes, so what was computed for one is remembered: a credit officer opens a file more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import sha256
from typing import TypeAlias

import orjson
import polars as pl

from services.profile.book.domain.departure import Gone
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, Whole
from services.profile.book.usecases.gather import Rows, standing_rows
from services.profile.portrait.domain.features import CATALOGUE, NEEDS, THIN, VERSION, compute, depth_of

FIRMS_REMEMBERED = 4096
NAMES = tuple(feature.name for feature in CATALOGUE)


@dataclass(frozen=True, slots=True)
class Description:
    """An enterprise's features as of a moment; the hash names exactly what a score was made from."""

    enterprise: str
    as_of: date
    depth: str
    values: Mapping[str, float | None]
    features_sha256: str
    catalogue: str = VERSION


GoneAt: TypeAlias = Callable[[Sequence[str] | None, Moment], Gone]


def nothing_gone(_: Sequence[str] | None, moment: Moment) -> Gone:
    """Return what the moment itself sets aside: for a lake that nothing has left."""
    return Gone(moment.without)


class Describer:
    """Features of the enterprises in a lake; `gone` tells what of it does not count at a moment."""

    def __init__(self, lake: Rows, gone: GoneAt = nothing_gone) -> None:
        self._lake = lake
        self._gone = gone
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
        gone = self._gone(enterprises, moment)
        rows = standing_rows(self._lake, DATASET, moment.version, enterprises, gone)
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
