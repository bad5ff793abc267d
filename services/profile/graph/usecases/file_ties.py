"""What open files tell of a firm's ties at a moment: trade from the store or the lake, the rest from the registers.

The store answers for the present, where it is as new as the book; for a past time, or while it lags behind, the files
are read from the lake. Both give the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from services.profile.book import store
from services.profile.book.context import Context
from services.profile.book.domain import relation
from services.profile.book.domain.confirmation import Told, unconfirmed, weigh
from services.profile.book.domain.departure import names_of
from services.profile.book.domain.evidence import Evidence
from services.profile.book.domain.invoice import DATASET, as_known
from services.profile.book.domain.moment import Facts, Moment
from services.profile.book.domain.permit import Permit
from services.profile.book.usecases.gather import gather, gone_at, standing_rows
from services.profile.book.usecases.tell_sources import BookSources
from services.profile.graph.domain.neighbourhood import File
from services.profile.graph.domain.resolution import Resolved, resolve
from services.profile.graph.domain.sums import sums
from services.profile.graph.domain.ties import SIDE, TRADE, Registered, registered, trade
from services.profile.graph.tie_store import Graph
from services.profile.graph.usecases.keep_ties import kept, refresh

BESIDE = frozenset({"payments", "relations"})
# What a request brings the store forward by itself; more is the worker's, and the files are read instead.
MOST_NEW = 20_000
UNCONFIRMED: dict[str, pl.DataType] = {name: TRADE[name] for name in SIDE} | {"unconfirmed_fen": pl.Int64()}


@dataclass(frozen=True, slots=True)
class Ties:
    """What some files tell: each file's ties, the names of their firms, what their counterparties are."""

    files: list[File]
    names: Mapping[str, str | None]
    resolved: Mapping[str, Resolved]


@dataclass(frozen=True, slots=True)
class Source:
    """Where ties are read: the moment, the store's graph where it holds what is known at it, names for resolution.

    `own` are the firms that the reader itself is: it is told no confirmation by partners' files.
    """

    context: Context
    facts: Facts
    graph: Graph | None
    firms: Iterable[tuple[str, str]] = ()
    own: frozenset[str] = frozenset()

    @property
    def moment(self) -> Moment:
        """The moment of the answer."""
        return self.facts.moment


def current_graph(context: Context, facts: Facts) -> Graph | None:
    """Return the store's graph where it says what is known at the moment; brought forward where that is little."""
    if not facts.current:
        return None
    graph = refresh(context, most=MOST_NEW, wait=False)
    return graph if graph is not None and graph.mark.known_at == facts.known_at else None


def read_files(source: Source, permit: Permit) -> Ties:
    """Return the ties that the files of a permit tell."""
    evidence, daily = _read(source, permit)
    imports = pl.concat([evidence.payments["import_id"], evidence.relations["import_id"]]).unique().sort().to_list()
    channels = _channels(source.context, imports)
    own = [name for name, channel in channels.items() if channel == "subject"]
    parties = pl.concat([daily["counterparty"], evidence.payments["counterparty"]]).drop_nulls().unique()
    resolved = resolve(parties, source.firms)
    daily, payments = (_at_nodes(rows, resolved) for rows in (daily, evidence.payments))
    told = trade(daily, payments, source.moment.as_of, own)
    told = told.join(_unconfirmed(source, permit, told, resolved), on=SIDE, how="left", nulls_equal=True)
    told = told.with_columns(pl.col("unconfirmed_fen").fill_null(0))
    by_firm: dict[str, list[dict[str, Any]]] = {name: [] for name in permit.enterprises}
    for row in told.iter_rows(named=True):
        by_firm[row["enterprise"]].append(row)
    registers: dict[str, list[Registered]] = {name: [] for name in permit.enterprises}
    named = evidence.relations.with_columns(record=names_of(relation.DATASET, evidence.relations))
    for tie in registered(named, source.moment.as_of, channels):
        registers[tie.firm].append(tie)
    files = [File(name, rows, registers[name]) for name, rows in by_firm.items()]
    names = dict(evidence.enterprises.select("enterprise", "name").iter_rows())
    return Ties(files, names, resolved)


def _read(source: Source, permit: Permit) -> tuple[Evidence, pl.DataFrame]:
    """Return what the files hold beside invoices, and the daily sums of these."""
    context = source.context
    if source.graph is not None:
        try:
            daily = kept(context).read(source.graph, permit.enterprises)
            return gather(context, source.moment, permit, BESIDE), daily
        except FileNotFoundError:  # another process has put a newer graph in its place long ago
            pass
    evidence = gather(context, source.moment, permit, BESIDE | {DATASET.name})
    imports = evidence.invoices["import_id"].unique().sort().to_list()
    return evidence, sums(evidence.invoices, _channels(context, imports))


def _channels(context: Context, imports: list[str]) -> dict[str, str]:
    if not imports:
        return {}
    with context.database.read() as session:
        return {name: channel for name, (_, channel) in store.senders(session, imports).items()}


def _at_nodes(rows: pl.DataFrame, resolved: Mapping[str, Resolved]) -> pl.DataFrame:
    """Return rows with the node of each counterparty in its place."""
    nodes = {written: one.node for written, one in resolved.items()}
    return rows.with_columns(
        pl.col("counterparty").replace_strict(list(nodes), list(nodes.values()), default=None, return_dtype=pl.String)
    )


def _unconfirmed(source: Source, permit: Permit, told: pl.DataFrame, resolved: Mapping[str, Resolved]) -> pl.DataFrame:
    """Return what of the files' invoices only their firms say (`UNCONFIRMED`), where they say any themselves."""
    speaking = told.filter(pl.col("own_word_fen") != 0)["enterprise"].unique().sort().to_list()
    found = [pl.DataFrame(schema=UNCONFIRMED)]
    for itself in (True, False):
        firms = [name for name in speaking if (name in source.own) is itself]
        if firms:
            rows = _weighed(source, permit.only(firms), sides=not itself)
            alone = rows.filter(unconfirmed()).with_columns(sale=pl.col("direction") == "sale")
            sums_of = _at_nodes(alone, resolved).group_by(SIDE).agg(unconfirmed_fen=pl.col("net_fen").sum())
            found.append(sums_of.select(list(UNCONFIRMED)).cast(dict(UNCONFIRMED)))  # type: ignore[arg-type]
    return pl.concat(found)


def _weighed(source: Source, permit: Permit, *, sides: bool) -> pl.DataFrame:
    """Return the invoices of files with what confirms them, as the portrait weighs them (ADR 28)."""
    context, moment, known_at = source.context, source.moment, source.facts.known_at
    with context.database.read() as session:
        gone = gone_at(session, permit.enterprises, moment)
    statements = standing_rows(context.lake, DATASET, moment.version, permit.enterprises, gone)
    if moment.known_at is not None:
        statements = statements.filter(pl.col("known_at") <= moment.known_at)
    sources = BookSources(context.lakes, context.database)
    told = Told(statements, sources.senders(statements["import_id"].unique().sort().to_list()))
    beside, senders = sources.beside(statements.filter(told.own()), moment, known_at)
    told = Told(statements, pl.concat([told.senders, senders]).unique("import_id"), beside)
    return weigh(as_known(statements, as_of=moment.as_of), told if sides else told.without_sides())
