"""The shapes of what the suite answers; each is the JSON object itself, typed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NotRequired, TypedDict

JobStateName = Literal["queued", "running", "done", "failed"]
ImportKind = Literal[
    "enterprises",
    "invoices",
    "invoices.purchase",
    "invoices.sale",
    "payments",
    "orders",
    "deliveries",
    "tax-filings",
    "public-records",
    "relations",
    "outcomes",
    "workbook",
]
RecordKind = Literal["invoices", "payments", "orders", "deliveries", "tax-filings", "public-records", "relations"]
Channel = Literal["subject", "counterparty", "association", "government", "court"]
Log = Literal["ledger", "score-ledger"]
Purpose = Literal["credit-assessment", "credit-monitoring", "financing-match", "model-training"]


class Title(TypedDict):
    """A text in both languages."""

    zh: str
    en: str


class Progress(TypedDict):
    """How far a job is; `total` is null while unknown."""

    done: int
    total: int | None


class Job(TypedDict):
    """What all long work has in common."""

    id: str
    state: JobStateName
    progress: Progress
    problem: NotRequired[dict[str, Any] | None]


class Counts(TypedDict):
    """Rows of one file: received = accepted + duplicate + rejected."""

    received: int
    accepted: int
    duplicate: int
    rejected: int


class ImportPart(Counts):
    """One sheet of a workbook."""

    kind: str


class Import(Job, Counts):
    """A durable import."""

    kind: str
    file: str | None
    client: str
    channel: str
    connector: str | None
    enterprise: str | None
    created_at: str
    finished_at: str | None
    parts: NotRequired[list[ImportPart]]


class Enterprise(TypedDict):
    """Who a firm is."""

    id: str
    name: str | None
    industry: str | None
    region: str | None
    size_class: str | None
    established_on: str | None
    synthetic: bool


class PortraitFeature(TypedDict):
    """One value behind a dimension."""

    name: str
    title: Title
    value: float | None
    unit: str


class Peers(TypedDict):
    """Whom a firm is compared with."""

    group: Title
    count: int


class Dimension(TypedDict):
    """One of the eight dimensions, 0 to 100."""

    key: str
    title: Title
    score: float | None
    percentile: float | None
    peers: Peers | None
    features: list[PortraitFeature]


class Partner(TypedDict):
    """A customer or supplier."""

    id: str
    net_fen: int
    share: float
    months: int
    first_on: str
    last_on: str


class Month(TypedDict):
    """Business of one month."""

    month: str
    sales_fen: int
    purchases_fen: int


class Portrait(TypedDict):
    """A firm's credit portrait."""

    enterprise: Enterprise
    as_of: str
    known_at: str
    depth: str
    dimensions: list[Dimension]
    months: list[Month]
    partners: dict[Literal["customers", "suppliers"], list[Partner]]


class Reason(TypedDict):
    """What moved a score, and by how many points."""

    feature: str
    points: float
    value: float | None
    reference: float | None
    unit: str
    title: Title
    dimension: str


class ModelRef(TypedDict):
    """Which model and which reference enterprise a score stands on."""

    version: str
    reference: str


class Item(TypedDict):
    """What is disputed: a record of a kind, or a field of the description."""

    kind: str
    record: str | None
    field: str | None


class Mark(TypedDict):
    """What every read tells of an open or unresolved dispute."""

    dispute: str
    state: Literal["open", "unresolved"]
    item: Item
    reason: str
    statement: str
    opened_at: str
    due_at: str


class Dispute(TypedDict):
    """What an enterprise holds to be wrong, and what became of it."""

    id: str
    enterprise: str
    item: Item
    before: dict[str, Any]
    reason: str
    statement: str
    state: Literal["open", "corrected", "confirmed", "unresolved", "withdrawn"]
    opened_at: str
    due_at: str
    overdue: bool
    decided_at: str | None
    reply: str | None
    correction: Literal["removed", "restated", "repaired", "expired"] | None


class Repair(TypedDict):
    """A public record that was repaired."""

    id: str
    enterprise: str
    record: str
    tier: Literal["minor", "general", "serious", "none"]
    published_on: str
    decided_on: str
    authority: str
    document: str
    created_at: str


class Notice(TypedDict):
    """What happened to a file; nothing of what it says."""

    id: str
    event: str
    title: Title
    enterprise: str
    act: str
    facts: dict[str, Any]
    created_at: str
    acknowledged_at: str | None


class Undisputed(TypedDict):
    """The score without the disputed records; null where nothing is left to score."""

    score: int | None
    grade: str | None
    pd: float | None
    pd_interval: list[float] | None
    depth: str
    features_sha256: str
    difference: int | None


class Score(TypedDict):
    """An explained score: base_points + the points of all contributions = score."""

    id: str
    enterprise: str
    score: float
    grade: str
    pd: float
    pd_interval: list[float]
    depth: str
    reasons: list[Reason]
    contributions: list[Reason]
    base_points: float
    model: ModelRef
    as_of: str
    known_at: str
    features_sha256: str
    disputes: list[Mark]
    undisputed: Undisputed | None
    renewed_by: str | None
    created_at: str


class Model(TypedDict):
    """A model version and where it stands."""

    version: str
    state: Literal["training", "candidate", "approved", "shadow", "serving", "retired", "failed"]
    approved_by: NotRequired[str | None]
    progress: NotRequired[Progress | None]
    card: dict[str, Any] | None
    problem: NotRequired[dict[str, Any] | None]


class Evaluation(Job):
    """An evaluation; `result` is there when it is done."""

    result: dict[str, Any] | None


class Offer(TypedDict):
    """A product that fits, with its terms."""

    rank: int
    product: str
    title: Title
    bank: str
    kind: str
    sandbox: bool
    amount_fen: int
    months: int
    rate: float
    rate_lines: list[dict[str, Any]]
    total_cost_fen: int
    reasons: list[dict[str, Any]]


class Refusal(TypedDict):
    """A product that does not fit, and the rule that says so."""

    product: str
    title: Title
    eligible: Literal[False]
    rule: str
    found: Any
    needed: Any
    since: str
    rule_title: Title
    failed: list[dict[str, Any]]


class Match(TypedDict):
    """Offers and refusals for one need."""

    id: str
    enterprise: str
    need: dict[str, Any]
    as_of: str
    score: dict[str, Any]
    offers: list[Offer]
    refusals: list[Refusal]


class Book(TypedDict):
    """What the suite holds."""

    date: str | None
    synthetic: bool | None
    enterprises: int
    invoices: int


ListName = Literal["red", "black"]


class MeasureTerms(TypedDict):
    """A measure as an authority has decided it; days are ISO dates."""

    enterprise: str
    list: ListName
    basis: str
    scope: Sequence[str]
    authority: str
    document: str
    starts_on: str
    expires_on: str
    record: NotRequired[str | None]


class MeasureCode(TypedDict):
    """Something that a measure may do."""

    code: str
    title: Title


class MeasureBasis(TypedDict):
    """The legal basis of a measure."""

    key: str
    title: Title
    issuer: Title
    document: str


class Measure(TypedDict):
    """A joint incentive or restriction; `expires_on` is its last day, in China."""

    id: str
    enterprise: str
    list: ListName
    state: Literal["planned", "in-force", "expired", "ended"]
    basis: MeasureBasis
    scope: Sequence[MeasureCode]
    authority: str
    document: str
    starts_on: str
    expires_on: str
    record: str | None
    set_by: str
    set_at: str
    terms_sha256: str
    ended_at: str | None
    ended_by: str | None
    ended_reason: str | None


class Consent(TypedDict):
    """A consent of an enterprise."""

    id: str
    grantee: str
    purposes: list[str]
    fields: list[str]
    valid_until: str
    as_of_from: str | None
    as_of_until: str | None
    most_reads_a_day: int | None
    most_reads_a_month: int | None
