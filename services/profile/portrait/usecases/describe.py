"""Describe enterprises from the lake: the features of one, and of many as a set.

A lake version never changes, so what was computed for one is remembered: a credit officer opens a file more than once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from typing import Any, Protocol, TypeAlias

import orjson
import polars as pl

from chassis.core.moments import rfc3339
from services.profile.book.domain.channel import Channel
from services.profile.book.domain.confirmation import SENDERS, Beside, Told, unconfirmed, weigh
from services.profile.book.domain.departure import Gone
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Permit, Whole
from services.profile.book.usecases.gather import Rows, standing_rows
from services.profile.portrait.domain.features import CATALOGUE, NEEDS, THIN, VERSION, compute, depth_of
from services.profile.portrait.domain.fuller import Shown, fuller, shown
from services.profile.portrait.domain.weighed import confirmed as without_unconfirmed
from services.profile.portrait.domain.weighed import evidence

# Of so many questions the answer is remembered, at some 8 to 15 kB each; each version of the book asks anew.
REMEMBERED = 1024
NAMES = tuple(feature.name for feature in CATALOGUE)


@dataclass(frozen=True, slots=True)
class Figures:
    """Features as of a moment; the hash names exactly what a score was made from.

    `fuller` are those of the file if its months not shown were like those that it shows, None where all is shown.
    """

    depth: str
    values: Mapping[str, float | None]
    features_sha256: str
    fuller: Fuller | None = None

    def as_json(self) -> dict[str, Any]:
        """Return them as they go over the wire."""
        return {"depth": self.depth, "values": dict(self.values), "features_sha256": self.features_sha256}

    def with_fuller(self) -> dict[str, Any]:
        """Return them with what is supposed beside them."""
        return {**self.as_json(), "fuller": None if self.fuller is None else self.fuller.as_json()}


@dataclass(frozen=True, slots=True)
class Fuller:
    """What a file shows of 36 months, and its features if the rest were like that: its own if nothing is supposed."""

    shown: Shown
    figures: Figures

    def as_json(self) -> dict[str, Any]:
        """Return it as it goes over the wire."""
        return {**self.shown.as_json(), **self.figures.as_json()}


@dataclass(frozen=True, slots=True)
class Description:
    """An enterprise's features as of a moment, and from whom they are.

    `evidence` is the money by who says it (`weighed.evidence`), None where there is no invoice; `confirmed` are
    the features without what only the enterprise says, None where they are these.
    """

    enterprise: str
    as_of: date
    figures: Figures
    evidence: Mapping[str, Any] | None = None
    confirmed: Figures | None = None
    catalogue: str = VERSION

    @property
    def depth(self) -> str:
        """How much there is to judge by."""
        return self.figures.depth

    @property
    def values(self) -> Mapping[str, float | None]:
        """The features; None is unknown."""
        return self.figures.values

    @property
    def features_sha256(self) -> str:
        """The name of what a score is made from."""
        return self.figures.features_sha256

    def as_json(self, known_at: datetime) -> dict[str, Any]:
        """Return it as it goes over the wire, of what was known at a time."""
        fuller, less = self.figures.fuller, self.confirmed
        return {
            "enterprise": self.enterprise,
            "as_of": self.as_of.isoformat(),
            "known_at": rfc3339(known_at),
            "depth": self.depth,
            "catalogue": self.catalogue,
            "values": dict(self.values),
            "features_sha256": self.features_sha256,
            "evidence": self.evidence,
            "fuller": None if fuller is None else fuller.as_json(),
            "confirmed": None if less is None else less.with_fuller(),
        }


GoneAt: TypeAlias = Callable[[Sequence[str] | None, Moment], Gone]


def nothing_gone(_: Sequence[str] | None, moment: Moment) -> Gone:
    """Return what the moment itself sets aside: for a lake that nothing has left."""
    return Gone(moment.without)


class Sources(Protocol):
    """Who said what is known, and what else is known that may confirm it."""

    def senders(self, imports: Sequence[str]) -> pl.DataFrame:
        """Return who sent these imports, and by which channel (`confirmation.SENDERS`)."""

    def beside(self, own: pl.DataFrame, moment: Moment, known_at: datetime | None) -> tuple[Beside, pl.DataFrame]:
        """Return what may confirm these own words, of what was known at a time, and who sent that."""

    def registered(self, enterprises: Sequence[str], known_at: datetime | None) -> Mapping[str, date]:
        """Return on which day these were registered, as another than themselves had stated it at a time."""


class OneSource:
    """All invoices came from the tax office: for a lake whose imports nobody has noted."""

    def senders(self, imports: Sequence[str]) -> pl.DataFrame:
        """Return one client and channel for all."""
        return pl.DataFrame([(each, "", Channel.GOVERNMENT) for each in imports], schema=SENDERS, orient="row")

    def beside(self, own: pl.DataFrame, moment: Moment, known_at: datetime | None) -> tuple[Beside, pl.DataFrame]:
        """Return nothing: there is no word to confirm."""
        return Beside(), pl.DataFrame(schema=SENDERS)

    def registered(self, enterprises: Sequence[str], known_at: datetime | None) -> Mapping[str, date]:
        """Return nothing: no register is at hand."""
        return {}


class Describer:
    """Features of the enterprises in a lake; `gone` tells what of it does not count at a moment, `sources` whose it is.

    `known_at` bounds what may confirm an enterprise's own word, beside what the moment says; it is the time that
    the answer names. Without `sides` what partners' files hold confirms nothing: so it is told to the enterprise
    itself, which is not to learn whose files there are.
    """

    def __init__(self, lake: Rows, gone: GoneAt = nothing_gone, sources: Sources | None = None) -> None:
        self._lake = lake
        self._gone = gone
        self._sources = sources or OneSource()
        self._one = lru_cache(REMEMBERED)(self._describe)

    def features(
        self, scope: Permit | Whole, moment: Moment, known_at: datetime | None = None, *, sides: bool = True
    ) -> Description:
        """Return the features of one enterprise; every value is None where it has no valid blue invoice."""
        assert scope.enterprises is not None, "one enterprise is named"
        (enterprise,) = scope.enterprises
        return self._one(enterprise, moment, known_at or moment.known_at, sides)

    def feature_set(
        self, scope: Permit | Whole, moment: Moment, known_at: datetime | None = None
    ) -> dict[str, Description]:
        """Return the description of each enterprise of a scope that has invoices, as `features` gives it."""
        return self._set(scope.enterprises, moment, known_at or moment.known_at, sides=True)

    def evidence(
        self, scope: Permit | Whole, moment: Moment, known_at: datetime | None = None, *, sides: bool = True
    ) -> dict[str, dict[str, Any]]:
        """Return the money by who says it, per enterprise, as in a description of it."""
        rows, told = self._weighed(scope.enterprises, moment, known_at or moment.known_at, sides=sides)
        return evidence(rows, told.senders, moment.as_of)

    def unconfirmed(
        self, scope: Permit | Whole, moment: Moment, known_at: datetime | None = None, *, sides: bool = True
    ) -> pl.DataFrame:
        """Return the invoices of a scope that only the enterprises say."""
        rows, told = self._weighed(scope.enterprises, moment, known_at or moment.known_at, sides=sides)
        return rows.filter(unconfirmed()) if told.own_imports else rows.clear()

    def invoices(
        self, scope: Permit | Whole, moment: Moment, known_at: datetime, *, sides: bool, confirmed: bool
    ) -> pl.DataFrame:
        """Return the invoices (`NEEDS`) that `features` are made of, or those that the `confirmed` ones are made of."""
        rows, told = self._weighed(scope.enterprises, moment, known_at, sides=sides)
        return without_unconfirmed(rows, moment.as_of) if confirmed and told.own_imports else rows.select(NEEDS)

    def _set(
        self, enterprises: Sequence[str] | None, moment: Moment, known_at: datetime | None, *, sides: bool
    ) -> dict[str, Description]:
        rows, told = self._weighed(enterprises, moment, known_at, sides=sides)
        figures, parts = self._figures(rows, moment, known_at), evidence(rows, told.senders, moment.as_of)
        less = self._confirmed(rows, moment, known_at, figures) if told.own_imports else {}
        return {
            name: Description(name, moment.as_of, found, parts.get(name), less.get(name))
            for name, found in figures.items()
        }

    def _confirmed(
        self, rows: pl.DataFrame, moment: Moment, known_at: datetime | None, everything: Mapping[str, Figures]
    ) -> dict[str, Figures]:
        """Return the features without what only the enterprise says, of those where that is anything."""
        speaking = rows.filter(pl.col("own"))["enterprise"].unique()
        left = without_unconfirmed(rows.filter(pl.col("enterprise").is_in(speaking.implode())), moment.as_of)
        found, nothing = self._figures(left, moment, known_at), nothing_known(moment.as_of)
        alone = set(rows.filter(unconfirmed())["enterprise"].unique())
        return {
            name: figures
            for name in speaking
            if (figures := found.get(name, nothing)) != everything[name] or name in alone
        }

    def _figures(self, rows: pl.DataFrame, moment: Moment, known_at: datetime | None) -> dict[str, Figures]:
        """Return the features of the enterprises of some invoices, each with what is supposed of it."""
        invoices, as_of = rows.select(NEEDS), moment.as_of
        found, short = _read(compute(invoices, as_of=as_of), as_of), shown(invoices, as_of)
        if not short:
            return found
        registered = self._sources.registered(sorted(short), known_at)
        told = {name: one.since(registered.get(name), as_of) for name, one in short.items()}
        supposed = _read(fuller(invoices, as_of, told), as_of)
        beside = {name: Fuller(one, supposed.get(name, found[name])) for name, one in told.items()}
        return {name: replace(figures, fuller=beside.get(name)) for name, figures in found.items()}

    def _weighed(
        self, enterprises: Sequence[str] | None, moment: Moment, known_at: datetime | None, *, sides: bool
    ) -> tuple[pl.DataFrame, Told]:
        """Return the rows that count at a moment, with what confirms them, and what that is known from."""
        gone = self._gone(enterprises, moment)
        statements = standing_rows(self._lake, DATASET, moment.version, enterprises, gone)
        if moment.known_at is not None:
            statements = statements.filter(pl.col("known_at") <= moment.known_at)
        told = self._told(statements, moment, known_at)
        told = told if sides else told.without_sides()
        return weigh(as_known(statements, as_of=moment.as_of), told), told

    def _told(self, statements: pl.DataFrame, moment: Moment, known_at: datetime | None) -> Told:
        """Return what is known beside the invoices; the outside is asked only where an enterprise speaks itself."""
        told = Told(statements, self._sources.senders(statements["import_id"].unique().sort().to_list()))
        if not told.own_imports:
            return told
        beside, senders = self._sources.beside(statements.filter(told.own()), moment, known_at)
        return Told(statements, pl.concat([told.senders, senders]).unique("import_id"), beside)

    def _describe(self, enterprise: str, moment: Moment, known_at: datetime | None, sides: bool) -> Description:
        found = self._set([enterprise], moment, known_at, sides=sides)
        return found.get(enterprise) or Description(enterprise, moment.as_of, nothing_known(moment.as_of))


def nothing_known(as_of: date) -> Figures:
    """Return the features of an enterprise without invoices."""
    values: dict[str, float | None] = dict.fromkeys(NAMES)
    return Figures(THIN, values, digest(values, as_of))


def _read(found: pl.DataFrame, as_of: date) -> dict[str, Figures]:
    depths = found.select("enterprise", depth_of())
    values = found.select(NAMES).iter_rows(named=True)
    return {
        name: Figures(depth, known, digest(known, as_of))
        for (name, depth), known in zip(depths.iter_rows(), values, strict=True)
    }


def digest(values: Mapping[str, float | None], as_of: date | str, catalogue: str = VERSION) -> str:
    """Return SHA-256 of the canonical JSON of what a score is made from: as-of date, catalogue version, values."""
    document = {"as_of": as_of, "catalogue": catalogue, "values": values}
    return sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()
