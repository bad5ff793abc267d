"""The neighbourhood of a firm: nodes and edges drawn from the files that are open, hop by hop, up to a size.

Of a firm whose file is shut nothing is here but what open files say of it. A person, an address or a phone is held as a
keyed hash; it is drawn only where two open files share it, under a number that means nothing outside the answer.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.profile.graph.domain.dealings import Dealings, Told
from services.profile.graph.domain.ties import Kind, Registered
from services.profile.standards.text import Text

ORDER = Text(
    zh="登记关系在先；其余按近12个月往来净额、再按全部往来净额从大到小",
    en="registered ties first, then by net trade of the last 12 months and of all time, the largest first",
)

PERSON = "person"
# What is told of a tie of a register, in this order.
STATED = ("record", "relation", "share", "amount_fen", "since", "until", "channel")


@dataclass(frozen=True, slots=True)
class File:
    """What the registers of one open file tell; its trade is in the `Dealings` of the files that were read with it."""

    enterprise: str
    registered: Sequence[Registered]

    def parties(self, kinds: frozenset[Kind]) -> set[str]:
        """Return the firms that its registers tie its own to."""
        parties = {tie.party for tie in self.registered if tie.kind in kinds and not tie.sealed}
        return parties - {self.enterprise}


@dataclass(slots=True)
class Growing:
    """A neighbourhood that grows: the hop of each node, the open files, their trade, how many parties had no room.

    `crowded` are keyed hashes that ten firms of the book or more name.
    """

    most: int
    kinds: frozenset[Kind]
    hops: dict[str, int]
    files: dict[str, File] = field(default_factory=dict)
    trade: list[Dealings] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    crowded: set[str] = field(default_factory=set)

    def add(self, files: Sequence[File], trade: Dealings | None, others: Iterable[str], hop: int) -> list[str]:
        """Take in files, and the parties that they tie theirs to as far as there is room; return the new ones.

        Firms that registers tie to theirs come first, and `others`, which the book ties to them by their own open
        files; then partners in trade, the largest first.
        """
        self.files |= {file.enterprise: file for file in files}
        first = set(others).union(*(file.parties(self.kinds) for file in files)) - self.hops.keys()
        room = max(0, self.most - len(self.hops))
        kept = sorted(first)[:room]
        self.left_out |= first
        if Kind.TRADE in self.kinds and trade is not None:
            self.trade.append(trade)
            largest, others_left = trade.largest(self.hops.keys() | first, room - len(kept))
            kept += largest
            self.left_out.update(others_left)
        self.hops |= dict.fromkeys(kept, hop)
        self.left_out -= self.hops.keys()
        return kept

    def shared(self) -> set[str]:
        """Return the keyed hashes that two open files or more name."""
        named = Counter(
            party
            for file in self.files.values()
            for party in {tie.party for tie in file.registered if tie.sealed and tie.kind in self.kinds}
        )
        return {party for party, files in named.items() if files > 1}

    def speaking(self) -> set[str]:
        """Return the open files' firms that say something of their trade themselves."""
        return set().union(*(trade.speaking() for trade in self.trade))

    def told(self) -> tuple[list[Told], int]:
        """Return what is told of trade between nodes that are drawn, and how many such ties had no room."""
        each = [trade.told(self.hops.keys()) for trade in self.trade]
        return [one for told, _ in each for one in told], sum(beyond for _, beyond in each)


@dataclass(frozen=True, slots=True)
class Edge:
    """One tie: from whom to whom, and what each open file says of it; the source's file is the first."""

    kind: Kind
    source: str
    target: str
    statements: tuple[Mapping[str, Any], ...]
    shares: tuple[float | None, float | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Shared:
    """A person, an address or a phone that open files share, under a number of this answer.

    `crowded`: ten firms of the book or more name it, so that it hardly ties any two.
    """

    id: str
    what: str
    ties: tuple[Registered, ...]
    crowded: bool = False

    @property
    def edges(self) -> list[Edge]:
        """Its ties: a person's to firms, firms' to an address or a phone."""
        ends = ((tie, (self.id, tie.firm) if self.what == PERSON else (tie.firm, self.id)) for tie in self.ties)
        return [Edge(tie.kind, *two, (_statement(tie),)) for tie, two in ends]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What had no room: firms that open files name, ties to them, things that firms share.

    `crowded` counts the persons, addresses and phones of open files through which nothing was followed.
    """

    firms: int
    ties: int
    shared: int
    crowded: int = 0


def drawn(grown: Growing, trade: Sequence[Told], beyond: int) -> tuple[list[Edge], list[Shared], LeftOut]:
    """Return the ties between nodes that are drawn, what firms share, and how much was left out.

    `trade` is what is told of trade between the nodes, `beyond` how many ties of trade had no room.
    """
    said: defaultdict[tuple[Kind, str, str], list[tuple[bool, str, Mapping[str, Any]]]] = defaultdict(list)
    for one in trade:
        ends = (one.firm, one.node) if one.sale else (one.node, one.firm)
        said[Kind.TRADE, *ends].append((not one.sale, one.firm, one.row))
    for tie in (tie for file in grown.files.values() for tie in file.registered if not tie.sealed):
        if tie.kind in grown.kinds and tie.party != tie.firm:
            if tie.party in grown.hops and tie.firm in grown.hops:
                said[tie.kind, tie.party, tie.firm].append((True, tie.firm, _statement(tie)))
            else:
                beyond += 1
    shared, unshared = _shared(grown)
    between = [_edge(ends, told) for ends, told in sorted(said.items(), key=lambda one: one[0])]
    return (
        [*between, *(edge for one in shared for edge in one.edges)],
        shared,
        LeftOut(len(grown.left_out), beyond, unshared, len(grown.crowded)),
    )


def _statement(tie: Registered) -> dict[str, Any]:
    return {"told_by": tie.firm, **{name: getattr(tie, name) for name in STATED}}


def _edge(ends: tuple[Kind, str, str], told: Sequence[tuple[bool, str, Mapping[str, Any]]]) -> Edge:
    kind, source, target = ends
    # Stable: a file's own order is a total one.
    said = sorted(told, key=lambda one: one[:2]) if len(told) > 1 else told
    statements = tuple([row for _, _, row in said])
    if kind is not Kind.TRADE:
        return Edge(kind, source, target, statements)
    by = {teller: row["share_12m"] for _, teller, row in said}
    return Edge(kind, source, target, statements, (by.get(source), by.get(target)))


def _shared(grown: Growing) -> tuple[list[Shared], int]:
    """Return what at least two open files share, the most shared first, and how many such had no room."""
    ties: defaultdict[tuple[str, str], list[Registered]] = defaultdict(list)
    for file in grown.files.values():
        for tie in file.registered:
            if tie.sealed and tie.kind in grown.kinds:
                ties[_what(tie), tie.party].append(tie)
    firms = {of: sorted({tie.firm for tie in each}) for of, each in ties.items() if len(each) > 1}
    # What many firms of the book share comes after what ties a few.
    found = sorted(
        (of[1] in grown.crowded, -len(names), of[0], names, of[1]) for of, names in firms.items() if len(names) > 1
    )
    numbers: Counter[str] = Counter()
    shared = []
    for crowded, _, what, _, party in found[: grown.most]:
        numbers[what] += 1
        told = sorted(ties[what, party], key=lambda tie: tie.place)
        shared.append(Shared(f"{what}:{numbers[what]}", what, tuple(told), crowded))
    return shared, max(0, len(found) - grown.most)


def _what(tie: Registered) -> str:
    return str(tie.kind) if tie.kind in (Kind.ADDRESS, Kind.PHONE) else PERSON
