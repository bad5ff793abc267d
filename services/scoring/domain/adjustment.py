"""What is declared about the level of PDs beside what the data say, in log-odds: shown, and added to the intercept.

All three move every firm's log-odds by the same, so ranks, reasons and their sum stay as they are.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import fsum, log
from typing import Any

from services.scoring.domain.scale import POINTS_PER_LOG_ODDS


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A long-run default rate that PDs are centred on, a margin of conservatism and a through-the-cycle shift.

    `central_tendency` is a rate between 0 and 1, None to keep the training firms' own; the others are log-odds.
    """

    central_tendency: float | None = None
    margin_of_conservatism: float = 0.0
    through_the_cycle_shift: float = 0.0

    def log_odds(self, rate: float) -> dict[str, float]:
        """Return by how much each moves the log-odds of a model whose training firms defaulted at `rate`.

        The central tendency by the prior correction of King & Zeng (2001): the difference of both rates' log-odds.
        """
        centre = 0.0 if self.central_tendency is None else _log_odds(self.central_tendency) - _log_odds(rate)
        return {
            "central_tendency": centre,
            "margin_of_conservatism": self.margin_of_conservatism,
            "through_the_cycle_shift": self.through_the_cycle_shift,
        }

    def total(self, rate: float) -> float:
        """Return by how much all of them together move the log-odds of default."""
        return fsum(self.log_odds(rate).values())

    def as_json(self, rate: float) -> dict[str, Any]:
        """Return what was declared and what it does, for the card and the legend."""
        total = self.total(rate)
        return {
            "declared": asdict(self),
            "training_rate": rate,
            "log_odds": self.log_odds(rate),
            "total_log_odds": total,
            "points": -POINTS_PER_LOG_ODDS * total,
        }


def _log_odds(rate: float) -> float:
    return log(rate) - log(1 - rate)
