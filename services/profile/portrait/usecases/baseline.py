"""What a portrait is held against: groups of peers, and the network of trade, from the last figures that are finished.

They are those of the last month's end: they stand still while a month runs. A worker makes them (`make_peers`) and says
from which moment on they are read; here they are only read, a group and a few rows of a file at a time. What is read
at a moment never changes, so that a replay gives the same bytes, whatever is learned or made later.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache, partial
from hashlib import sha256

import polars as pl

from chassis.data.database import Runner
from services.profile.book import enterprise_store, import_store, state_store, step_store
from services.profile.book.context import Context
from services.profile.book.delta import one_of
from services.profile.book.domain.enterprise import Enterprise
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.invoice import DATASET
from services.profile.book.domain.moment import Moment, usual_day
from services.profile.book.domain.party import party_of, written
from services.profile.book.domain.permit import Permit, Whole, Why
from services.profile.book.usecases.gather import scan
from services.profile.portrait import peer_store
from services.profile.portrait.domain import crosscheck
from services.profile.portrait.domain.features import VERSION
from services.profile.portrait.domain.indicators import INDICATORS, Trust
from services.profile.portrait.domain.peers import INDEX, Peers, from_rows
from services.profile.portrait.peer_files import PeerFiles, naming, naming_one
from services.profile.portrait.peer_store import Finished
from services.profile.portrait.usecases.cross_check import material
from services.profile.standards.days import month_end_before

# Raise with any change of how an indicator, a group or the network is computed; declared names are in the digest.
REVISION = "2"
CATALOGUE = f"{VERSION} {REVISION}-{sha256(' '.join(each.name for each in INDICATORS).encode()).hexdigest()[:8]}"
SIZES = {"enterprise": pl.String(), "size_class": pl.String()}
# Of so many tables of groups it is remembered which groups there are, and those that were asked for.
REMEMBERED = 8
# The table that is written last.
LAST = "firms"


@dataclass(frozen=True, slots=True)
class Mentions:
    """Who names whom: by the index of finished peers (`stamp`), and by the tables of each part of the book (`heard`).

    These come with the moment up to which they are all that is known; there are none where they are not kept.
    """

    stamp: str
    heard: tuple[tuple[str, datetime], ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a portrait needs of all others: groups of peers, and the network's figures of the firms asked for.

    `day` is the day that it describes, `known_at` when what it describes was known.
    """

    day: date
    known_at: datetime
    peers: Peers
    network: pl.DataFrame
    mentions: Mentions


def baseline(context: Context, moment: Moment, enterprises: Collection[str] | None) -> Baseline:
    """Return the baseline that is read at a moment, with the network of these firms (None: of all).

    Peers are as they are, whatever is disputed. Refuses where none is finished in time (`PeerMaker.see_to`).
    """
    found = _finished(context, moment, by_trade=False)
    assert found.stamp is not None
    network = peer_files(context).read(found.stamp, "network")
    if enterprises is not None:
        network = network.filter(one_of(pl.col("enterprise"), enterprises))
    groups = _groups(peer_files(context), found.stamp, "groups")
    return Baseline(found.day, found.known_at, groups, network.collect(), _mentions(found))


def finished_mentions(context: Context, moment: Moment) -> Mentions | None:
    """Return who names whom as the last finished peers tell; None where there are none, which are not ordered."""
    with context.database.read() as session:
        found = peer_store.newest_of_any_day(session, moment.known_at, CATALOGUE)
    return _mentions(found) if found is not None and readable(context, found) else None


def _mentions(found: Finished) -> Mentions:
    assert found.stamp is not None
    heard = tuple((part[0], datetime.fromisoformat(part[2])) for part in found.parts or () if len(part) > 2)
    return Mentions(found.stamp, heard)


def usual(context: Context, moment: Moment) -> Peers:
    """Return what is usual among firms with invoices, as signals compare with it (`peers.USUAL`)."""
    found = _finished(context, moment, by_trade=True)
    assert found.stamp is not None
    return _groups(peer_files(context), found.stamp, "usual")


def _finished(context: Context, moment: Moment, *, by_trade: bool) -> Finished:
    """Return the figures that are read at a moment: of the month's end, or of the day if nothing was known then."""
    assert moment.known_at is not None
    found = _of_day(context, closed(moment.as_of), moment.known_at)
    if (found.traded if by_trade else found.figured) == 0 and found.day != moment.as_of:
        return _of_day(context, moment.as_of, moment.known_at)
    return found


def _of_day(context: Context, day: date, known_at: datetime) -> Finished:
    context.peers.see_to(context, day, known_at)
    with context.database.read() as session:
        found = peer_store.newest(session, day, known_at, CATALOGUE)
    assert found is not None, "they were seen to"
    return found


def closed(as_of: date) -> date:
    """Return the last day of the last month that has ended by a day.

    >>> closed(date(2020, 2, 21)), closed(date(2020, 2, 29))
    (datetime.date(2020, 1, 31), datetime.date(2020, 2, 29))
    """
    return month_end_before(as_of + timedelta(days=1))


def live_day(context: Context, runner: Runner) -> date:
    """Return the day of the peers that files are held against where a request names no day."""
    return closed(usual_day(state_store.book(runner).date, context.today()))


def peers_made_at(context: Context) -> datetime | None:
    """Return when the newest peers of the book's own day were made, None where there are none: for metrics."""
    with context.database.read() as session:
        return peer_store.made_at(session, live_day(context, session))


def peers_behind_since(context: Context) -> datetime | None:
    """Return since when the book knows something that the peers of its own day do not hold; None where they hold all.

    What the book learned first of that counts: figures that follow late are behind since then, whatever comes later.
    """
    with context.database.read() as session:
        state = state_store.book(session)
        found = peer_store.newest(session, live_day(context, session), None, CATALOGUE)
        held = found.current_to if found else state_store.EMPTY_BOOK.known_at
        return None if held >= state.known_at else step_store.first_after(session, held) or state.known_at


def peer_files(context: Context) -> PeerFiles:
    """Return the files of peer figures: of this machine, or copies of those that several machines share."""
    return PeerFiles(context.settings.peers, context.settings.shared(context.settings.peers))


def readable(context: Context, found: Finished | None) -> bool:
    """Tell whether there are peers, they count what they may, and their files are there."""
    return found is not None and found.sound and found.stamp is not None and peer_files(context).has(found.stamp, LAST)


@lru_cache(REMEMBERED)
def _groups(files: PeerFiles, stamp: str, name: str) -> Peers:
    index = files.read(stamp, name).select(INDEX).unique().collect()
    return from_rows(index, partial(_group_rows, files, stamp, name))


def _group_rows(files: PeerFiles, stamp: str, name: str, place: int) -> pl.DataFrame:
    return files.read(stamp, name).filter(pl.col("place") == place).collect()


def known_parties(context: Context, moment: Moment, evidence: Evidence) -> list[Enterprise]:
    """Return the firms of some evidence and those that they trade with, as known at a moment."""
    assert moment.known_at is not None
    told = evidence.invoices.select(party_of(pl.col("counterparty").unique())).to_series().drop_nulls()
    names = sorted({*evidence.enterprises["enterprise"], *told})
    with context.database.read() as session:
        return enterprise_store.enterprises_at(session, moment.known_at, names)


def parties_of(context: Context, moment: Moment, evidence: Evidence) -> pl.DataFrame:
    """Return the sizes of the firms of some evidence and of whom they trade with, as known at a moment."""
    return sizes_of(known_parties(context, moment, evidence))


def sizes_of(firms: Iterable[Enterprise]) -> pl.DataFrame:
    """Return the size of each firm (enterprise, size_class)."""
    return pl.DataFrame([(firm.id, firm.size_class) for firm in firms], schema=SIZES, orient="row")


def naming_firms(context: Context, moment: Moment, held: Mentions, enterprises: Collection[str]) -> list[str] | None:
    """Return the firms that may name one of these as a partner at a moment; None where only the whole book tells.

    They are those of the tables, which hold what was known when they were made, and of what became known since.
    """
    if not held.heard:
        return None
    try:
        found = _naming(peer_files(context), held, enterprises)
    except FileNotFoundError:
        return None
    since = min(at for _, at in held.heard)
    later = scan(context, DATASET.name, moment.version, moment.known_at, Whole(Why.PARTNERS), since=since)
    about = pl.col("counterparty").is_in(pl.Series(written(enterprises), dtype=pl.String).implode())
    return sorted({*found, *later.filter(about).select("enterprise").unique().collect().to_series()})


def _naming(files: PeerFiles, held: Mentions, enterprises: Collection[str]) -> set[str]:
    """Return who names these, by the index; of whom it does not say, by what each part says of others."""
    told, rest = set[str](), list[str]()
    for firm in enterprises:
        near = naming_one(files, held.stamp, firm)
        told.update(near or ())
        rest += [firm] if near is None else []
    return told | set(naming(files, [stamp for stamp, _ in held.heard], rest))


def trust_of(
    context: Context,
    moment: Moment,
    scope: Permit | Whole,
    evidence: Evidence,
    naming: Collection[str] | None = None,
) -> Trust:
    """Return by which channels data came, and how far the sources of the firms of a scope agree.

    `evidence` is what is known of these firms at the moment, `naming` who may name them (`naming_firms`).
    """
    with context.database.read() as session:
        rows = import_store.channels(session)
    channels = pl.DataFrame(rows, schema={"import_id": pl.String, "channel": pl.String}, orient="row")
    checks = crosscheck.pass_rate(crosscheck.tally_book(material(context, moment, scope, evidence, naming)))
    return Trust(channels, checks.select("enterprise", "pass_rate"))
