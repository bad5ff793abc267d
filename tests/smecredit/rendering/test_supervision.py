"""Values of a class as people say them."""

from __future__ import annotations

import pytest

from smecredit.rendering.supervision import valued


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (1.0, "grade", "A"),
        (3.0, "grade", "M"),
        (5.0, "grade", "D"),
        (9.0, "grade", "9"),
        (0.1339, "ratio", "13.4%"),
        (35.0, "month", "35 个月 mo"),
        (-14.85, "day", "-14.85 天 d"),
        (120_000.0, "fen", "¥1,200"),
        (2.0, "count", "2"),
        (None, "grade", "–"),
    ],
)
def test_a_value_is_said_in_its_unit(value: float | None, unit: str, words: str) -> None:
    """A tax grade is a letter: its number falls as it gets better, and says nothing to a reader."""
    assert valued(value, unit) == words
