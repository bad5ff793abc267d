"""The laws of confirmation: what is set aside, what may never be, and that the money adds up."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_books import AS_OF, frame, sale
from told_books import FIRMS, SENT, Spoken, filings_drawn, payments_drawn, told, told_books

from services.profile.book.domain import payment, tax_filing
from services.profile.book.domain.confirmation import unconfirmed, weigh
from services.profile.portrait.domain.features import CATALOGUE, compute
from services.profile.portrait.domain.features.aggregates import slot_of
from services.profile.portrait.domain.weighed import confirmed, evidence

c = pl.col


def aside(book: Spoken) -> set[tuple[str, str]]:
    """Return the invoices that only the enterprise says."""
    return set(book.weighed().filter(unconfirmed()).select("enterprise", "number").rows())


def money(book: Spoken) -> dict[str, dict[str, Any]]:
    return evidence(book.weighed(), book.told.senders, AS_OF)


def and_also(book: Spoken, **more: pl.DataFrame) -> Spoken:
    beside = book.told.beside
    joined = {name: pl.concat([getattr(beside, name), rows]) for name, rows in more.items()}
    return replace(book, told=replace(book.told, beside=replace(beside, **joined)))


@given(told_books())
def test_only_valid_blue_invoices_of_the_firms_own_word_are_set_aside(book: Spoken) -> None:
    """Whatever another channel says stays, and so do the red letters and voids that the firm admits."""
    found = book.weighed().filter(unconfirmed())
    assert {SENT[name][1] for name in found["import_id"]} <= {"subject"}
    assert (found["total_fen"] > 0).all()
    assert set(found["status"]) <= {"valid"}


@given(told_books())
def test_weighing_changes_no_row_and_no_order(book: Spoken) -> None:
    assert book.weighed().select(book.invoices.columns).equals(book.invoices)


@given(told_books())
def test_the_money_adds_up(book: Spoken) -> None:
    """By channel, by confirmed or not, and the confirmations to what the firm said itself and is confirmed."""
    for name, found in money(book).items():
        blue = book.invoices.filter(c("enterprise") == name, c("status") == "valid", c("total_fen") > 0)
        assert found["total_fen"] == blue["total_fen"].sum() == sum(found["by_channel"].values())
        assert found["confirmed_fen"] + found["unconfirmed_fen"] == found["total_fen"]
        others = found["total_fen"] - found["by_channel"].get("subject", 0)
        assert sum(found["confirmed_by"].values()) == found["confirmed_fen"] - others


@given(told_books(), st.lists(payments_drawn(), min_size=1, max_size=3))
def test_one_more_payment_takes_no_confirmation_away(book: Spoken, more: list[dict[str, Any]]) -> None:
    assert aside(and_also(book, payments=pl.DataFrame(more, schema=payment.SCHEMA))) <= aside(book)


@given(told_books(), st.lists(filings_drawn(), min_size=1, max_size=3))
def test_one_more_filing_takes_no_confirmation_away(book: Spoken, more: list[dict[str, Any]]) -> None:
    assert aside(and_also(book, filings=pl.DataFrame(more, schema=tax_filing.SCHEMA))) <= aside(book)


@given(told_books())
def test_what_the_firm_itself_is_told_is_the_same_without_any_other_file(book: Spoken) -> None:
    alone = replace(book, told=book.told.without_sides()).weighed()
    assert "other_side" not in alone["by"].to_list()
    unheard = told(*book.invoices.to_dicts(), payments=book.told.beside.payments.to_dicts())
    assert alone.equals(and_also(unheard, filings=book.told.beside.filings).weighed())


@given(told_books())
def test_one_firm_is_weighed_as_in_the_whole_book(book: Spoken) -> None:
    whole = book.weighed()
    for name in FIRMS:
        one = weigh(book.invoices.filter(c("enterprise") == name), book.told)
        assert one.equals(whole.filter(c("enterprise") == name))


@settings(max_examples=50)
@given(told_books(), st.randoms(use_true_random=False))
def test_how_rows_lie_in_the_lake_changes_nothing(book: Spoken, order: Any) -> None:
    places = list(range(book.invoices.height))
    order.shuffle(places)
    other = replace(book, invoices=book.invoices[places])
    assert (aside(other), money(other)) == (aside(book), money(book))


def test_an_invoice_counts_under_the_strongest_that_confirms_it() -> None:
    """A filing and a payment cover it; the payment is named."""
    book = told(
        sale("2019-07-01", 100, import_id="imp_E1", counterparty="P1"),
        payments=[{"date": AS_OF.replace(year=2019, month=7, day=9), "amount_fen": 100, "reference": "1"}],
        filings=[
            {
                "period_start": AS_OF.replace(year=2019, month=7, day=1),
                "period_end": AS_OF.replace(year=2019, month=7, day=31),
                "declared_sales_fen": 100,
            }
        ],
    )
    assert money(book)["local:E1"]["confirmed_by"] == {"other_source": 0, "other_side": 0, "bank": 100, "filing": 0}


def test_what_the_firm_said_first_and_another_source_now_is_that_sources_and_confirmed() -> None:
    own = sale("2019-07-01", 100, number="7", import_id="imp_E1", counterparty="P1")
    book = told(own | {"import_id": "imp_tax", "version": 2}, before=[own])
    found = money(book)["local:E1"]
    assert found["by_channel"] == {"government": 100}
    assert found["confirmed_by"]["other_source"] == 100


def test_a_word_that_was_refused_against_another_source_confirms_nothing() -> None:
    """Version 0 says something else: it is no second voice for what stands."""
    stands = sale("2019-07-01", 100, number="7", import_id="imp_tax", counterparty="P1")
    book = told(stands, before=[stands | {"import_id": "imp_E1", "version": 0}])
    assert money(book)["local:E1"]["confirmed_by"]["other_source"] == 0


def test_money_older_than_36_months_is_not_told() -> None:
    book = told(sale("2016-07-01", 100, import_id="imp_E1"), sale("2019-07-01", 7, import_id="imp_tax"))
    assert money(book)["local:E1"]["total_fen"] == 7


@given(st.dates(date(2015, 1, 1), date(2024, 12, 31)), st.integers(1000, 1200))
def test_the_36_months_are_those_of_the_features(as_of: date, back: int) -> None:
    """To the day, at the ends of months, too."""
    day = as_of - timedelta(days=back)
    row = sale(day.isoformat(), 100, import_id="imp_tax")
    found = evidence(weigh(frame([{"number": "1", **row}]), told(row).told), told(row).told.senders, as_of)
    within = pl.select(slot_of(pl.lit(day), as_of) < 36).item()
    assert found["local:E1"]["total_fen"] == (100 if within else 0)


def counted(book: Spoken) -> pl.DataFrame:
    return confirmed(book.weighed(), AS_OF)


def better(one: pl.DataFrame, other: pl.DataFrame) -> list[str]:
    """Return the figures offered to a model that speak more for a firm in one book of invoices than in another."""
    left, right = (compute(each, as_of=AS_OF) for each in (one, other))
    both = left.join(right, on="enterprise", suffix="_other")
    worst = {each.name: each.direction * float("inf") for each in CATALOGUE if each.model}
    return [
        name
        for name, bound in worst.items()
        if ((both[name].fill_null(bound) - both[f"{name}_other"].fill_null(bound)) * bound < 0).any()
    ]


@given(told_books())
@settings(max_examples=60)
def test_what_counts_has_the_confirmed_money_month_by_month_and_no_better_figure(book: Spoken) -> None:
    """Of each side and firm; invoices that only a bank line or a filing confirms are joined."""
    rows = book.weighed().filter(~unconfirmed()).select(counted(book).columns)
    of = ("enterprise", "direction", "status", slot_of(c("date"), AS_OF).alias("slot"))
    sums = [each.group_by(of).agg(c("net_fen", "total_fen").sum()).sort(pl.all()) for each in (rows, counted(book))]
    assert sums[0].equals(sums[1])
    assert better(counted(book), rows) == better(rows, book.invoices) == []


@given(told_books(), payments_drawn(), filings_drawn())
@settings(max_examples=60)
def test_one_more_payment_or_filing_makes_no_counted_figure_worse(book: Spoken, paid: Any, filed: Any) -> None:
    more = and_also(
        book,
        payments=pl.DataFrame([paid], schema=payment.SCHEMA),
        filings=pl.DataFrame([filed], schema=tax_filing.SCHEMA),
    )
    assert better(counted(book), counted(more)) == []


def test_a_filing_or_a_bank_line_confirms_money_and_no_crowd() -> None:
    """A hundred sales of a fen are one of a yuan: to nobody by name, or to the one who paid it."""
    fens = [sale("2019-07-10", 1, f"C{place}", import_id="imp_E1") for place in range(100)]
    july = {"period_start": date(2019, 7, 1), "period_end": date(2019, 7, 31), "declared_sales_fen": 1}
    by_filing = counted(told(*fens, filings=[july]))
    assert by_filing.select("counterparty", "total_fen").rows() == [(None, 100)]
    line = {"counterparty": "local:P1", "date": date(2019, 7, 11), "amount_fen": 100, "reference": "1"}
    by_bank = counted(told(*(each | {"counterparty": "local:P1"} for each in fens), payments=[line]))
    assert by_bank.select("counterparty", "total_fen").rows() == [("local:P1", 100)]
