"""Filings: declared sales that cover the invoiced ones confirm what the firm says of the period, all or nothing."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from invoice_books import purchase, sale
from told_books import told

JULY = {"period_start": date(2019, 7, 1), "period_end": date(2019, 7, 31)}


def own(day: str, net: int, **more: Any) -> dict[str, Any]:
    return sale(day, net, import_id="imp_E1", **more)


def by(*rows: dict[str, Any], declared: int, **more: Any) -> list[str | None]:
    return told(*rows, filings=[JULY | {"declared_sales_fen": declared} | more]).weighed()["by"].to_list()


def test_declared_sales_confirm_all_sales_of_their_period() -> None:
    rows = (own("2019-07-01", 1_000_000), own("2019-07-31", 2_000_000, tax=5))
    assert by(*rows, declared=3_000_000) == ["filing", "filing"]


@pytest.mark.parametrize(("declared", "found"), [(2_912_621, None), (2_912_622, "filing")])
def test_three_percent_more_may_be_invoiced_than_declared(declared: int, found: str | None) -> None:
    """3,000,000 fen are three percent more than 2,912,621.4."""
    assert by(own("2019-07-01", 3_000_000), declared=declared) == [found]


def test_where_more_was_invoiced_than_declared_nothing_is_confirmed() -> None:
    """The tax office's own invoices count first: what it knows already fills what was declared."""
    known = sale("2019-07-02", 3_000_000, import_id="imp_tax")
    assert by(own("2019-07-01", 1_000_000), known, declared=3_000_000) == [None, None]


def test_red_letters_lower_the_invoiced_sales_only_where_another_source_states_them() -> None:
    """Else a firm would make room for invented sales by cancelling invented ones."""
    rows = (own("2019-07-01", 2_000_000), own("2019-07-02", 2_000_000))
    red = sale("2019-07-03", -2_000_000, import_id="imp_tax")
    assert by(*rows, red, declared=2_000_000) == ["filing", "filing", None]
    assert by(*rows, red | {"import_id": "imp_E1"}, declared=2_000_000) == [None, None, None]


@pytest.mark.parametrize(
    "otherwise",
    [
        {"tax": "income"},
        {"import_id": "imp_passed"},
        {"enterprise": "local:E2"},
        {"declared_sales_fen": None},
        {"period_start": date(2019, 6, 1), "period_end": date(2019, 6, 30)},
    ],
)
def test_another_filing_confirms_nothing(otherwise: dict[str, Any]) -> None:
    assert by(own("2019-07-01", 100), declared=1_000_000, **otherwise) == [None]


def test_purchases_are_in_no_declaration_of_sales() -> None:
    assert by(purchase("2019-07-01", 100, import_id="imp_E1"), declared=1_000_000) == [None]
