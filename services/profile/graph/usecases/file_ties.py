"""What open files tell of a firm's ties at a moment: trade and registers, from the store or from the lakes.

The store answers for the present, where it is as new as the book; for a past time, or while it lags behind, the files
are read from the lakes. Both give the same. What only a firm itself says is looked into for what is shown, and only
there the lakes are read for the present too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from services.profile.book import import_store, step_store
from services.profile.book.context import Context
from services.profile.book.domain import departure, relation
from services.profile.book.domain.confirmation import Told as Said
from services.profile.book.domain.confirmation import unconfirmed, weigh
from services.profile.book.domain.departure import remaining
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Facts, Moment
from services.profile.book.domain.party import party_of
from services.profile.book.domain.permit import Permit, Whole
from services.profile.book.domain.relation import CROWD
from services.profile.book.usecases.gather import gather, gone_at, scan, standing_rows
from services.profile.book.usecases.tell_sources import BookSources, FromDatabase
from services.profile.graph.domain.crowd import crowd_among
from services.profile.graph.domain.dealings import Daily, Dealings, Told, daily_of, dealings
from services.profile.graph.domain.neighbourhood import File
from services.profile.graph.domain.resolution import Resolved
from services.profile.graph.domain.sums import sums
from services.profile.graph.domain.ties import REGISTER, Registered, registered
from services.profile.graph.tie_store import Graph
from services.profile.graph.usecases.keep_ties import kept, refresh

KINDS = frozenset({"payments", "relations", DATASET.name})
# What a request brings the store forward by itself; more is the worker's, and the files are read instead.
MOST_NEW = 20_000
# So many rows of a party nearly always show that a crowd names it; an agency's address has thousands.
ENOUGH = 20 * CROWD


@dataclass(frozen=True, slots=True)
class Source:
    """Where ties are read: the moment, and the store's graph where it holds what is known at it.

    `own` are the firms that the reader itself is: it is told no confirmation by partners' files.
    """

    context: Context
    facts: Facts
    graph: Graph | None
    own: frozenset[str] = frozenset()

    @property
    def moment(self) -> Moment:
        """The moment of the answer."""
        return self.facts.moment


@dataclass(frozen=True, slots=True)
class Files:
    """What some files tell: the ties of each one's registers, and the daily sums of their trade."""

    files: list[File]
    daily: Daily

    def names(self, source: Source) -> set[str]:
        """Return the partners that the files write by a name alone, up to the day."""
        return self.daily.names(source.moment.as_of)

    def dealings(self, source: Source, resolved: Mapping[str, Resolved]) -> Dealings:
        """Return their trade; `resolved` tells what the names are."""
        return dealings(self.daily, {name: one.node for name, one in resolved.items()}, source.moment.as_of)


def ready_graph(context: Context, facts: Facts) -> Graph | None:
    """Return the store's graph where it says what is known at the moment as it is."""
    graph = kept(context).current() if facts.current else None
    return graph if graph is not None and graph.mark.known_at == facts.known_at else None


def current_graph(context: Context, facts: Facts) -> Graph | None:
    """Return the store's graph where it says what is known at the moment; brought forward where that is little."""
    if not facts.current:
        return None
    graph = refresh(context, most=MOST_NEW, wait=False)
    return graph if graph is not None and graph.mark.known_at == facts.known_at else None


def from_lakes(source: Source) -> Source:
    """Return the same source without the store's graph: whoever reads it holds no transaction, as it takes long."""
    return replace(source, graph=None)


def read_files(source: Source, permit: Permit) -> Files:
    """Return the ties that the files of a permit tell.

    Raises `FileNotFoundError` where another process has put a newer graph in the place of the source's long ago: see
    `from_lakes`.
    """
    if source.graph is not None:
        held = kept(source.context)
        daily = held.daily(source.graph, permit.enterprises)
        return _files(source, permit, held.registers(source.graph).of(permit.enterprises), daily)
    evidence = gather(source.context, source.moment, permit, KINDS)
    told = (evidence.invoices, evidence.payments, evidence.relations)
    imports = pl.concat([each["import_id"] for each in told]).unique().sort().to_list()
    channels = _channels(source.context, imports)
    channel = pl.Series([channels.get(name) for name in evidence.relations["import_id"]], dtype=pl.String)
    named = departure.names_of(relation.DATASET, evidence.relations)
    relations = evidence.relations.with_columns(channel=channel, record=named).select(REGISTER).rows()
    return _files(source, permit, relations, daily_of(sums(evidence.invoices, channels, evidence.payments)))


def read_naming(source: Source, parties: Collection[str], scope: Whole) -> list[Sequence[Any]]:
    """Return the relations (`REGISTER`) of all firms that name one of these parties, as known at the moment.

    Of a party that a crowd names there may be so many only as show that. For a declared reason, as no file is open; by
    which channel a relation came is not told of all of them. Raises `FileNotFoundError` as `read_files` does.
    """
    if source.graph is not None:
        held = kept(source.context).registers(source.graph)
        rows, more = held.naming(parties, ENOUGH)
        return held.naming(parties)[0] if more - crowd_among(rows, source.moment.as_of) else rows
    none = pl.lit(None)
    return list(_naming(source, parties, scope).with_columns(channel=none, record=none).select(REGISTER).iter_rows())


def confirm(
    source: Source, permit: Permit, told: Sequence[Told], speaking: Collection[str], resolved: Mapping[str, Resolved]
) -> None:
    """Write into what is told how much of it only its firm says; `speaking` are those that say any themselves."""
    for itself in (True, False):
        firms = {one.firm for one in told if one.firm in speaking and (one.firm in source.own) is itself}
        if firms:
            alone = _alone(_weighed(source, permit.only(firms), sides=not itself), resolved)
            for one in told:
                if one.firm in firms:
                    one.row["unconfirmed_fen"] = alone.get((one.firm, one.node, one.sale), 0)


def _files(source: Source, permit: Permit, relations: Iterable[Sequence[Any]], daily: Daily) -> Files:
    registers: dict[str, list[Registered]] = {name: [] for name in permit.enterprises}
    for tie in registered(relations, source.moment.as_of):
        registers[tie.firm].append(tie)
    return Files([File(name, ties) for name, ties in registers.items()], daily)


def _naming(source: Source, parties: Collection[str], scope: Whole) -> pl.DataFrame:
    """Return the relations of all firms that name one of these parties, from the lake."""
    context, dataset, known_at = source.context, relation.DATASET, source.facts.known_at
    with context.database.read() as session:
        version = step_store.lake_versions(session, known_at).get(dataset.name)
    if version is None:
        return dataset.empty()
    every = scan(context, dataset.name, version, known_at, scope)
    rows = every.filter(pl.col("party").is_in(sorted(parties))).collect()
    with context.database.read() as session:
        gone = gone_at(session, rows["enterprise"].unique().to_list(), replace(source.moment, known_at=known_at))
    return dataset.as_known(remaining(dataset, rows, gone.records), known_at=known_at)


def _channels(context: Context, imports: list[str]) -> dict[str, str]:
    if not imports:
        return {}
    with context.database.read() as session:
        return {name: channel for name, (_, channel) in import_store.senders(session, imports).items()}


def _alone(rows: pl.DataFrame, resolved: Mapping[str, Resolved]) -> dict[tuple[str, str | None, bool], int]:
    """Return what of weighed invoices only their firms say, by firm, partner and side."""
    found: dict[tuple[str, str | None, bool], int] = {}
    alone = rows.filter(unconfirmed()).with_columns(node=party_of(pl.col("counterparty")))
    for firm, written, node, direction, net in alone.select(
        "enterprise", "counterparty", "node", "direction", "net_fen"
    ).iter_rows():
        key = (firm, resolved[written].node if written in resolved else node, direction == "sale")
        found[key] = found.get(key, 0) + net
    return found


def _weighed(source: Source, permit: Permit, *, sides: bool) -> pl.DataFrame:
    """Return the invoices of files with what confirms them, as the portrait weighs them (ADR 28)."""
    context, moment, known_at = source.context, source.moment, source.facts.known_at
    with context.database.read() as session:
        gone = gone_at(session, permit.enterprises, moment)
    statements = standing_rows(context.lake, DATASET, moment.version, permit.enterprises, gone)
    if moment.known_at is not None:
        statements = statements.filter(pl.col("known_at") <= moment.known_at)
    sources = BookSources(context.lakes, FromDatabase(context.database))
    told = Said(statements, sources.senders(statements["import_id"].unique().sort().to_list()))
    beside, senders = sources.beside(statements.filter(told.own()), moment, known_at)
    told = Said(statements, pl.concat([told.senders, senders]).unique("import_id"), beside)
    return weigh(as_known(statements, as_of=moment.as_of), told if sides else told.without_sides())
