"""What a client may order of scoring, as values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from services.scoring.domain.adjustment import Adjustment
from services.scoring.domain.counting import Counts
from services.scoring.domain.outcome import Terms
from services.scoring.domain.rating import Ratings

# An order of the same client on the same facts within so long of an earlier one is a repeat of it (docs/adr/0029).
REPEATED_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class ManyOrder:
    """Which enterprises, as of when and as known when; by default all with consent, as of the book's date.

    `counts` is what counts in their scores; None is as the client has set it, else the installation's.
    """

    enterprises: Sequence[str] | None = None
    as_of: date | None = None
    known_at: datetime | None = None
    counts: Counts | None = None


@dataclass(frozen=True, slots=True)
class TrainingOrder:
    """On which data a model is trained, from which seed, and whether it serves as soon as it is approved.

    `terms` say what default means to it, `adjustment` what is declared about the level of its PDs; `ratings` are the
    bank's own grades, to stand beside the model and never in it. `blocks` of figures are learned from where they pay.
    """

    as_of: date | None = None
    known_at: datetime | None = None
    seed: int | None = None
    promote: bool = False
    terms: Terms = field(default_factory=Terms)
    adjustment: Adjustment = field(default_factory=Adjustment)
    ratings: Ratings | None = None
    blocks: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Folding:
    """How a cross-validation is folded: how often, into how many folds, from which seed."""

    folds: int
    repeats: int
    seed: int


@dataclass(frozen=True, slots=True)
class Declared:
    """What the labels of an evaluation mean: the default and the horizon, and the day that they were taken on."""

    terms: Terms = field(default_factory=Terms)
    label_date: date | None = None


@dataclass(frozen=True, slots=True)
class BookEvaluation:
    """Which of the book's labelled enterprises training is evaluated on; by default all."""

    as_of: date | None = None
    enterprises: Sequence[str] | None = None
    holdout_enterprises: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class File:
    """A file as it was sent: its name tells its form."""

    name: str
    body: bytes


@dataclass(frozen=True, slots=True)
class TableEvaluation:
    """Which table training is evaluated on, by which label, and which columns it leaves out.

    `rating` is a column of the bank's own `grades`, the best first: it stands beside the model and is not learned from.
    With `time` and `cut` rows before the cut are learned from and the later ones judged, in place of a holdout.
    """

    table: File
    label: str
    drop: Sequence[str] = ()
    holdout: File | None = None
    time: str | None = None
    cut: str | None = None
    rating: str | None = None
    grades: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Observation:
    """What a bank saw happen to a borrower on a day.

    By which definition of default, and over how many months from which day on, where that is told.
    """

    enterprise: str
    defaulted: bool
    observed_on: date
    definition: str | None = None
    window_from: date | None = None
    horizon_months: int | None = None
