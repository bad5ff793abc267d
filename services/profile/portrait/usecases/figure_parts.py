"""The units of peer figures: what a part of the book says of others, and the figures of its firms.

A unit reads lakes and files and never the database: what SQL knows is handed to it as values, so that any process of
any machine may do it. Its tables bear the stamp of all that they are made from; one that is there is not made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from services.profile.book.delta import Bucket
from services.profile.book.domain.departure import remaining
from services.profile.book.domain.evidence import of_others
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.party import party_of, written
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.lake import Lake, lakes
from services.profile.book.usecases.gather import Known, gather_part, scan_invoices
from services.profile.portrait.domain import crosscheck
from services.profile.portrait.domain.features import NEEDS, compute
from services.profile.portrait.domain.indicators import Trust, edges, own
from services.profile.portrait.peer_files import PeerFiles, naming
from services.profile.portrait.peer_store import PARTS

c = pl.col
PEERS = Whole(Why.PEERS)
ROSTER = ("enterprise", "industry", "size_class", "synthetic")
HEARD, FIGURED = PARTS
# Tables that the units of one run read: who the firms are and of which part, the channels of imports, and by part what
# its firms state of dealings with firms of the book.
TOLD, CHANNELS, MIRROR = "told", "channels", "mirror"
# What a partner's statement is told by, in which versions, by whom.
STATED = (*DATASET.identity, "status", "blue_number", "version", "known_at", "import_id")
MIRRORED = ("enterprise", "direction", "counterparty", "code", "number", "date", "total_fen", "status", "import_id")


@dataclass(frozen=True, slots=True)
class Changed:
    """What of a part is made anew: the tables as they were (`stamps`: heard, figured), and of which firms."""

    stamps: tuple[str, str]
    firms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit: of which part, from where, by what is known; who the firms are, and the channels, lie in `files`.

    `heard` are the stamps of what each part says of others. Where only some firms have changed, `changed` says which.
    """

    stamp: str
    part: Bucket
    known: Known
    lake: tuple[str, Mapping[str, str]]
    files: PeerFiles
    heard: tuple[str, ...] = ()
    changed: Changed | None = None

    def __str__(self) -> str:
        """Return the short name of the unit."""
        return f"{self.known.moment.as_of} {self.part.number}/{self.part.of}"

    @property
    def firms(self) -> pl.DataFrame:
        """The firms of the part (`evidence.ENTERPRISES`)."""
        return self.files.read(self.stamp, TOLD).filter(c("part") == self.part.number).drop("part").collect()

    @property
    def sizes(self) -> pl.DataFrame:
        """All firms of a known size."""
        return self.files.read(self.stamp, TOLD).select("enterprise", "size_class").drop_nulls().collect()

    @property
    def channels(self) -> pl.DataFrame:
        """The channels of imports."""
        return self.files.read(self.stamp, CHANNELS).collect()

    @property
    def scope(self) -> Whole:
        """The firms that are read."""
        return Whole(Why.PEERS, None if self.changed is None else self.changed.firms)

    @property
    def lakes(self) -> Mapping[str, Lake]:
        """The lakes that it reads."""
        return _lakes(self.lake[0], tuple(sorted(self.lake[1].items())))

    def has(self, names: Iterable[str]) -> bool:
        """Tell whether the tables of these names are there already."""
        return all(self.files.has(self.stamp, f"{name}-{self.part.number}") for name in names)

    def keep(self, name: str, table: pl.DataFrame, by: Sequence[str], before: int) -> None:
        """Write a table of the part in its order, together with what it holds of the firms that have not changed.

        Of these the table may speak too, by the little that was read of them: that is not taken.
        """
        at = f"{name}-{self.part.number}"
        if self.changed is not None:
            changed = c("enterprise").is_in(pl.Series(self.changed.firms, dtype=pl.String).implode())
            others = self.files.read(self.changed.stamps[before], at).filter(~changed)
            table = pl.concat([others.collect(), table.filter(changed)], how="diagonal")
        self.files.write(self.stamp, at, table.sort(by, nulls_last=True))


class PartOfLake:
    """A kind of data of one part of the book."""

    def __init__(self, lake: Lake, part: Bucket) -> None:
        self._lake, self._part = lake, part

    def read(self, version: int, enterprises: Iterable[str] | None = None, *, without: Iterable[str]) -> pl.DataFrame:
        """Return as `Lake.read` does, of the firms of this part."""
        if enterprises is not None:
            return self._lake.read(version, enterprises, without=list(without))
        return self._lake.scan(version, without=list(without), bucket=self._part).collect()


@lru_cache(maxsize=4)
def _lakes(url: str, options: tuple[tuple[str, str], ...]) -> Mapping[str, Lake]:
    return lakes(url, dict(options))


def hear(unit: Unit) -> None:
    """Write what the firms of a part say of others: how long their books run, and whom they name as partners.

    Where the whole part is read, also their statements of dealings with firms of the book, for the units that follow.
    """
    names = HEARD if unit.changed is not None else (*HEARD, MIRROR)
    if unit.has(names):
        return
    known, day = unit.known, unit.known.moment.as_of
    rows = _statements(unit, unit.scope.enterprises)
    past = rows.filter(c("version") > 0, c("date") <= day, ~c("import_id").is_in(sorted(known.own)))
    span = past.group_by("enterprise", "direction").agg(first=c("date").min(), last=c("date").max())
    unit.keep("spans", span, ("enterprise", "direction"), 0)
    stands = as_known(remaining(DATASET, rows, known.gone.records))
    named = stands.filter(c("counterparty").is_not_null()).with_columns(party=party_of(c("counterparty")))
    unit.keep("mentions", named.select("party", "enterprise").unique(), ("party", "enterprise"), 0)
    if unit.changed is None:
        book = unit.files.read(unit.stamp, TOLD).select(party="enterprise").collect()
        here = named.filter(c("date") <= day).join(book, on="party", how="semi")
        unit.files.write(unit.stamp, f"{MIRROR}-{unit.part.number}", here.select("party", *MIRRORED).sort("party"))


def figure(unit: Unit) -> None:
    """Write the figures of a part's firms, how far their sources agree, and what edges they make."""
    if unit.has(FIGURED):
        return
    known, day = unit.known, unit.known.moment.as_of
    here = {name: PartOfLake(lake, unit.part) for name, lake in unit.lakes.items()}
    evidence = gather_part(here, known, unit.scope, unit.firms)
    told = of_others(evidence, known.own)
    books = pl.concat([unit.files.read(stamp, f"spans-{at}") for at, stamp in enumerate(unit.heard)]).collect()
    compared = crosscheck.Material(told, _mirrored(unit), books, day, known.own)
    checks = crosscheck.pass_rate(crosscheck.tally_book(compared)).select("enterprise", "pass_rate")
    features = compute(told.invoices.select(NEEDS), as_of=day).with_columns(traded=True)
    by_own = own(told, [day], unit.sizes, Trust(unit.channels, checks)).drop("as_of", "last_on")
    found = edges(evidence, day, unit.channels)
    figures = by_own.join(features, on="enterprise", how="full", coalesce=True)
    unit.keep("figures", figures, ("enterprise",), 1)
    unit.keep("checks", checks, ("enterprise",), 1)
    unit.keep("links", pl.concat(found.links).collect(), ("enterprise", "counterparty"), 1)
    unit.keep("relations", found.relations, ("enterprise", "relation", "party", "share"), 1)
    unit.keep("troubled", found.troubled, ("enterprise",), 1)


def _mirrored(unit: Unit) -> pl.DataFrame:
    """Return the statements of other firms' files in which firms of this part are the counterparty."""
    if unit.changed is None:
        mine = unit.firms.select(party="enterprise").lazy()
        told = [unit.files.read(stamp, f"{MIRROR}-{at}") for at, stamp in enumerate(unit.heard)]
        return pl.concat(told).join(mine, on="party", how="semi").drop("party").collect()
    firms = unit.changed.firms
    rows = _statements(unit, naming(unit.files, unit.heard, firms))
    about = c("counterparty").is_in(pl.Series(written(firms), dtype=pl.String).implode())
    stands = as_known(remaining(DATASET, rows, unit.known.gone.records), as_of=unit.known.moment.as_of)
    return stands.filter(about).select(MIRRORED)


def _statements(unit: Unit, enterprises: Sequence[str] | None) -> pl.DataFrame:
    """Return what is stated of invoices by the firms of a part, or by these firms, in all versions then known."""
    known = unit.known
    of = unit.part if enterprises is None else enterprises
    version = known.versions.get("invoices", 0)
    rows = scan_invoices(unit.lakes, version, of, PEERS, without=known.gone.imports)
    return rows.filter(c("known_at") <= known.moment.known_at).select(STATED).collect()
