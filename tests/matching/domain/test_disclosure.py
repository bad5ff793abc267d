"""What is left of an answer about many firms when some of them have ended their consent."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from services.matching.domain.allocation.report import AllocationReport
from services.matching.domain.assignment.report import AssignmentReport
from services.matching.domain.disclosure import LISTS, OF_THE_ORDER, disclosed
from services.matching.domain.dry_run import DryRunReport


def answer(firms: int) -> dict[str, Any]:
    """Return an answer with a list of whom it speaks of, a total, a total of a part, and a word of its order."""
    lines = [{"enterprise": name} for name in names(firms)]
    return {"offered_fen": 7, "groups": [{"firms": 1}], "as_of": "2020-01-31", "lines": lines, "excluded": []}


def names(firms: int) -> list[str]:
    return [f"local:E{number}" for number in range(firms)]


def test_while_all_consent_everything_is_shown_as_made() -> None:
    assert disclosed(answer(1), names(1), 1) == answer(1)


@pytest.mark.parametrize(("withheld", "left"), [(1, 0), (1, 1), (1, 24), (9, 100), (100, 9), (100, 100)])
def test_no_total_is_shown_while_anybody_is_withheld(withheld: int, left: int) -> None:
    shown = disclosed(answer(withheld + left), names(left), withheld + left)
    assert shown == {"as_of": "2020-01-31", "lines": [{"enterprise": name} for name in names(left)], "excluded": []}


def test_of_nobody_there_is_nothing_to_withhold() -> None:
    assert disclosed(answer(0), names(0), 0) == answer(0)


def test_who_is_withheld_is_in_no_list() -> None:
    """To be in it would tell something."""
    shown = disclosed(answer(3), names(2), 3)
    assert [line["enterprise"] for line in shown["lines"]] == names(2)


def test_every_name_is_one_of_a_report_or_of_its_order() -> None:
    """A name that nothing has any more would hide that another is missing."""
    reports = (AllocationReport, AssignmentReport, DryRunReport)
    made = {field.name for report in reports for field in fields(report)}
    assert made >= LISTS
    assert OF_THE_ORDER - made == {"as_of", "model", "counts", "churn_curves"}
