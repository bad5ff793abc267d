"""What the suite answers about scores."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from smecredit.answers.basics import Counting, Depth, Text
from smecredit.answers.corrections import Mark

Log = Literal["ledger", "score-ledger", "agreement-ledger"]


class Contribution(TypedDict):
    """How many points a feature gives or takes; `value` is null where it is not known."""

    feature: str
    points: float
    value: float | None
    reference: float | None
    unit: str
    title: Text
    dimension: str


class Reason(Contribution):
    """One of the strongest contributions, as a sentence; `code` is of the fixed list, null where it has none."""

    code: str | None
    sentence: Text


class ReasonCode(TypedDict):
    """What the code of a reason stands for, for good: R where the feature costs points, P where it earns some."""

    code: str
    feature: str
    side: Literal["costs", "earns"]
    title: Text
    compares: Text
    improve: Text
    changeable: bool
    since: str


class ReasonCodes(TypedDict):
    """The fixed list of reason codes, with its version and digest."""

    version: str
    sha256: str
    codes: list[ReasonCode]


class ModelName(TypedDict):
    """Which model and which reference enterprise a score stands on.

    `exception` is why the model was approved although it had failed its gate; the PD is of the default `definition`
    within `horizon_months`, null where nobody declared them.
    """

    version: str
    reference: str
    gate: Literal["passed", "failed"]
    exception: str | None
    definition: str | None
    horizon_months: int | None


class ScoringModel(ModelName):
    """The model that a score is by, and its own figures, before any expert rule."""

    score: int
    grade: str
    pd: float
    pd_interval: list[float]


class OverlayEffect(TypedDict):
    """The best grade that is left to the firm, and whether the model's own is better."""

    cap: str
    binds: bool


class OverlayRecord(TypedDict):
    """A public record that meets an expert rule; `on` is the day of its publication."""

    id: str
    type: str
    tier: str | None
    grade: str | None
    on: str
    until: str | None


class OverlayTold(TypedDict):
    """An expert rule that a firm meets: beside the model, in none of its contributions; `ends` says what ends it."""

    rule: str
    version: str
    title: Text
    effect: OverlayEffect
    because: Text
    ends: Text
    basis: Text
    records: list[OverlayRecord]


class OverlayRule(TypedDict):
    """An expert rule: public records on display of this type, tiers and tax grades (null is any) cap the grade."""

    key: str
    title: Text
    type: str
    tiers: list[str] | None
    grades: list[str] | None
    cap: str
    ends: Text
    basis: Text


class OverlayRuleSet(TypedDict):
    """The expert rules of one version."""

    version: str
    valid_from: str
    rules: list[OverlayRule]


class OverlayVersion(OverlayRuleSet):
    """A version with who proposed it and who decided; the shipped one was proposed by nobody."""

    state: Literal["proposed", "confirmed", "withdrawn"]
    note: str | None
    proposed_by: str | None
    proposed_at: str | None
    confirmed_by: str | None
    confirmed_at: str | None
    withdrawn_by: str | None
    withdrawn_at: str | None


class OverlayRules(TypedDict):
    """The version in force at a moment, and every version there was, the newest first."""

    at: str
    in_force: OverlayRuleSet | None
    versions: list[OverlayVersion]


class CountingPolicy(TypedDict):
    """What counts for a client where an order or a product does not say; version 0 where it set nothing of its own."""

    counts: Counting
    own: Counting | None
    installation: Counting
    version: int
    note: str | None
    set_at: str | None


class Override(TypedDict):
    """A grade that an analyst gave beside the model's; `steps` are grades up (positive) or down."""

    id: str
    score: str
    model_grade: str | None
    grade: str
    steps: int | None
    reason: str
    note: str
    created_at: str


class Against(TypedDict):
    """The reasons of a score against another reference enterprise."""

    reference: str
    base_points: float
    reasons: list[Reason]
    contributions: list[Contribution]


class UndisputedScore(TypedDict):
    """The score without the disputed records; null where nothing is left to score."""

    score: int | None
    grade: str | None
    pd: float | None
    pd_interval: list[float] | None
    depth: Depth
    features_sha256: str
    difference: int | None


class OtherScore(TypedDict):
    """The score of the same file by the other count; null where nothing is left to score."""

    score: int | None
    grade: str | None
    pd: float | None
    pd_interval: list[float] | None
    depth: Depth
    features_sha256: str


class ShownMonths(TypedDict):
    """How many of the last 36 months the valid invoices of each side reach back through; 0: there are none."""

    sale: int
    purchase: int


class FullerScore(TypedDict):
    """The score that the firm would have if the months that it does not show were like those it shows: supposed.

    `months` is in how many of the 36 the firm has existed, since `registered_on` where another than the firm states it;
    `difference` is how many points it has more than the score.
    """

    score: int
    grade: str
    pd: float
    difference: int
    shown: ShownMonths
    months: int
    registered_on: str | None
    depth: Depth
    features_sha256: str
    sentence: Text


class ScoreConfirmedBy(TypedDict):
    """Money of which somebody beside the firm says the same, by who that is, in fen."""

    other_source: int
    other_side: int
    bank: int
    filing: int


class ScoreEvidence(TypedDict):
    """What the money of a file rests on, in fen and as shares by lawful channel; the shares are null without money."""

    total_fen: int
    by_channel: dict[str, int]
    shares: dict[str, float | None]
    confirmed_fen: int
    confirmed_share: float | None
    unconfirmed_fen: int
    confirmed_by: ScoreConfirmedBy


class Score(TypedDict):
    """An explained score: base_points + the points of all contributions = score.

    `purpose` is what the firm's file was read for, `receipt` where the signed receipt is read; `against` is there
    where the question named other references. Where the firm states anything that nobody confirms, `with_confirmed`
    and `with_everything` are the two scores of which `counts` says which decides, and `counted` says why. `fuller` is
    null where 36 months are shown; `pd_interval` holds its PD.
    """

    id: str
    enterprise: str
    score: int
    grade: str
    pd: float
    pd_interval: list[float]
    depth: Depth
    reasons: list[Reason]
    base_points: float
    contributions: list[Contribution]
    model: ScoringModel
    overlay: list[OverlayTold]
    overlay_version: str | None
    as_of: str
    known_at: str
    features_sha256: str
    purpose: str
    override: Override | None
    disputes: list[Mark]
    undisputed: UndisputedScore | None
    disputed_counts: bool | None
    counts: Counting
    with_everything: OtherScore | None
    with_confirmed: OtherScore | None
    evidence: ScoreEvidence | None
    counted: Text | None
    own_view: Text | None
    fuller: FullerScore | None
    renewed_by: str | None
    repeat_of: str | None
    receipt: str
    batch: str | None
    created_at: str
    against: NotRequired[list[Against]]
