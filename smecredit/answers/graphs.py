"""What the suite answers about who is tied to an enterprise."""

from __future__ import annotations

from typing import Literal, TypedDict

from smecredit.answers.basics import Text
from smecredit.answers.corrections import Mark

TieKind = Literal["trade", "equity", "person", "guarantee", "address", "phone"]


class GraphName(TypedDict):
    """A name that open files write without a code: which firm it is told to be, by what; else which it may be."""

    written: str
    by: Literal["name", "itself"]
    score: float | None
    reason: str | None
    candidates: list[str]


class GraphNode(TypedDict):
    """A firm (`open`: its file was read), or a person, an address or a phone that two open files share."""

    id: str
    kind: Literal["enterprise", "person", "address", "phone"]
    hop: int | None
    open: bool
    name: str | None
    crowded: bool
    names: list[GraphName]
    disputes: list[Mark]


class TradeStatement(TypedDict):
    """What one open file tells of its trade with the other, as of the day; money is net of tax."""

    told_by: str
    net_fen: int
    net_12m_fen: int
    invoices: int
    invoices_12m: int
    first_on: str | None
    last_on: str | None
    usual_gap_days: float | None
    share: float | None
    share_12m: float | None
    paid_fen: int
    paid_own_word_fen: int
    payments: int
    channels: list[str]
    own_word_fen: int
    unconfirmed_fen: int


class RegisterStatement(TypedDict):
    """What one open file's register tells of a tie; `record` is the name by which the firm disputes it."""

    told_by: str
    record: str
    disputed: bool
    relation: str
    share: float | None
    amount_fen: int | None
    since: str | None
    until: str | None
    channel: str | None
    confirmed: bool


class GraphEdge(TypedDict):
    """A tie; the source sells, owns, is in charge, guarantees, or has the address or phone."""

    type: TieKind
    source: str
    target: str
    source_share: float | None
    target_share: float | None
    trade: list[TradeStatement]
    registered: list[RegisterStatement]


class GraphLeftOut(TypedDict):
    """What had no room, and what came first."""

    firms: int
    ties: int
    shared: int
    crowded: int
    order: Text
    not_followed: Text


class Graph(TypedDict):
    """The graph around an enterprise."""

    enterprise: str
    as_of: str
    known_at: str
    depth: int
    types: list[TieKind]
    nodes: list[GraphNode]
    edges: list[GraphEdge]
    left_out: GraphLeftOut
    disputes: list[Mark]
