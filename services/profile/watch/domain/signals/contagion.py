"""Signal 17: trouble that reaches a bank's own book. It is that bank's alone, so no firm's scene measures it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from services.profile.standards.text import Text
from services.profile.watch.domain.signals.inputs import SignalInputs
from services.profile.watch.domain.signals.signal import READINGS, RECORDS, Signal
from services.profile.watch.domain.signals.thresholds import Threshold

KEY = "contagion"


@dataclass(frozen=True, slots=True)
class Moves:
    """What is to be done with a book's alerts: whether to open one, and whether those that are open clear."""

    opens: bool
    clears: bool


def moves(rise_fen: float, threshold_fen: int, open_values: Iterable[float], limit: Threshold) -> Moves:
    """Return what a rise of a book's expected loss does to its alerts.

    One opens where the rise reaches the book's threshold; a further one only where it has grown by the threshold again
    since the last. All clear where it falls below a share of the threshold.
    """
    told = max(open_values, default=None)
    reached = rise_fen > 0 and rise_fen >= threshold_fen
    grown = told is None or rise_fen >= told + max(threshold_fen, 1)
    return Moves(reached and grown, rise_fen == 0 or rise_fen < threshold_fen * limit["clears"])


def event(client: str, fallen: Iterable[str], at: str) -> str:
    """Return what makes an alert of a book one event: whose book, who fell, and when it was told."""
    return f"{client} {hashlib.sha256(' '.join([*sorted(fallen), at]).encode()).hexdigest()[:32]}"


def _of_no_firm(_scene: SignalInputs) -> pl.DataFrame:
    return pl.DataFrame(schema=READINGS)


def _no_records(_scene: SignalInputs, _hits: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(schema=RECORDS)


# Of books of exposures, not of firms (`usecases/look_books.py`).
SIGNALS = (
    Signal(
        number=17,
        key=KEY,
        title=Text("风险传导", "Contagion"),
        explains=Text(
            "已违约或被列为失信被执行人的企业，经赊销或担保关系使贵行资产组合的预期损失上升，超过贵行设定的限额",
            "Firms that defaulted or are dishonest debtors raise the expected loss of your book, along trade credit "
            "and guarantees, by more than your threshold",
        ),
        severity="serious",
        unit="fen",
        needs=("invoices", "outcomes|public-records"),
        measure=_of_no_firm,
        behind=_no_records,
    ),
)
