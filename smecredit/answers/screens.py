"""What the suite answers about bidders who belong together."""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from smecredit.answers.basics import Text
from smecredit.answers.corrections import Mark

Level = Literal["weak", "moderate", "moderately-strong", "strong"]


class ScreenedBidder(TypedDict):
    """A bidder as it was screened; that a file was not looked at says nothing by itself."""

    enterprise: str
    looked_at: bool
    group: int | None
    disputes: list[Mark]


class SignLikelihood(TypedDict):
    """How many times as often a sign shows among those who belong together, with its 95 % interval."""

    ratio: float
    low: float
    high: float
    counted_on: str
    synthetic: bool


class TieRecord(TypedDict):
    """A record of an open file that a tie rests on."""

    of: str
    record: str
    relation: str
    since: str | None
    until: str | None
    own_word: bool
    disputed: bool


class ScreenRule(TypedDict):
    """A rule of law that speaks of a sign."""

    rule: str
    law: str
    article: str
    effect: Literal["barred", "is", "counts-as"]
    title: Text


class BidderFinding(TypedDict):
    """One sign of some bidders, with a likelihood, a chance, or both."""

    sign: str
    title: Text
    family: str
    bidders: list[str]
    likelihood: SignLikelihood | None
    p_value: float | None
    facts: dict[str, Any]
    records: list[TieRecord]
    auctions: list[str]
    crowded: bool
    ended: bool
    rules: list[ScreenRule]


class BidderPair(TypedDict):
    """Two bidders and the likelihood ratio of all that ties them."""

    bidders: list[str]
    ratio: float
    level: Level


class BidderPath(TypedDict):
    """How two members of a group are tied."""

    bidders: list[str]
    weakest: float


class BidderGroup(TypedDict):
    """Bidders who hang together."""

    bidders: list[str]
    level: Level
    paths: list[BidderPath]


class ScreenLeftOut(TypedDict):
    """How much of each list is beyond its cap."""

    findings: int
    pairs: int


class ScreenReceipt(TypedDict):
    """The digest of the answer without this receipt, and the entry of the ledger that holds it."""

    answer_sha256: str
    ledger_entry: int


class ScreenPast(TypedDict):
    """Which past auctions counted: how many, how many of them without a day, how many were after the day."""

    auctions: int
    undated: int
    later: int


class BidderScreen(TypedDict):
    """A screen of bidders: hints, not verdicts."""

    id: str
    as_of: str
    known_at: str
    notice: Text
    bidders: list[ScreenedBidder]
    not_looked_at: int
    consent: Text | None
    past: ScreenPast
    joins: float
    groups: list[BidderGroup]
    pairs: list[BidderPair]
    findings: list[BidderFinding]
    left_out: ScreenLeftOut
    receipt: ScreenReceipt
