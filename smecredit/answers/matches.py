"""What the suite answers about products that fit a need, and those that do not."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

from smecredit.answers.basics import Counting, FeeCharged, Text
from smecredit.answers.corrections import Mark


class RateLine(TypedDict):
    """A part of an indicative rate."""

    line: str
    title: Text
    rate: float


class Check(TypedDict):
    """A rule of a product against the facts: what it needed, what it found; `unknown` are facts that are missing.

    What a refused loan would have cost (`terms.cost`) is told to the firm, its platform and the product's bank; for
    other banks `found` is null there, and nothing is unknown.
    """

    rule: str
    rule_id: str
    title: Text
    source: str
    since: str
    found: Any
    needed: Any
    passed: bool
    unknown: list[str]


class Security(TypedDict):
    """A security that a product asks for."""

    kind: Literal["collateral", "pledge", "guarantee"]
    title: Text


class Paper(TypedDict):
    """A paper that a product asks for."""

    id: str
    title: Text


class Offer(TypedDict):
    """A product that fits, with its terms; the probability is null where the bank's decisions do not tell it.

    `rate_lines` are told to the product's bank and the operator, chances of approval to the firm and its platform too.
    `all_in_rate` holds interest and every fee that the firm pays, a year and compound; a match of before has none.
    """

    rank: int
    product: str
    version: int
    title: Text
    bank: str
    kind: str
    sandbox: bool
    counts: Counting
    amount_fen: int
    months: int
    repayment: str
    rate: float
    rate_lines: list[RateLine]
    all_in_rate: NotRequired[float]
    all_in_simple_rate: NotRequired[float]
    all_in_convention: NotRequired[str]
    interest_fen: NotRequired[int]
    fees_fen: NotRequired[int]
    total_cost_fen: int
    fees: NotRequired[list[FeeCharged]]
    monthly_payment_fen: int
    last_payment_fen: int
    security: list[Security]
    documents: list[Paper]
    approval_probability: float | None
    approval_decisions: int | None
    approval_note: Text
    fit: float
    reasons: list[Check]


class Refusal(TypedDict):
    """A product that does not fit, and the rule that says so; `recourse` is what would make it fit.

    `if_confirmed` tells that what only the firm itself states would meet all rules, were it confirmed.
    """

    product: str
    version: int
    title: Text
    bank: str
    kind: str
    sandbox: bool
    counts: Counting
    eligible: Literal[False]
    rule: str
    rule_title: Text
    found: Any
    needed: Any
    since: str
    failed: list[Check]
    if_confirmed: bool
    recourse: NotRequired[dict[str, Any]]


class WithEverything(TypedDict):
    """The score with everything, which products use that count everything."""

    score: float | None
    grade: str | None
    pd: float | None


class RuleMet(TypedDict):
    """An expert rule that the firm meets: it caps the grade, and says how to end it."""

    rule: str
    version: str
    title: Text
    effect: dict[str, str]
    because: Text
    ends: Text


class ScoreUsed(TypedDict):
    """The score behind a match, of what is confirmed; null members and a problem where the firm has none."""

    score: float | None
    grade: str | None
    pd: float | None
    depth: str | None
    model: str | None
    features_sha256: str | None
    problem: str | None
    with_everything: WithEverything | None
    evidence: dict[str, Any] | None
    counted: Text | None
    overlay: list[RuleMet]


class Match(TypedDict):
    """Offers and refusals for one need."""

    id: str
    enterprise: str
    need: dict[str, Any]
    as_of: str
    known_at: str
    score: ScoreUsed
    ranking: NotRequired[list[str]]
    offers: list[Offer]
    refusals: list[Refusal]
    disputes: list[Mark]
    own_view: NotRequired[Text]
    created_at: str
