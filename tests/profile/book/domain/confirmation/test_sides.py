"""The other side: which mirrored invoice confirms, and whose word does not."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from invoice_books import sale
from told_books import mirror, told

OWN = sale("2019-07-01", 100, number="7", code="033", counterparty="P1", import_id="imp_E1")


def by(*mirrored: dict[str, Any], row: dict[str, Any] = OWN) -> list[str | None]:
    return told(row, mirrored=mirrored).weighed()["by"].to_list()


@pytest.mark.parametrize("sender", ["imp_tax", "imp_partner", "imp_E2", "imp_passed"])
def test_the_partners_file_confirms_whoever_else_brought_it(sender: str) -> None:
    """The partner's own word, too: two who vouch for each other count, told under their name."""
    assert by(mirror(OWN, sender)) == ["other_side"]


def test_nobody_confirms_himself_in_anothers_file() -> None:
    """The same client that brought the firm's word brought the partner's as its own word."""
    passed = OWN | {"import_id": "imp_passed"}
    assert by(mirror(OWN, "imp_passed"), row=passed) == [None]
    assert by(mirror(OWN, "imp_partner"), row=passed) == ["other_side"]


@pytest.mark.parametrize(
    "otherwise",
    [
        {"number": "8"},
        {"date": date(2019, 7, 2)},
        {"total_fen": 101},
        {"code": "034"},
        {"direction": "sale"},
        {"counterparty": "E9"},
        {"enterprise": "local:P2"},
        {"status": "void"},
    ],
)
def test_another_invoice_confirms_nothing(otherwise: dict[str, Any]) -> None:
    assert by(mirror(OWN, "imp_tax") | otherwise) == [None]


def test_a_code_that_one_side_leaves_out_is_no_other_code() -> None:
    assert by(mirror(OWN, "imp_tax") | {"code": None}) == ["other_side"]
