"""When a rise of a book's expected loss is told, and when it is over."""

from __future__ import annotations

from datetime import date

import pytest

from services.profile.watch.domain.signals.contagion import KEY, moves
from services.profile.watch.domain.signals.thresholds import threshold_on

LIMIT = threshold_on(KEY, date(2026, 11, 30))


@pytest.mark.parametrize(
    ("rise", "open_values", "opens", "clears"),
    [
        (0, [], False, True),
        (79, [100], False, True),
        (80, [100], False, False),
        (99, [], False, False),
        (100, [], True, False),
        (199, [100], False, False),
        (200, [100], True, False),
        (250, [200, 100], False, False),
    ],
)
def test_it_opens_at_the_threshold_again_when_it_grew_by_it_and_clears_below_four_fifths(
    rise: float, open_values: list[float], opens: bool, clears: bool
) -> None:
    done = moves(rise, 100, open_values, LIMIT)
    assert (done.opens, done.clears) == (opens, clears)
