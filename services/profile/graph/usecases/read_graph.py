"""Reading the graph around a firm: hop by hop, each file that is read opened under its own consent and recorded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from services.profile.book import enterprise_store
from services.profile.book.context import Context
from services.profile.book.domain.moment import Asked
from services.profile.book.domain.permit import Permit, Whole, Why, joined
from services.profile.graph.domain.crowd import crowd_among
from services.profile.graph.domain.neighbourhood import Edge, File, Growing, LeftOut, Shared, drawn
from services.profile.graph.domain.resolution import Resolved, resolve
from services.profile.graph.domain.ties import Kind, registered
from services.profile.graph.usecases.file_ties import (
    Files,
    Source,
    confirm,
    current_graph,
    from_lakes,
    read_files,
    read_naming,
    ready_graph,
)
from services.profile.rights.usecases.list_enterprises import roster
from services.profile.rights.usecases.open_at import OpenFile, open_step
from services.profile.rights.usecases.open_file import Reading
from services.profile.rights.usecases.open_steps import Steps, opening

T = TypeVar("T")
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
    with opening(context, reading) as steps:
        walk = _Walk(context, reading, steps, open_step(context, steps, enterprise, asked), wanted)
        walk.go()
    return walk.drawn()


class _Walk:
    """The files that are open so far, and what they tell."""

    def __init__(self, context: Context, reading: Reading, steps: Steps, file: OpenFile, wanted: Wanted) -> None:
        self._context, self._reading, self._steps, self._file, self._wanted = context, reading, steps, file, wanted
        self._grown = Growing(wanted.most, wanted.kinds, {file.enterprise: 0})
        graph = ready_graph(context, file.facts)
        if graph is None:
            steps.settle()
            graph = current_graph(context, file.facts)
        own = frozenset({file.enterprise}) if reading.caller.owns(file.enterprise) else frozenset[str]()
        self._source = Source(context, file.facts, graph, own)
        self._firms: tuple[tuple[str, str], ...] | None = None
        self._permits: list[Permit] = []
        self._names: dict[str, str | None] = {}
        self._resolved: dict[str, Resolved] = {}
        self._asked: set[str] = set()  # of which parties it is known whether many firms name them

    def go(self) -> None:
        """Read the files of one hop after the other, and open those of the next."""
        permit = self._file.permit
        for hop in range(1, self._wanted.depth + 1):
            self._permits.append(permit)
            told = self._read(permit)
            last = hop == self._wanted.depth
            others = self._none if last else self._tied_elsewhere(told.files)
            new = self._grown.add(told.files, told.dealings(self._source, self._resolved), others.enterprises, hop)
            if last:
                break
            permit = joined([others, self._opened(set(new) - set(others.enterprises))])
            if not permit.enterprises:
                break
        drawn = sorted(self._grown.files.keys() & self._grown.hops.keys())
        self._names = enterprise_store.names_at(self._steps.connection, self._file.facts.known_at, drawn)

    def drawn(self) -> Drawn:
        """Return what has come of it, once all reads are on record."""
        permit = joined(self._permits)
        if unasked := self._grown.shared() - self._asked:
            self._naming(unasked)
        trade, beyond = self._grown.told()
        confirm(self._source, permit, trade, self._grown.speaking(), self._resolved)
        edges, shared, left_out = drawn(self._grown, trade, beyond)
        written: dict[str, list[tuple[str, Resolved]]] = {}
        for each, one in sorted(self._resolved.items()):
            written.setdefault(one.node, []).append((each, one))
        nodes = tuple(self._node(name, hop, written.get(name, [])) for name, hop in self._grown.hops.items())
        return Drawn(self._file, permit, nodes, edges, shared, left_out)

    def _node(self, node: str, hop: int, written: Sequence[tuple[str, Resolved]]) -> Node:
        name = self._names.get(node) or (written[0][0] if written else None)
        return Node(node, hop, node in self._grown.files, name, tuple(written))

    def _read(self, permit: Permit) -> Files:
        """Return what the files of a hop tell, and note what names without a code are."""
        told = self._told(lambda source: read_files(source, permit))
        names = told.names(self._source) - self._resolved.keys()
        if names:
            self._resolved |= resolve(names, self._roster())
        return told

    def _told(self, read: Callable[[Source], T]) -> T:
        """Read from the store, or from the lakes where its graph is not there or gone: in no transaction of others."""
        if self._source.graph is not None:
            with suppress(FileNotFoundError):
                return read(self._source)
            self._source = from_lakes(self._source)
        self._steps.settle()
        return read(self._source)

    def _roster(self) -> tuple[tuple[str, str], ...]:
        """Return the firms that the reader may list: that costs, and is seldom called for."""
        if self._firms is None:
            self._steps.settle()
            with self._context.database.read() as session:
                self._firms = roster(self._context, session, self._reading.caller, self._file.moment.known_at)
        return self._firms

    @property
    def _none(self) -> Permit:
        return self._file.permit.only(())

    def _opened(self, wanted: Collection[str]) -> Permit:
        """Open those of these firms' files that the reader may read, and record each read."""
        if not wanted:
            return self._none
        known = sorted(enterprise_store.there(self._steps.connection, sorted(wanted)))
        return self._steps.some(known, self._file.moment.as_of, self._wanted.most)

    def _tied_elsewhere(self, files: Sequence[File]) -> Permit:
        """Open the files of firms that tell ties to these themselves, or share a party with them, as there is room.

        A party that many firms name is noted, and nothing is opened for it.
        """
        kinds = self._wanted.kinds & REGISTERED
        if not kinds:
            return self._none
        parties = {file.enterprise for file in files}
        parties |= {tie.party for file in files for tie in file.registered if tie.sealed and tie.kind in kinds}
        self._asked |= parties
        ties = registered(self._naming(parties), self._file.moment.as_of)
        fresh = sorted({tie.firm for tie in ties if tie.kind in kinds} - self._grown.hops.keys())
        room = self._wanted.most - len(self._grown.hops)
        if not fresh or room <= 0:
            return self._none
        return self._steps.some(fresh, self._file.moment.as_of, room)

    def _naming(self, parties: Collection[str]) -> list[Sequence[Any]]:
        """Return the relations of all firms that name one of these parties; those that many name are noted instead."""
        rows = self._told(lambda source: read_naming(source, parties, Whole(Why.TIES)))
        crowd = crowd_among(rows, self._file.moment.as_of)
        self._grown.crowded |= crowd
        return [row for row in rows if row[2] not in crowd] if crowd else rows
