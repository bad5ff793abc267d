"""Bank lines: which cover an invoice, and that each fen is taken once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoice_books import purchase, sale
from told_books import Spoken, told, told_books

from services.profile.book.domain.confirmation.bank import AFTER, BEFORE, Till

DAY = date(2019, 7, 1)


def own(day: str = "2019-07-01", fen: int = 100, **more: Any) -> dict[str, Any]:
    return sale(day, fen, counterparty="P1", import_id="imp_E1", **more)


def paid(day: str = "2019-07-20", fen: int = 100, **more: Any) -> dict[str, Any]:
    return {"date": date.fromisoformat(day), "amount_fen": fen, "reference": f"{day}/{fen}", **more}


def by(*rows: dict[str, Any], payments: list[dict[str, Any]]) -> list[str | None]:
    return told(*rows, payments=payments).weighed()["by"].to_list()


def test_a_payment_of_the_bank_covers_the_invoice() -> None:
    assert by(own(), payments=[paid()]) == ["bank"]


def test_a_purchase_is_covered_by_money_that_went_out() -> None:
    bought = purchase("2019-07-01", 100, counterparty="P1", import_id="imp_E1")
    assert by(bought, payments=[paid(direction="out")]) == ["bank"]


@pytest.mark.parametrize(
    "otherwise",
    [
        {"direction": "out"},
        {"counterparty": "P2"},
        {"counterparty": None},
        {"status": "reversed"},
        {"purpose": "loan"},
        {"import_id": "imp_E1"},
        {"import_id": "imp_passed"},
        {"enterprise": "local:E2"},
        {"amount_fen": 98},
        {"date": DAY - BEFORE - timedelta(days=1)},
        {"date": DAY + AFTER + timedelta(days=1)},
    ],
)
def test_other_money_covers_nothing(otherwise: dict[str, Any]) -> None:
    assert by(own(), payments=[paid() | otherwise]) == [None]


@pytest.mark.parametrize("day", [DAY - BEFORE, DAY + AFTER])
def test_the_days_and_the_hundredth_part_are_within(day: date) -> None:
    assert by(own(), payments=[paid(fen=99) | {"date": day}]) == ["bank"]


def test_one_payment_covers_several_invoices_and_several_payments_one() -> None:
    assert by(own(), own("2019-07-02", 50), payments=[paid(fen=150)]) == ["bank", "bank"]
    assert by(own(), payments=[paid(fen=60), paid("2019-08-01", 40)]) == ["bank"]


def test_a_line_is_used_once() -> None:
    """Two invoices, one payment: the older one has it."""
    assert by(own("2019-07-02"), own("2019-07-01"), payments=[paid()]) == [None, "bank"]


def test_an_invoice_that_another_source_knows_takes_its_money_first() -> None:
    """An invented sale of the day before does not live on the payment of the true one."""
    true = sale("2019-07-01", 100, counterparty="P1", import_id="imp_tax")
    assert by(own("2019-06-30"), true, payments=[paid()]) == [None, None]


@given(told_books())
def test_no_more_is_confirmed_than_was_paid(book: Spoken) -> None:
    """Of each pair, but for the hundredth part of each invoice that may be lacking."""
    found = book.weighed().filter(pl.col("by") == "bank")
    pairs = found.group_by("enterprise", "direction", "counterparty").agg(pl.col("total_fen").sum())
    lines = book.told.beside.payments.filter(pl.col("import_id") == "imp_bank")
    for enterprise, direction, party, fen in pairs.iter_rows():
        way = "in" if direction == "sale" else "out"
        mine = lines.filter(enterprise=enterprise, direction=way, counterparty=party)
        assert fen * 99 <= mine["amount_fen"].sum() * 100


LINES = st.lists(st.tuples(st.dates(DAY, DAY + timedelta(days=400)), st.integers(1, 300), st.just(0)), max_size=12)


@given(LINES, LINES)
def test_a_till_gives_no_more_than_was_in_it(lines: list[Any], claims: list[Any]) -> None:
    till = Till(sorted(lines))
    claims = sorted(claims)
    covered = till.take(claims)
    assert sum(claim[1] for claim, whole in zip(claims, covered, strict=True) if whole) * 99 <= 100 * sum(
        line[1] for line in lines
    )


@given(LINES, LINES, LINES)
def test_more_money_covers_no_less(lines: list[Any], more: list[Any], claims: list[Any]) -> None:
    """In two turns, as those that are proven take theirs before the others."""
    first, second = sorted(claims)[::2], sorted(claims)[1::2]
    little, much = Till(sorted(lines)), Till(sorted([*lines, *more]))
    for turn in (first, second):
        assert all(after or not before for before, after in zip(little.take(turn), much.take(turn), strict=True))
