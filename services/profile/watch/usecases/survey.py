"""The unit of a look at the whole book: one bucket of the lake, read once and evaluated by itself.

It reaches no database: what SQL knows is handed to it as values, so that any process of any machine may do it. Its
tables are named by all that they are made from, so that one that is there is not made again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

import polars as pl

from services.profile.book.delta import Bucket
from services.profile.book.domain import invoice_lines
from services.profile.book.domain.evidence import HELD, Evidence, evidence
from services.profile.book.domain.invoice import SCHEMA
from services.profile.book.domain.party import party_of
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.lake import Lake, lakes
from services.profile.book.usecases.gather import Known, gather_part, standing_rows
from services.profile.portrait.peer_files import PeerFiles
from services.profile.watch.domain.signals import BY_KEY, SignalInputs, Surroundings, behind, evaluate
from services.profile.watch.domain.signals.catalogue import has_source
from services.profile.watch.domain.signals.thresholds import threshold_on
from services.profile.watch.usecases.tell import counted
from services.profile.watch.usecases.view import DEFAULT, OWN, RING, members_with, ring_since, warn_of_unsearched

c = pl.col
# What is kept of each bucket: what signals found and rest on, which invoices may be hops, who trades, with whom.
TABLES = ("readings", "records", "hops", "firms", "partners")
RINGS = ("ring-readings", "ring-records")


@dataclass(frozen=True, slots=True)
class Survey:
    """What is the same for every bucket: what is known, where from, where to; `looked` are those looked at (None: all).

    `owing` are the public records of who does not pay; `book` are the enterprises with invoices of their own.
    """

    stamp: str
    known: Known
    lake: tuple[str, Mapping[str, str]]
    files: PeerFiles
    beside: Surroundings
    owing: pl.DataFrame = field(repr=False)
    book: pl.Series = field(repr=False)
    looked: pl.Series | None = field(repr=False, default=None)


@dataclass(frozen=True, slots=True)
class Share:
    """One unit: a bucket, the firms that are in it, and the survey that it is part of."""

    bucket: Bucket
    firms: pl.DataFrame
    survey: Survey

    def __str__(self) -> str:
        """Name the unit: nobody's name."""
        return f"bucket {self.number}"

    @property
    def number(self) -> int:
        """The number of its bucket, which its tables bear."""
        return self.bucket.number

    @property
    def lakes(self) -> Mapping[str, Lake]:
        """The lakes that it reads."""
        url, options = self.survey.lake
        return _lakes(url, tuple(sorted(options.items())))


class _Bucket:
    """A kind of data of one bucket."""

    def __init__(self, lake: Lake, bucket: Bucket) -> None:
        self._lake, self._bucket = lake, bucket

    def read(self, version: int, enterprises: Iterable[str] | None = None, *, without: Iterable[str]) -> pl.DataFrame:
        """Return as `Lake.read` does, of the firms of this bucket: all of them."""
        assert enterprises is None
        return self._lake.scan(version, without=list(without), bucket=self._bucket).collect()


@lru_cache(maxsize=4)
def _lakes(url: str, options: tuple[tuple[str, str], ...]) -> Mapping[str, Lake]:
    return lakes(url, dict(options))


def survey(share: Share) -> None:
    """Write what the signals find in one bucket, and what those that need others take from it."""
    files, stamp = share.survey.files, share.survey.stamp
    if all(files.has(stamp, f"{name}-{share.number}") for name in TABLES):
        return
    for name, table in _surveyed(share).items():
        files.write(stamp, f"{name}-{share.number}", table)


def find_rings(whole: Survey, buckets: Iterable[int]) -> None:
    """Write the rings that the hops of all buckets make, as their members read them."""
    if all(whole.files.has(whole.stamp, name) for name in RINGS):
        return
    hops = pl.concat([whole.files.read(whole.stamp, f"hops-{bucket}") for bucket in buckets]).collect()
    firms = pl.concat([whole.files.read(whole.stamp, f"firms-{bucket}") for bucket in buckets]).collect()
    beside = replace(whole.beside, firms=frozenset(firms["enterprise"]))
    scene = SignalInputs(evidence(hops, {}, whole.known.firms), whole.known.moment.as_of, beside)
    signal = BY_KEY[RING]
    if has_source(scene, signal):
        warn_of_unsearched(scene)
    found = evaluate(scene, (signal,))
    hits = found.hits
    if whole.looked is not None:
        members = pl.Series(sorted(members_with(hits, whole.looked)), dtype=pl.String)
        hits = hits.filter(c("enterprise").is_in(members.implode()))
    whole.files.write(whole.stamp, "ring-readings", hits)
    whole.files.write(whole.stamp, "ring-records", counted(behind(scene, hits)))


def _surveyed(share: Share) -> dict[str, pl.DataFrame]:
    whole, day = share.survey, share.survey.known.moment.as_of
    read = _evidence(share)
    around = SignalInputs(replace(read, public_records=whole.owing), day, whole.beside)
    scene = SignalInputs(_of(read, whole.looked), day, whole.beside)
    found = [evaluate(scene, OWN), evaluate(around, (BY_KEY[DEFAULT],))]
    readings = pl.concat(each.readings for each in found)
    records = pl.concat([counted(behind(scene, found[0].hits)), counted(behind(around, found[1].hits))])
    traded = around.valid.select("enterprise").unique()
    return {
        "readings": readings,
        "records": records,
        "hops": _hops(around, whole),
        "firms": traded,
        "partners": _partners(scene) if whole.looked is not None else traded.clear().rename({"enterprise": "party"}),
    }


def _evidence(share: Share) -> Evidence:
    """Return all that is known of the firms of a bucket, lines of invoices among it."""
    known, kind = share.survey.known, invoice_lines.DATASET.name
    here = {name: _Bucket(lake, share.bucket) for name, lake in share.lakes.items()}
    told = gather_part(here, known, Whole(Why.WATCH), share.firms)
    if kind not in known.versions:
        return told
    rows = standing_rows(here[kind], HELD[kind], known.versions[kind], None, known.gone)
    lines = HELD[kind].as_known(rows, known_at=known.moment.known_at, as_of=known.moment.as_of)
    return replace(told, invoice_lines=invoice_lines.standing(lines, told.invoices))


def _of(read: Evidence, names: pl.Series | None) -> Evidence:
    """Return the evidence of some firms alone."""
    if names is None:
        return read
    mine = c("enterprise").is_in(names.implode())
    return replace(read, **{name: getattr(read, name).filter(mine) for name in Evidence.__slots__})


def _hops(scene: SignalInputs, whole: Survey) -> pl.DataFrame:
    """Return the invoices that may be hops of rings that closed lately, with what their records tell."""
    least = int(threshold_on(RING, scene.as_of)["least_fen"])
    late = scene.heard.filter(c("date") >= ring_since(scene.as_of), c("total_fen") >= max(least, 1))
    here = party_of(c("counterparty")).is_in(whole.book.implode())
    return late.filter(here).select(list(SCHEMA))


def _partners(scene: SignalInputs) -> pl.DataFrame:
    """Return whom the firms that are looked at traded with."""
    told = scene.evidence.invoices.select(party=party_of(c("counterparty").unique()))
    return told.drop_nulls().unique()
