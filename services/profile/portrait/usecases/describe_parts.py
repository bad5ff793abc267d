"""The units of a large set of features: the firms of a bucket of the lake, a stretch at a time.

A unit reads lakes and files and never the database: what SQL knows is handed to it as values, so that any process of
any machine may do it. What it returns is that of describing its firms alone: how a set is cut changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

import orjson
import polars as pl

from services.profile.book.delta import bucket_of
from services.profile.book.domain.confirmation import SENDERS
from services.profile.book.domain.departure import Departure, Gone
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.moment import Facts, Moment
from services.profile.book.domain.permit import Permit
from services.profile.book.lake import Lake, lakes
from services.profile.book.usecases.tell_sources import BookSources
from services.profile.portrait.peer_files import PeerFiles
from services.profile.portrait.usecases.describe import Describer, Description, nothing_known

# A unit is of so many firms at most, and of so many invoices as firms of the book have them on average.
MOST_FIRMS, MOST_INVOICES = 2048, 200_000
# Tables that all units of a set may read: the firms of the book, what has left it, and who sent what.
FIRMS, LEFT, SENT = "firms", "left", "sent"


@dataclass(frozen=True, slots=True)
class Handed:
    """What SQL knows at a moment (`tell_sources.Noted`), as values and as tables of a stamp.

    `versions` are those of the lakes, `withdrawn` the imports that were taken back; `left` is what has left of the
    unit's own firms, `days` when these were registered. The tables are read where a firm speaks of itself.
    """

    versions: Mapping[str, int]
    withdrawn: frozenset[str]
    tables: PeerFiles
    stamp: str
    left: frozenset[Departure] = frozenset()
    days: Mapping[str, date] | None = None
    own: frozenset[str] = frozenset()

    def senders(self, imports: Sequence[str]) -> pl.DataFrame:
        """Return the senders of these imports."""
        return self._among(SENT, "import_id", imports).select(list(SENDERS))

    def held(self, parties: Sequence[str]) -> list[str]:
        """Return the firms among these parties."""
        return self._among(FIRMS, "enterprise", parties).to_series().sort().to_list()

    def gone(self, enterprises: Sequence[str], moment: Moment) -> Gone:
        """Return what has left of these."""
        if self.own.issuperset(enterprises):
            records = frozenset(each for each in self.left if each.enterprise in enterprises)
        else:
            rows = self._among(LEFT, "enterprise", enterprises).iter_rows()
            records = frozenset(Departure(*row) for row in rows)
        return Gone(records | moment.without, self.withdrawn)

    def version(self, kind: str, known_at: datetime | None) -> int | None:
        """Return the version of a lake."""
        return self.versions.get(kind)

    def registered(self, enterprises: Sequence[str], known_at: datetime | None) -> Mapping[str, date]:
        """Return the days of registration."""
        return {name: self.days[name] for name in enterprises if name in self.days} if self.days else {}

    def _among(self, table: str, by: str, names: Collection[str]) -> pl.DataFrame:
        among = pl.col(by).is_in(pl.Series(names, dtype=pl.String).implode())
        return self.tables.read(self.stamp, table).filter(among).collect()


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: some firms of a bucket, which are open to the reader, as of a moment."""

    bucket: int
    place: int
    firms: Permit
    facts: Facts
    lake: tuple[str, Mapping[str, str]]
    handed: Handed

    def __str__(self) -> str:
        """Return the short name of the unit."""
        return f"features {self.facts.moment.as_of} v{self.facts.moment.version} {self.bucket}.{self.place}"


def stretches(firms: Collection[str], most: int, buckets: int) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the firms by bucket, so many at most, in order: the bucket, the stretch's place in it, and the names."""
    by_bucket: dict[int, list[str]] = {}
    for name in sorted(firms):
        by_bucket.setdefault(bucket_of(name, buckets), []).append(name)
    for bucket, names in sorted(by_bucket.items()):
        for place, start in enumerate(range(0, len(names), most)):
            yield bucket, place, names[start : start + most]


def at_once(invoices: int, firms: int) -> int:
    """Return how many firms a unit has, in a book of so many invoices and firms."""
    return max(1, min(MOST_FIRMS, MOST_INVOICES * max(firms, 1) // max(invoices, 1)))


def describe_part(unit: Unit) -> list[tuple[str, bytes]]:
    """Return each firm's description as JSON (`Description.as_json`), in their order."""
    held, handed, facts = _lakes(unit.lake[0], tuple(sorted(unit.lake[1].items()))), unit.handed, unit.facts
    describer = Describer(
        held[DATASET.name], lambda names, moment: handed.gone(names or (), moment), BookSources(held, handed)
    )
    found = described(describer, unit.firms, facts)
    return [(name, orjson.dumps(each.as_json(facts.known_at))) for name, each in found.items()]


def described(describer: Describer, permit: Permit, facts: Facts) -> dict[str, Description]:
    """Return the description of each open file, in their order; of some nothing may be known."""
    found = describer.feature_set(permit, facts.moment, facts.known_at)
    day = facts.moment.as_of
    return {name: found.get(name) or Description(name, day, nothing_known(day)) for name in permit.enterprises}


@lru_cache(maxsize=4)
def _lakes(url: str, options: tuple[tuple[str, str], ...]) -> Mapping[str, Lake]:
    return lakes(url, dict(options))
