"""What the suite answers about applications: from a wish to a loan."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from smecredit.answers.basics import AgreedFee

Party = Literal["applicant", "bank"]
Move = Literal["submit", "review", "offer", "decline", "accept", "withdraw", "disburse", "repay", "default"]
ApplicationState = Literal[
    "draft",
    "submitted",
    "under-review",
    "offered",
    "accepted",
    "declined",
    "withdrawn",
    "disbursed",
    "repaid",
    "defaulted",
]


class Sought(TypedDict):
    """How much, and for how long."""

    amount_fen: int
    months: int


class Terms(TypedDict):
    """What a bank offers; the rate is a year's."""

    amount_fen: int
    months: int
    rate: float


class Document(TypedDict):
    """A paper by reference: what it is, and the digest of its content."""

    name: str
    sha256: str
    url: NotRequired[str]


class Agreement(TypedDict):
    """All that is agreed by accepting an offer; its digest is the SHA-256 of this in canonical JSON (RFC 8785)."""

    application: str
    offer: int
    enterprise: str
    bank: str
    product: str
    product_version: int
    amount_fen: int
    months: int
    rate: str | float
    repayment: NotRequired[str]
    payments_fen: NotRequired[list[int]]
    fees: NotRequired[list[AgreedFee]]
    all_in_rate: NotRequired[str]
    all_in_simple_rate: NotRequired[str]
    all_in_convention: NotRequired[str]
    interest_fen: NotRequired[int]
    fees_fen: NotRequired[int]
    total_cost_fen: NotRequired[int]
    expires_on: NotRequired[str]


class LoanOffer(TypedDict):
    """An offer and what became of it; `ledger_entry` is its entry in the agreement ledger once it is accepted."""

    number: int
    state: Literal["open", "voided", "lapsed", "accepted", "expired"]
    document: Agreement
    sha256: str | None
    expires_on: str
    ledger_entry: int | None
    made_at: str


class Application(TypedDict):
    """An application as its parties see it; `moves` are those that you may make now."""

    id: str
    dossier: str
    enterprise: str
    applicant: str
    bank: str
    product: str
    product_version: int
    match: str | None
    need: Sought
    documents: list[Document]
    state: ApplicationState
    offer: int | None
    terms: Terms | None
    expires_on: str | None
    drawn_fen: int | None
    moves: list[Move]
    created_at: str
    updated_at: str


class HandedIn(Application):
    """An application of a dossier; `existing` tells that it was under way already."""

    existing: bool


class Dossier(TypedDict):
    """What was handed in, one application a product."""

    dossier: str
    applications: list[HandedIn]


class ApplicationEvent(TypedDict):
    """One move: who, when, why, and about which offer."""

    number: int
    event: str
    state: ApplicationState
    client: str
    party: Party
    reason: str | None
    terms: Terms | None
    offer: int | None
    drawn_fen: int | None
    at: str


class ApplicationHistory(Application):
    """An application with every move of it and every offer for it, oldest first."""

    events: list[ApplicationEvent]
    offers: list[LoanOffer]
