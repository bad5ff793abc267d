"""Which code a contribution has."""

from __future__ import annotations

import pytest

from services.scoring.domain.reason_codes import code_of, codes


@pytest.mark.parametrize(("points", "code"), [(-3.0, "R202"), (3.0, "P202")])
def test_a_feature_has_one_code_for_what_it_costs_and_one_for_what_it_earns(points: float, code: str) -> None:
    assert code_of("sales_36m", points) == code


def test_a_column_of_a_banks_own_table_has_no_code() -> None:
    """The list is of the catalogue; a code for anything else would say what nobody fixed."""
    assert code_of("loan_officer", -5.0) is None


def test_every_code_is_found_by_its_feature_and_side() -> None:
    for each in codes():
        assert code_of(each.feature, -1.0 if each.side == "costs" else 1.0) == each.code
