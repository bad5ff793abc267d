"""What a portrait is held against: every firm's figures, grouped into peers, and the network of trade.

The baseline is that of the last month's end, as known at the moment: it stands still while a month runs, so that an
import of new invoices costs the portrait of one firm and not of the whole book. Where records of closed months come
late, only the firms that they speak of (and those they traded with) are computed again; the rest is remembered. It is
a function of the moment alone: a replay gives the same bytes, whatever was remembered.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import lru_cache
from threading import Lock

import polars as pl

from services.profile.book import departures, store, withdrawals
from services.profile.book.context import Context
from services.profile.book.domain.evidence import HELD, Evidence
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.party import party_of
from services.profile.book.domain.permit import Permit, Whole, Why
from services.profile.book.lake import Lake
from services.profile.book.usecases.gather import EVERY, gather, scan
from services.profile.portrait.domain import crosscheck
from services.profile.portrait.domain.features import NEEDS, compute
from services.profile.portrait.domain.indicators import Trust, own, whole
from services.profile.portrait.domain.peers import Peers, peers
from services.profile.portrait.usecases.cross_check import material
from services.profile.standards.days import month_end_before

REMEMBERED = 4
PEERS = Whole(Why.PEERS)
NOBODY = pl.DataFrame(schema={"enterprise": pl.String})
SIZES = ("enterprise", "size_class")
# What the figures of the network are made of (`indicators.whole`).
OF_NETWORK = ("invoices", "relations", "public-records")
ROSTER = ("enterprise", "industry", "size_class", "synthetic")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a portrait needs of all others: the groups of peers, the sizes of firms, the network figures by firm.

    `day` is the day that it describes.
    """

    day: date
    peers: Peers
    parties: pl.DataFrame
    network: pl.DataFrame


@dataclass(frozen=True, slots=True)
class _Held:
    """A baseline with what it was made of: as known at a time, each firm's figures, its trust, who the firms are.

    `departures` is how many records had left the book then.
    """

    known_at: datetime
    departures: int
    figures: pl.DataFrame
    checks: pl.DataFrame
    roster: pl.DataFrame
    baseline: Baseline


class Baselines:
    """The baselines of a lake, by day; each is brought forward when more becomes known.

    A `light` one holds the features of invoices only, without cross-checks and network: what signals compare with.
    """

    def __init__(self, *, light: bool = False) -> None:
        self._light = light
        self._held: OrderedDict[date, _Held] = OrderedDict()
        self._lock = Lock()

    def at(self, context: Context, moment: Moment) -> Baseline:
        """Return the baseline of a moment, which names its `known_at`; peers are as they are, whatever is disputed."""
        assert moment.known_at is not None
        moment = replace(moment, without=frozenset())
        with self._lock:
            day = closed(moment.as_of)
            made = self._made(context, replace(moment, as_of=day))
            if made.figures.is_empty():
                # Nothing is known of closed months: the day itself must do.
                made = self._made(context, moment)
            return made.baseline

    def _made(self, context: Context, moment: Moment) -> _Held:
        held = self._held.get(moment.as_of)
        assert moment.known_at is not None
        if held is None:
            made = _afresh(context, moment, light=self._light)
        elif (held.known_at, held.departures) == (moment.known_at, moment.departures):
            made = held
        elif held.known_at < moment.known_at:
            made = _forward(context, moment, held, light=self._light)
        else:
            # An earlier time is asked for seldom, and must not push out what is current.
            return _afresh(context, moment, light=self._light)
        self._held[moment.as_of] = made
        self._held.move_to_end(moment.as_of)
        while len(self._held) > REMEMBERED:
            self._held.popitem(last=False)
        return made


@lru_cache(maxsize=8)
def baselines(lake: Lake, *, light: bool = False) -> Baselines:
    """Return the baselines of a lake; they remember."""
    assert lake is not None
    return Baselines(light=light)


def closed(as_of: date) -> date:
    """Return the last day of the last month that has ended by a day.

    >>> closed(date(2020, 2, 21)), closed(date(2020, 2, 29))
    (datetime.date(2020, 1, 31), datetime.date(2020, 2, 29))
    """
    return month_end_before(as_of + timedelta(days=1))


def trust_of(context: Context, moment: Moment, scope: Permit | Whole, evidence: Evidence) -> Trust:
    """Return by which channels data came, and how far the sources of the firms of a scope agree.

    `evidence` is what is known of these firms at the moment.
    """
    with context.database.read() as session:
        rows = store.channels(session)
    channels = pl.DataFrame(rows, schema={"import_id": pl.String, "channel": pl.String}, orient="row")
    checks = crosscheck.pass_rate(crosscheck.tally_book(material(context, moment, scope, evidence)))
    return Trust(channels, checks.select("enterprise", "pass_rate"))


def _afresh(context: Context, moment: Moment, *, light: bool) -> _Held:
    """Compute every firm."""
    evidence = gather(context, moment, PEERS, ("invoices",) if light else EVERY)
    told = of_others(context, evidence)
    trust = None if light else trust_of(context, moment, PEERS, told)
    figures = _figures(told, evidence.enterprises, moment.as_of, trust)
    return _held(moment, evidence, figures, trust)


def _forward(context: Context, moment: Moment, held: _Held, *, light: bool) -> _Held:
    """Bring a baseline forward to what is known now, computing only the firms that more became known of."""
    if _taken_back(context, moment, held):
        return _afresh(context, moment, light=light)
    touched = _touched(context, moment, held)
    roster = _roster(context, moment)
    if not touched and roster.equals(held.roster):
        return replace(held, known_at=moment.known_at or held.known_at, departures=moment.departures)
    # Sizes of others decide whose terms of payment count: where they change, so may anybody's figures.
    if not roster.select(SIZES).equals(held.roster.select(SIZES)):
        return _afresh(context, moment, light=light)
    anew = Whole(Why.PEERS, tuple(touched))
    told = of_others(context, gather(context, moment, anew))
    trust = None if light else trust_of(context, moment, anew, told)
    everything = gather(context, moment, PEERS, () if light else OF_NETWORK)
    figures = _figures(told, everything.enterprises, moment.as_of, trust)
    names = pl.Series(touched, dtype=pl.String).implode()
    kept = held.figures.filter(~pl.col("enterprise").is_in(names))
    together = pl.concat([kept, figures], how="diagonal").sort("enterprise")
    if trust is not None:
        still = held.checks.filter(~pl.col("enterprise").is_in(names))
        trust = Trust(trust.channels, pl.concat([still, trust.checks]).sort("enterprise"))
    return _held(moment, everything, together, trust)


def of_others(context: Context, evidence: Evidence) -> Evidence:
    """Return what others than the enterprises themselves say: by its own word none moves what all are held against."""
    with context.database.read() as session:
        own = sorted(store.own_imports(session))
    if not own:
        return evidence
    kinds = [name.replace("-", "_") for name in EVERY]
    told = {kind: getattr(evidence, kind).filter(~pl.col("import_id").is_in(own)) for kind in kinds}
    return replace(evidence, **told)


def _figures(evidence: Evidence, parties: pl.DataFrame, day: date, trust: Trust | None) -> pl.DataFrame:
    features = compute(evidence.invoices.select(NEEDS), as_of=day)
    if trust is None:
        return features
    told = own(evidence, [day], parties, trust).drop("as_of", "last_on")
    return told.join(features, on="enterprise", how="full", coalesce=True).sort("enterprise")


def _held(moment: Moment, evidence: Evidence, figures: pl.DataFrame, trust: Trust | None) -> _Held:
    network = whole(evidence, moment.as_of, trust) if trust is not None else NOBODY
    roster = evidence.enterprises.select(ROSTER).sort("enterprise")
    book = figures.join(network, on="enterprise", how="full", coalesce=True).sort("enterprise")
    baseline = Baseline(moment.as_of, peers(book, roster), evidence.enterprises.select(SIZES), network)
    assert moment.known_at is not None
    return _Held(
        moment.known_at, moment.departures, figures, trust.checks if trust is not None else NOBODY, roster, baseline
    )


def _roster(context: Context, moment: Moment) -> pl.DataFrame:
    with context.database.read() as session:
        assert moment.known_at is not None
        firms = store.enterprises_at(session, moment.known_at)
    schema = {"enterprise": pl.String, "industry": pl.String, "size_class": pl.String, "synthetic": pl.Boolean}
    rows = [(firm.id, firm.industry, firm.size_class, firm.synthetic) for firm in firms]
    return pl.DataFrame(rows, schema=schema, orient="row").sort("enterprise")


def _taken_back(context: Context, moment: Moment, held: _Held) -> bool:
    """Tell whether an import was taken back since: seldom, and then of any firm, so that nothing is kept."""
    assert moment.known_at is not None
    with context.database.read() as session:
        return withdrawals.withdrawn_between(session, held.known_at, moment.known_at)


def _touched(context: Context, moment: Moment, held: _Held) -> list[str]:
    """Return the firms of which something dated up to the day became known or left since, and whom they dealt with."""
    with context.database.read() as session:
        versions = store.lake_versions(session, moment.known_at)
        names = departures.departed_between(session, held.known_at, moment.known_at)
    between = (pl.col("known_at") > held.known_at) & (pl.col("known_at") <= moment.known_at)
    # Figures rest on these kinds; the lines of invoices are part of none.
    for kind in sorted(versions.keys() & EVERY):
        version, day = versions[kind], pl.col(HELD[kind].day)
        past = day.is_null() | (day <= moment.as_of)
        everything = scan(context, kind, version, moment.known_at, PEERS)
        rows = everything.filter(between & past)
        names |= set(rows.select("enterprise").unique().collect()["enterprise"])
        if "counterparty" in everything.collect_schema().names():
            others = rows.select(party_of(pl.col("counterparty"))).unique().collect().to_series().drop_nulls()
            names |= set(others) & set(held.roster["enterprise"])
    return sorted(names)
