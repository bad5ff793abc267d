"""What the suite answers about shocks."""

from __future__ import annotations

from typing import Literal, TypedDict

from smecredit.answers.basics import Job
from smecredit.answers.corrections import Mark


class Interval(TypedDict):
    """A figure, low and high as far as debts and equity are only estimated."""

    low: float
    value: float
    high: float


class FenInterval(TypedDict):
    """The same in whole fen."""

    low: int
    value: int
    high: int


class Hop(TypedDict):
    """A debt along which losses came; the debtor is None where its file is not open."""

    debtor: str | None
    tie: Literal["trade", "guarantee"]
    amount_fen: FenInterval
    told: bool


class Equity(TypedDict):
    """What a firm's owners can lose, what that is taken from, and who stated it."""

    fen: int
    rests_on: Literal["capital", "assets", "trade"]
    stated_by: str | None


class Struck(TypedDict):
    """What a shock does to a firm whose file is open."""

    disputes: list[Mark]
    enterprise: str
    shocked: bool
    equity: Equity
    equity_loss: Interval
    delta_pd: Interval | None
    delta_el_fen: FenInterval | None
    production_loss: float
    esri_share: float
    path: list[Hop]


class ShockedBook(TypedDict):
    """The reader's book under the shock."""

    stated_by: Literal["reader"]
    exposures: int
    without_pd: int
    el_fen: int
    delta_el_fen: FenInterval


class Run(TypedDict):
    """How losses were followed."""

    steps: int
    most: int
    change: float
    settled: bool


class Runs(TypedDict):
    """Each way in which losses were followed."""

    defaults: Run
    downstream: Run
    upstream: Run


class Estimates(TypedDict):
    """How debts and equity that no record tells are estimated."""

    valid_from: str
    source: str
    days: list[int]
    loss_given_default: list[float]
    equity_of_assets: float
    equity_of_sales: float
    equity_bounds: list[float]


class Hit(TypedDict):
    """Whom the shock hit."""

    firms: list[str]
    left_out: int
    severity: float


class ShockAnswer(TypedDict):
    """What a shock does, as far as the files tell that are open."""

    as_of: str
    known_at: str
    kind: Literal["linear", "nonlinear"]
    hit: Hit
    files: int
    withheld: int
    book: ShockedBook | None
    esri: float
    enterprises: list[Struck]
    left_out: int
    runs: Runs
    estimates: Estimates


class ShockOrdered(Job):
    """A shock that is worked out as a job, with its answer once it is done."""

    finished_at: str | None
    result: ShockAnswer | None


class Exposure(TypedDict):
    """What a client has lent to a firm, in its own figures."""

    enterprise: str
    exposure_fen: int
    lgd: float
    pd: float | None


class Exposures(TypedDict):
    """A client's book of exposures as it stated it."""

    version: int
    threshold_fen: int | None
    stated_at: str | None
    stated_by: str | None
    exposures: list[Exposure]


class PartnerRisk(TypedDict):
    """What the failure of a single partner costs."""

    worst: float
    mean: float


class PartnerShift(TypedDict):
    """A tenth of the trade with the strongest partner goes to another; the risk that is left."""

    to: str
    after: PartnerRisk


class PartnerSide(TypedDict):
    """One side of a firm's trade."""

    side: Literal["customers", "suppliers"]
    strongest: str | None
    now: PartnerRisk
    shifts: list[PartnerShift]
    partners: int
    left_out: int


class PartnerShifts(TypedDict):
    """Which partner would lower a firm's risk."""

    disputes: list[Mark]
    enterprise: str
    as_of: str
    known_at: str
    moved: float
    equity: Equity
    sides: list[PartnerSide]
    estimates: Estimates
