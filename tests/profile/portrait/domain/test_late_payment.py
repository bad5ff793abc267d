"""Statutory late payment: terms, days off, who pays for what first, and interest to the fen."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoice_books import book, sale

from services.profile.book.domain import order, payment
from services.profile.book.domain.evidence import ENTERPRISES
from services.profile.portrait.domain import late_payment

ME, HALL, GIANT, SHOP = "local:E1", "uscc:11320000MB151840XJ", "local:G1", "local:K1"
PARTIES = pl.DataFrame(
    [{"enterprise": GIANT, "size_class": "large"}, {"enterprise": ME, "size_class": "small"}], schema=ENTERPRISES
)
NOTHING = pl.DataFrame(schema=payment.SCHEMA)
LONG_AGO = "2020-01-02"  # a first receipt, from which on the record of payments is complete


def bill(day: str, fen: int, to: str) -> dict[str, object]:
    return sale(day, fen) | {"counterparty": to}


def received(*rows: tuple[str, int, str]) -> pl.DataFrame:
    told = [
        {
            "enterprise": ME,
            "direction": "in",
            "reference": str(place),
            "date": date.fromisoformat(day),
            "amount_fen": fen,
            "counterparty": of,
            "purpose": "goods",
            "status": "valid",
        }
        for place, (day, fen, of) in enumerate([(LONG_AGO, 1, "local:EARLIER"), *rows])
    ]
    return pl.DataFrame(told, schema=payment.SCHEMA)


def agreed(day: str, due: str, of: str) -> pl.DataFrame:
    row = {
        "enterprise": ME,
        "direction": "sale",
        "number": "1",
        "counterparty": of,
        "date": date.fromisoformat(day),
        "due_on": date.fromisoformat(due),
        "amount_fen": 1,
        "status": "open",
    }
    return pl.DataFrame([row], schema=order.SCHEMA)


def parts(bills: list[dict[str, object]], receipts: pl.DataFrame, orders: pl.DataFrame | None = None) -> pl.DataFrame:
    return late_payment.parts_of(
        book(*bills), receipts, orders if orders is not None else order.DATASET.empty(), PARTIES, "sale"
    )


def account(
    bills: list[dict[str, object]], receipts: pl.DataFrame, as_of: str, orders: pl.DataFrame | None = None
) -> late_payment.Account:
    [found] = late_payment.accounts(parts(bills, receipts, orders), date.fromisoformat(as_of))
    return found


@pytest.mark.parametrize(
    ("of", "billed", "due"),
    [
        (HALL, "2025-06-10", "2025-07-10"),  # 30 days, a Thursday
        (HALL, "2025-06-06", "2025-07-07"),  # day 30 is Sunday 6 July
        (GIANT, "2025-08-04", "2025-10-09"),  # day 60 is 3 October, off until the 8th
        (GIANT, "2025-07-30", "2025-09-28"),  # day 60 is a Sunday that is worked
        (GIANT, "2025-05-30", "2025-07-29"),  # before the revision: custom, the same 60 days
        (SHOP, "2025-06-10", "2025-08-11"),  # custom: day 60 is Saturday 9 August
        (HALL, "2020-09-01", "2020-10-09"),  # day 30 is 1 October 2020, off until the 8th
    ],
)
def test_the_due_day_is_the_one_computed_by_hand(of: str, billed: str, due: str) -> None:
    """Terms by debtor and date, the first day not counted, days off skipped."""
    assert parts([bill(billed, 100, of)], received())["due_on"].to_list() == [date.fromisoformat(due)]


@pytest.mark.parametrize(
    ("of", "billed", "binding"),
    [
        (HALL, "2020-08-31", False),
        (HALL, "2020-09-01", True),
        (GIANT, "2025-05-31", False),
        (GIANT, "2025-06-01", True),
        (SHOP, "2026-01-05", False),
    ],
)
def test_the_law_binds_from_its_day_and_only_those_it_names(of: str, billed: str, binding: bool) -> None:
    """Public bodies since September 2020, large firms since June 2025, others never."""
    assert parts([bill(billed, 100, of)], received())["binding"].to_list() == [binding]


@pytest.mark.parametrize(("of", "due"), [(HALL, "2025-08-11"), (GIANT, "2025-09-08")])
def test_an_agreed_term_counts_but_a_public_body_has_sixty_days_at_most(of: str, due: str) -> None:
    """Ninety agreed days: day 60 of the public body is Saturday 9 August, day 90 of the large firm Monday."""
    found = parts([bill("2025-06-10", 100, of)], received(), agreed("2025-06-01", "2025-08-30", of))
    assert found["due_on"].to_list() == [date.fromisoformat(due)]


def test_interest_is_five_ten_thousandths_a_day_exact_in_fen() -> None:
    """1,000,000 yuan due 10 July 2025 and paid on the 20th: ten days, 5,000 yuan."""
    found = account([bill("2025-06-10", 100_000_000, HALL)], received(("2025-07-20", 100_000_000, HALL)), "2025-12-31")
    assert (found.interest, found.most_days_late, found.paid_late_fen) == (Decimal(500_000), 10, 100_000_000)
    assert (found.open_fen, found.overdue_fen) == (0, 0)


def test_parts_of_an_invoice_bear_interest_for_their_own_days() -> None:
    """300 fen: 100 paid in time, 100 five days late, 100 open for 20 days: 100·5 + 100·20 fen-days."""
    receipts = received(("2025-07-10", 100, HALL), ("2025-07-15", 100, HALL))
    found = account([bill("2025-06-10", 300, HALL)], receipts, "2025-07-30")
    assert found.interest == Decimal("1.25")
    assert (found.open_fen, found.overdue_fen, found.paid_late_fen) == (100, 100, 100)
    assert found.oldest_due_on == date(2025, 7, 10)


def test_a_receipt_settles_the_oldest_invoice_first() -> None:
    """The first of two equal invoices is paid, the second open."""
    found = parts([bill("2025-06-10", 70, HALL), bill("2025-06-20", 70, HALL)], received(("2025-06-25", 70, HALL)))
    assert found.select("date", "settled_on").rows() == [
        (date(2025, 6, 10), date(2025, 6, 25)),
        (date(2025, 6, 20), None),
    ]


def test_a_cancelled_invoice_was_never_owed() -> None:
    """A red letter of exactly its amount takes it out; the receipt goes to the other."""
    bills = [bill("2025-06-10", 70, HALL), bill("2025-06-11", 50, HALL), bill("2025-09-01", -70, HALL)]
    found = account(bills, received(("2025-07-01", 50, HALL)), "2026-06-30")
    assert (found.invoiced_fen, found.open_fen, found.interest) == (50, 0, Decimal(0))


def test_a_discount_by_red_letter_lowers_what_is_owed() -> None:
    """100 billed, 30 taken back: 70 paid in time leave nothing open."""
    bills = [bill("2025-06-10", 100, HALL), bill("2025-06-12", -30, HALL)]
    found = account(bills, received(("2025-07-01", 70, HALL)), "2026-06-30")
    assert (found.open_fen, found.interest) == (0, Decimal(0))


def test_invoices_before_the_first_known_payment_are_not_judged() -> None:
    """Whether they were paid is unknown."""
    assert parts([bill("2019-06-10", 100, HALL)], received()).is_empty()


def test_without_payments_nothing_is_said() -> None:
    """No source, no lateness."""
    assert parts([bill("2025-06-10", 100, HALL)], NOTHING).is_empty()


@pytest.mark.parametrize(
    ("contract", "least"), [("2019-08-01", None), ("2024-08-01", "0.0335"), ("2025-06-01", "0.03")]
)
def test_an_agreed_rate_is_at_least_the_prime_rate_of_the_contracts_day(contract: str, least: str | None) -> None:
    """The one-year LPR as published; none before there was one."""
    assert late_payment.least_agreed(date.fromisoformat(contract)) == (Decimal(least) if least else None)


def test_a_rate_below_the_prime_rate_is_refused_with_the_one_needed() -> None:
    """Art. 17."""
    with pytest.raises(late_payment.RateTooLow, match=r"0\.0300"):
        late_payment.checked_rate(Decimal("0.02"), date(2025, 6, 2))


days = st.integers(0, 400).map(lambda count: date(2025, 6, 2) + timedelta(count))
amounts = st.integers(1, 10**12)
claims = st.lists(st.tuples(days, amounts), min_size=1, max_size=8)
receipts = st.lists(st.tuples(days, amounts), max_size=8)
LAST = date(2026, 12, 31)


def drawn(bills: list[tuple[date, int]], paid: list[tuple[date, int]]) -> pl.DataFrame:
    return parts(
        [bill(day.isoformat(), fen, HALL) for day, fen in bills],
        received(*((day.isoformat(), fen, HALL) for day, fen in paid)),
    )


def owed(found: pl.DataFrame, as_of: date) -> Decimal:
    return sum((each.interest for each in late_payment.accounts(found, as_of)), Decimal(0))


@given(claims, receipts)
def test_the_parts_add_up_to_the_invoices_and_no_more_is_settled_than_was_paid(
    bills: list[tuple[date, int]], paid: list[tuple[date, int]]
) -> None:
    """Money is neither made nor lost on the way."""
    found = drawn(bills, paid)
    assert found["amount_fen"].sum() == sum(fen for _, fen in bills)
    settled = found.filter(pl.col("settled_on").is_not_null())["amount_fen"].sum()
    assert settled == min(sum(fen for _, fen in bills), sum(fen for _, fen in paid))


@given(claims, receipts, st.integers(0, 500), st.integers(0, 500))
def test_interest_adds_up_over_days_and_is_never_negative(
    bills: list[tuple[date, int]], paid: list[tuple[date, int]], one: int, other: int
) -> None:
    """What accrues up to a day and what accrues after it are the whole, counted day by day by hand."""
    found, early, late_on = drawn(bills, paid), *sorted((LAST - timedelta(one), LAST - timedelta(other)))
    between = Decimal(0)
    for row in found.iter_rows(named=True):
        stop = min(row["settled_on"] or late_on, late_on)
        start = max(row["due_on"], early)
        between += max((stop - start).days, 0) * row["amount_fen"] * Decimal("0.0005")
    assert owed(found, late_on) == owed(found, early) + between
    assert owed(found, early) >= 0


@given(claims)
def test_what_is_paid_by_the_due_day_bears_nothing(bills: list[tuple[date, int]]) -> None:
    """Each invoice is paid on the day it is due."""
    due = drawn(bills, [])
    found = drawn(bills, [(row["due_on"], row["amount_fen"]) for row in due.iter_rows(named=True)])
    assert owed(found, LAST) == 0


@given(claims, receipts, st.integers(1, 10**12))
def test_paying_more_sooner_never_costs_more(
    bills: list[tuple[date, int]], paid: list[tuple[date, int]], extra: int
) -> None:
    """One more receipt on the first day lowers the interest or leaves it."""
    sooner = [(date(2025, 6, 2), extra), *paid]
    assert owed(drawn(bills, sooner), LAST) <= owed(drawn(bills, paid), LAST)
