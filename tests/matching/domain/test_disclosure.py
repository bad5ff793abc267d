"""What is left of an answer about many firms when some of them have ended their consent."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from services.matching.domain.allocation.report import AllocationReport
from services.matching.domain.assignment.report import AssignmentReport
from services.matching.domain.disclosure import LEAST_COUNT, LISTS, OF_ALL_FIRMS, OF_THE_ORDER, disclosed
from services.matching.domain.dry_run import DryRunReport


def answer(firms: int) -> dict[str, Any]:
    """Return an answer with a list of whom it speaks of, a total, a total of a part, and a word of its order."""
    lines = [{"enterprise": name} for name in names(firms)]
    return {"lent_fen": 7, "groups": [{"firms": 1}], "as_of": "2020-01-31", "lines": lines, "excluded": []}


def names(firms: int) -> list[str]:
    return [f"local:E{number}" for number in range(firms)]


def test_while_all_consent_everything_is_shown_as_made() -> None:
    assert disclosed(answer(1), names(1), 0) == answer(1)


@pytest.mark.parametrize(
    ("withheld", "left"), [(1, 0), (1, 1), (1, 24), (LEAST_COUNT - 1, 100), (100, LEAST_COUNT - 1), (0, 0)]
)
def test_a_total_of_few_on_either_side_is_closed(withheld: int, left: int) -> None:
    """Of nobody at all there is nothing to withhold."""
    shown = disclosed(answer(withheld + left), names(left), withheld)
    assert ("lent_fen" in shown) == (withheld == 0)


@pytest.mark.parametrize("withheld", [LEAST_COUNT, 100])
def test_a_total_of_many_on_both_sides_is_shown_and_one_of_a_part_is_not(withheld: int) -> None:
    """In a part there may be one of the withheld alone."""
    shown = disclosed(answer(withheld + LEAST_COUNT), names(LEAST_COUNT), withheld)
    assert (shown["lent_fen"], "groups" in shown) == (7, False)


def test_who_is_withheld_is_in_no_list() -> None:
    """To be in it would tell something."""
    shown = disclosed(answer(3), names(2), 1)
    assert [line["enterprise"] for line in shown["lines"]] == names(2)


def test_every_name_is_one_of_a_report_or_of_its_order() -> None:
    """A name that nothing has any more would hide that another is missing."""
    reports = (AllocationReport, AssignmentReport, DryRunReport)
    made = {field.name for report in reports for field in fields(report)}
    assert made >= OF_ALL_FIRMS | LISTS
    assert OF_THE_ORDER - made == {"as_of", "model", "churn_curves"}
