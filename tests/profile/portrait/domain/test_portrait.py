"""What a portrait shows of one enterprise."""

from __future__ import annotations

from datetime import date

import polars as pl
from hypothesis import given, settings
from invoice_books import AS_OF, book, books, purchase, sale

from services.profile.portrait.domain.features import compute, history
from services.profile.portrait.domain.indicators import FIGURES
from services.profile.portrait.domain.peers import Firm, peers
from services.profile.portrait.domain.portrait import Portrait, Subject, aspects, month_ends, months, partners, portrait

NOBODY = pl.DataFrame(
    schema={"enterprise": pl.String, "industry": pl.String, "size_class": pl.String, "synthetic": pl.Boolean}
)


def alone(invoices: pl.DataFrame) -> Portrait:
    """Return the portrait of the only firm there is, without peers."""
    found = history(invoices, month_ends(AS_OF))
    rows = found.filter(pl.col("as_of") == AS_OF).rows(named=True)
    return portrait(invoices, Subject(AS_OF, "E", None, rows[0] if rows else {}, found), None)


def test_the_eight_dimensions_come_in_their_order() -> None:
    """The order of the radar never changes."""
    keys = [aspect.key for aspect in aspects({}, None)]
    assert keys == ["payment", "operation", "stability", "growth", "relation", "compliance", "chain", "confidence"]


@given(books())
@settings(max_examples=20)
def test_a_dimension_has_a_score_or_a_reason_why_not(invoices: pl.DataFrame) -> None:
    """Exactly one of the two, whatever the invoices."""
    found = compute(invoices, as_of=AS_OF)
    group = peers(found, NOBODY).of(Firm())
    for row in found.iter_rows(named=True):
        for aspect in aspects(row, group):
            assert (aspect.score is None) == (aspect.missing is not None)
            assert aspect.score is None or 0 <= aspect.score <= 100
            assert aspect.percentile is None or 0 <= aspect.percentile <= 100


def test_dimensions_without_a_source_say_so_instead_of_inventing_a_number() -> None:
    """Invoices say nothing of penalties or of control groups."""
    found = compute(book(sale("2020-01-01", 100)), as_of=AS_OF)
    by_key = {aspect.key: aspect for aspect in aspects(found.row(0, named=True), peers(found, NOBODY).of(Firm()))}
    for key in ("relation", "compliance"):
        assert by_key[key].score is None
        assert by_key[key].missing is not None
        assert by_key[key].missing.zh == "尚未接入该维度的数据来源"


def test_without_peers_the_portrait_says_that_there_is_nobody_to_compare_with() -> None:
    """The figures are still shown."""
    invoices = book(sale("2020-01-01", 100))
    drawn = alone(invoices)
    operation = drawn.dimensions[1]
    assert operation.missing is not None
    assert operation.missing.en == "No firms to compare with"
    assert (operation.features[0][0].name, operation.features[0][1]) == ("sales_12m", 100.0)


def test_every_feature_is_listed_under_one_dimension() -> None:
    """The drill-down loses nothing."""
    listed = [feature.name for aspect in aspects({}, None) for feature, _ in aspect.features]
    assert sorted(listed) == sorted(figure.name for figure in FIGURES)


def test_thirty_six_calendar_months_end_with_the_present_one() -> None:
    """Silent months are zero; both sides and red letters are summed."""
    invoices = book(
        sale("2020-02-01", 100), sale("2020-02-20", -30), purchase("2017-03-31", 7), sale("2017-02-28", 999)
    )
    shown = months(invoices, AS_OF)
    assert [shown[0].month, shown[-1].month, len(shown)] == ["2017-03", "2020-02", 36]
    assert (shown[0].purchases_fen, shown[-1].sales_fen, sum(m.sales_fen for m in shown)) == (7, 70, 70)


def test_the_main_customers_come_first_with_share_and_tenure() -> None:
    """Months count invoices of 36 months, the first invoice may be older."""
    invoices = book(
        sale("2016-05-01", 1, "A"),
        sale("2019-05-01", 40, "A"),
        sale("2020-02-01", 35, "A"),
        sale("2020-02-01", 25, "B"),
    )
    first, second = partners(invoices, "sale", AS_OF)
    assert (first.id, first.net_fen, first.share, first.months) == ("local:A", 75, 0.75, 2)
    assert (first.first_on, first.last_on) == (date(2016, 5, 1), date(2020, 2, 1))
    assert second.id == "local:B"


def test_partners_of_equal_amount_come_in_a_fixed_order() -> None:
    """The page does not flicker."""
    invoices = book(*(sale("2020-01-01", 10, name) for name in "CABD"))
    assert [partner.id for partner in partners(invoices, "sale", AS_OF)] == [f"local:{name}" for name in "ABCD"]


def test_ten_partners_are_shown_and_shares_are_of_all() -> None:
    """Twenty equal suppliers have a twentieth each."""
    invoices = book(*(purchase("2020-01-01", 10, f"S{n}") for n in range(20)))
    assert [partner.share for partner in partners(invoices, "purchase", AS_OF)] == [0.05] * 10


def test_void_and_later_invoices_are_in_no_month_and_no_partner() -> None:
    """A portrait as of a date shows valid invoices up to it."""
    invoices = book(sale("2020-02-01", 5, "A", status="void"), sale("2020-02-22", 6, "B"))
    drawn = alone(invoices)
    assert drawn.customers == ()
    assert {month.sales_fen for month in drawn.months} == {0}
