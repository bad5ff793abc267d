"""Reading the graph around a firm: hop by hop, each file that is read opened under its own consent and recorded."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import polars as pl

from services.profile.book import store
from services.profile.book.context import Context
from services.profile.book.domain import relation
from services.profile.book.domain.departure import remaining
from services.profile.book.domain.moment import Asked
from services.profile.book.domain.permit import Permit, Whole, Why, joined
from services.profile.book.usecases.gather import gone_at, scan
from services.profile.graph.domain.crowd import crowded
from services.profile.graph.domain.neighbourhood import Edge, Growing, LeftOut, Shared, drawn
from services.profile.graph.domain.resolution import Resolved
from services.profile.graph.domain.ties import Kind, registered
from services.profile.graph.usecases.file_ties import Source, Ties, current_graph, read_files
from services.profile.rights.usecases.list_enterprises import roster
from services.profile.rights.usecases.open_at import OpenFile, open_at
from services.profile.rights.usecases.open_file import Reading, open_some, reading_transaction

EVERY = frozenset(Kind)
# Register kinds of which another firm's file may tell a tie to this one.
REGISTERED = EVERY - {Kind.TRADE}


@dataclass(frozen=True, slots=True)
class Wanted:
    """How far to go, along which kinds of ties, up to how many firms."""

    depth: int = 1
    kinds: frozenset[Kind] = EVERY
    most: int = 100


@dataclass(frozen=True, slots=True)
class Node:
    """A firm of the graph: how far it is, whether its file was read, its name, and what was made of its name.

    Of a firm whose file was not read the name is that by which an open file writes it, null where it writes a code.
    """

    id: str
    hop: int
    open: bool
    name: str | None
    resolved: tuple[tuple[str, Resolved], ...] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """The graph around a firm, and under which permit it was read."""

    file: OpenFile
    permit: Permit
    nodes: tuple[Node, ...]
    edges: list[Edge]
    shared: list[Shared]
    left_out: LeftOut


def read_graph(context: Context, reading: Reading, enterprise: str, asked: Asked, wanted: Wanted) -> Drawn:
    """Return the graph around a firm, as of a day, as known at a time."""
    file = open_at(context, reading, enterprise, asked)
    walk = _Walk(context, reading, file, wanted)
    walk.go()
    return walk.drawn()


class _Walk:
    """The files that are open so far, and what they tell."""

    def __init__(self, context: Context, reading: Reading, file: OpenFile, wanted: Wanted) -> None:
        self._context, self._reading, self._file, self._wanted = context, reading, file, wanted
        self._grown = Growing(wanted.most, wanted.kinds, {file.enterprise: 0})
        own = frozenset({file.enterprise}) if reading.caller.owns(file.enterprise) else frozenset[str]()
        graph = current_graph(context, file.facts) if Kind.TRADE in wanted.kinds else None
        self._source = Source(context, file.facts, graph, own=own)
        self._permits: list[Permit] = []
        self._names: dict[str, str | None] = {}
        self._resolved: dict[str, Resolved] = {}
        self._asked: set[str] = set()  # of which parties it is known whether many firms name them

    def go(self) -> None:
        """Read the files of one hop after the other, and open those of the next."""
        permit = self._file.permit
        for hop in range(1, self._wanted.depth + 1):
            self._permits.append(permit)
            ties = self._read(permit)
            last = hop == self._wanted.depth
            others = self._none if last else self._tied_elsewhere(ties)
            new = self._grown.add(ties.files, others.enterprises, hop)
            if last:
                break
            permit = joined([others, self._opened(set(new) - set(others.enterprises))])
            if not permit.enterprises:
                break

    def drawn(self) -> Drawn:
        """Return what has come of it."""
        if unasked := self._grown.shared() - self._asked:
            rows = _naming(self._context, self._file, unasked)
            self._grown.crowded |= crowded(rows, self._file.moment.as_of)
        edges, shared, left_out = drawn(self._grown)
        written: dict[str, list[tuple[str, Resolved]]] = {}
        for each, one in sorted(self._resolved.items()):
            if one.by != "code":
                written.setdefault(one.node, []).append((each, one))
        nodes = tuple(self._node(name, hop, written.get(name, [])) for name, hop in self._grown.hops.items())
        return Drawn(self._file, joined(self._permits), nodes, edges, shared, left_out)

    def _node(self, node: str, hop: int, written: Sequence[tuple[str, Resolved]]) -> Node:
        name = self._names.get(node) or (written[0][0] if written else None)
        return Node(node, hop, node in self._grown.files, name, tuple(written))

    def _read(self, permit: Permit) -> Ties:
        """Return what the files of a hop tell."""
        ties = read_files(self._source, permit)
        if any(one.by != "code" for one in ties.resolved.values()) and not self._source.firms:
            # Names are looked up among the firms that the reader may list; that costs, and is seldom called for.
            with self._context.database.read() as session:
                firms = roster(self._context, session, self._reading.caller, self._file.moment.known_at)
            self._source = replace(self._source, firms=firms)
            ties = read_files(self._source, permit) if firms else ties
        self._names |= ties.names
        self._resolved |= ties.resolved
        return ties

    @property
    def _none(self) -> Permit:
        return self._file.permit.only(())

    def _opened(self, wanted: Collection[str]) -> Permit:
        """Open those of these firms' files that the reader may read, and record each read."""
        if not wanted:
            return self._none
        day, room = self._file.moment.as_of, self._wanted.most
        with reading_transaction(self._context) as connection:
            known = sorted(store.enterprises(connection, sorted(wanted)))
            permit, _ = open_some(self._context, connection, self._reading, known, day, room)
        return permit

    def _tied_elsewhere(self, ties: Ties) -> Permit:
        """Open the files of firms that tell ties to these themselves, or share a party with them, as there is room.

        A party that many firms name is noted, and nothing is opened for it.
        """
        kinds = self._wanted.kinds & REGISTERED
        if not kinds:
            return self._none
        parties = {file.enterprise for file in ties.files}
        parties |= {tie.party for file in ties.files for tie in file.registered if tie.sealed and tie.kind in kinds}
        rows, day = _naming(self._context, self._file, parties), self._file.moment.as_of
        self._grown.crowded |= crowded(rows, day)
        self._asked |= parties
        rows = rows.filter(~pl.col("party").is_in(sorted(self._grown.crowded)))
        found = {tie.firm for tie in registered(rows, day, {}) if tie.kind in kinds}
        fresh = sorted(found - self._grown.hops.keys())
        room = self._wanted.most - len(self._grown.hops)
        if not fresh or room <= 0:
            return self._none
        with reading_transaction(self._context) as connection:
            permit, _ = open_some(self._context, connection, self._reading, fresh, day, room)
        return permit


def _naming(context: Context, file: OpenFile, parties: Collection[str]) -> pl.DataFrame:
    """Return the relations of all firms that name one of these parties, as known at the moment."""
    dataset, moment = relation.DATASET, file.moment
    with context.database.read() as session:
        version = store.lake_versions(session, moment.known_at).get(dataset.name)
    if version is None:
        return dataset.empty()
    every = scan(context, dataset.name, version, moment.known_at, Whole(Why.TIES))
    rows = every.filter(pl.col("party").is_in(sorted(parties))).collect()
    with context.database.read() as session:
        gone = gone_at(session, rows["enterprise"].unique().to_list(), moment)
    return dataset.as_known(remaining(dataset, rows, gone.records), known_at=moment.known_at)
