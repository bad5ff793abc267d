"""Each family of features on a book small enough to compute by hand; as of 2020-02-21 unless said."""

from __future__ import annotations

from datetime import date
from math import sqrt

import polars as pl
import pytest
from invoice_books import AS_OF, book, purchase, sale

from services.profile.portrait.domain.features import compute

MONTHLY = [f"{year}-{month:02}-10" for year in (2018, 2019) for month in range(1, 13)]  # 24 months
# From slot 23 (2018-03-10) to slot 0 (2020-02-10): exactly the last 24 months.
LAST_24 = [*MONTHLY[2:], "2020-01-10", "2020-02-10"]


def values(*rows: dict[str, object], as_of: date = AS_OF) -> dict[str, float | None]:
    """Return the features of the only enterprise in these rows."""
    features = compute(book(*rows), as_of=as_of)
    assert features.height == 1
    return features.row(0, named=True)


def test_levels_add_red_letters_and_leave_out_what_is_older_than_the_window() -> None:
    """2019-02-22 is the first day of twelve months, 2019-02-21 the last one before them."""
    found = values(
        sale("2019-02-21", 1_000),
        sale("2019-02-22", 500),
        sale("2019-08-01", 300),
        sale("2019-09-01", -100),
        purchase("2019-08-02", 40),
    )
    assert found["sales_12m"] == 700
    assert found["sales_36m"] == 1_700
    assert found["sales_prudent_12m"] == 700
    assert found["sales_prudent_36m"] == 0.9 * 1_800
    assert found["purchases_12m"] == 40
    assert found["sales_invoices_12m"] == 2


def test_a_window_keeps_whole_months_when_the_month_before_is_shorter() -> None:
    """As of 31 March, 29 February lies one month back and 1 March in the present month."""
    found = values(sale("2020-02-29", 1), sale("2020-03-01", 1), as_of=date(2020, 3, 31))
    assert found["sales_active_months_12m"] == 2


def test_active_months_and_days_count_each_once() -> None:
    """Two invoices on one day are one day; a month with only a red letter is not active."""
    found = values(
        sale("2020-02-20", 5),
        sale("2020-02-20", 6),
        sale("2020-02-19", 7),
        sale("2019-12-01", 8),
        sale("2019-10-01", -1),
    )
    assert found["sales_active_days_12m"] == 3
    assert found["sales_active_months_36m"] == 2


def test_the_typical_month_is_the_median_of_months_with_sales() -> None:
    """Silent months do not pull it to zero."""
    found = values(sale("2020-02-01", 100), sale("2019-12-01", 900), sale("2019-09-01", 200))
    assert found["sales_typical_month_12m"] == 200


def test_the_margin_is_the_surplus_over_the_sum() -> None:
    """300 sold, 100 bought: (300 − 100) / 400."""
    assert values(sale("2020-01-01", 300), purchase("2020-01-02", 100))["margin_36m"] == 0.5


def test_the_vat_burden_is_output_less_input_tax_over_sales() -> None:
    """(13 − 5) / 100."""
    found = values(sale("2020-01-01", 100, tax=13), purchase("2020-01-02", 50, tax=5))
    assert found["vat_burden_36m"] == 0.08


def test_growth_is_symmetric() -> None:
    """300 after 100 is +0.5; the book reaches back to the whole year before."""
    found = values(sale("2018-03-01", 60), sale("2019-01-01", 40), sale("2019-06-01", 300))
    assert found["sales_growth_12m"] == 0.5


def test_growth_is_unknown_when_the_book_does_not_reach_the_year_before() -> None:
    """Sales before the first invoice are unknown rather than zero."""
    assert values(sale("2018-05-01", 60), sale("2019-06-01", 300))["sales_growth_12m"] is None


def test_quarterly_growth_compares_the_same_season() -> None:
    """The three months to 21 February against those of the year before, whatever the autumn sold."""
    found = values(sale("2018-11-22", 100), sale("2019-10-01", 9_999), sale("2019-11-22", 100))
    assert found["sales_growth_3m"] == 0


def test_the_trend_of_a_straight_line_is_its_slope_over_its_mean() -> None:
    """Sales of 1, 2, … 24 have slope 1 and mean 12.5."""
    found = values(*(sale(day, level) for level, day in enumerate(LAST_24, start=1)))
    assert found["sales_trend_24m"] == pytest.approx(1 / 12.5, rel=1e-12)


def test_variation_counts_silent_months() -> None:
    """Two equal months among 24: mean x/12, variance (2/24 − 1/144) x², hence √11."""
    found = values(sale("2018-03-10", 120), sale("2020-02-10", 120))
    assert found["sales_variation_24m"] == pytest.approx(sqrt(11), rel=1e-12)


def test_even_sales_have_no_season_and_no_variation() -> None:
    """The same amount in each of 24 months."""
    found = values(*(sale(day, 70) for day in LAST_24))
    assert found["sales_season_strength_24m"] == 0
    assert found["sales_variation_24m"] == 0


def test_sales_in_one_month_of_the_year_are_all_season() -> None:
    """Two Christmas months and nothing else; this year repeats last year."""
    found = values(purchase("2017-06-01", 1), sale("2018-12-10", 500), sale("2019-12-10", 900))
    assert found["sales_season_strength_24m"] == 1
    assert found["sales_season_match_24m"] == pytest.approx(1, abs=1e-12)


def test_the_longest_silence_is_between_sales_or_until_now() -> None:
    """Slots 9 and 2 are active: six silent months between them, two since."""
    assert values(sale("2019-05-10", 5), sale("2019-12-10", 5))["sales_longest_silence_36m"] == 6
    assert values(sale("2019-05-10", 5))["sales_longest_silence_36m"] == 9


def test_the_best_month_over_the_year() -> None:
    """60 of 100."""
    found = values(sale("2020-02-10", 60), sale("2020-01-10", 30), sale("2019-12-10", 10))
    assert found["sales_peak_share_12m"] == 0.6


def test_concentration_is_the_sum_of_squared_shares() -> None:
    """Shares 0.5, 0.3, 0.2; a customer that cancelled everything is none."""
    found = values(
        sale("2020-01-10", 50, "A"),
        sale("2020-01-11", 30, "B"),
        sale("2020-01-12", 20, "C"),
        sale("2020-01-13", 90, "D"),
        sale("2020-01-14", -95, "D"),
    )
    assert found["customer_hhi_12m"] == pytest.approx(0.38, rel=1e-12)
    assert found["customer_top1_share_12m"] == 0.5
    assert found["customers_12m"] == 3
    assert found["sales_per_customer_12m"] == pytest.approx(100 / 3)


def test_retention_weighs_last_year_s_customers_by_their_amounts() -> None:
    """A (75) came back, B (25) did not; C is new."""
    found = values(
        sale("2018-03-10", 75, "A"),
        sale("2018-03-10", 25, "B"),
        sale("2020-01-10", 10, "A"),
        sale("2020-01-10", 30, "C"),
    )
    assert found["customer_retention_12m"] == 0.75
    assert found["new_customer_share_12m"] == 0.75
    assert found["customers_growth_12m"] == 0


def test_a_customer_of_three_months_is_repeated_and_of_twelve_an_anchor() -> None:
    """A in 12 months (12), B in 3 (6), C in 2 (2)."""
    found = values(
        *(sale(day, 1, "A") for day in LAST_24[:12]),
        *(sale(day, 2, "B") for day in LAST_24[:3]),
        *(sale(day, 1, "C") for day in LAST_24[:2]),
    )
    assert found["repeat_customer_share_36m"] == 0.9
    assert found["anchor_customer_share_36m"] == 0.6


def test_the_age_of_links_weighs_by_recent_amounts() -> None:
    """A is 366 days old with three quarters of the sales, B is new this day."""
    found = values(sale("2019-02-20", 1, "A"), sale("2020-02-21", 75, "A"), sale("2020-02-21", 25, "B"))
    assert found["customer_age_12m"] == pytest.approx(0.75 * 366 / 30.436875, rel=1e-12)


def test_red_letters_are_measured_by_amount_and_by_number() -> None:
    """One red letter of 20 among ten blue invoices of 10."""
    found = values(*(sale("2020-01-10", 10) for _ in range(10)), sale("2020-01-11", -20))
    assert found["sales_red_ratio_36m"] == 0.2
    assert found["sales_red_rate_36m"] == 0.1


def test_the_void_rate_is_unknown_below_ten_invoices() -> None:
    """One void of three is no habit; two of ten are a fifth."""
    assert values(sale("2020-01-10", 1), sale("2020-01-10", 1, status="void"))["sales_void_rate_36m"] is None
    found = values(
        *(sale("2020-01-10", 1) for _ in range(8)), *(sale("2020-01-10", 1, status="void") for _ in range(2))
    )
    assert found["sales_void_rate_36m"] == 0.2


def test_history_and_freshness() -> None:
    """From 2019-02-21 to 2020-02-21 are twelve months; the last sale is 11 days old."""
    found = values(purchase("2019-02-21", 1), sale("2020-02-10", 1))
    assert found["history_months"] == 12
    assert found["sales_days_since_last"] == 11
    assert found["purchases_days_since_last"] == 365
    assert found["paired_months_36m"] == 0


def test_purchases_that_nobody_told_of_are_unknown_and_not_none() -> None:
    """A file of sales alone does not say that nothing was bought."""
    found = values(sale("2020-02-10", 1))
    assert found["purchases_12m"] is None
    assert found["suppliers_12m"] is None
    assert found["purchases_days_since_last"] is None


def test_purchases_of_long_ago_are_none_in_the_window() -> None:
    """The side is known, and in the last year nothing was bought."""
    found = values(sale("2020-02-10", 1), purchase("2016-02-10", 1))
    assert found["purchases_12m"] == 0
    assert found["suppliers_12m"] == 0
    assert found["supplier_hhi_12m"] is None


def test_the_even_month_is_the_month_of_the_mean_level() -> None:
    """One month of 700,000 fen is three doublings of a thousand yuan; over twelve months a quarter of one is left."""
    found = values(sale("2020-02-10", 700_000))
    assert found["sales_even_month_12m"] == pytest.approx(100_000 * (2 ** (3 / 12) - 1), rel=0.2)
    assert values(*(sale(day, 700_000) for day in LAST_24))["sales_even_month_12m"] == 700_000


def test_the_lean_months_are_the_six_smallest_of_twelve() -> None:
    """Six months with sales leave six without; of eleven the five smallest and the silent one count."""
    assert values(*(sale(day, 700_000) for day in LAST_24[-6:]))["sales_lean_month_12m"] == 0
    assert values(*(sale(day, 700_000) for day in LAST_24[-11:]))["sales_lean_month_12m"] > 300_000


def test_what_is_held_from_year_to_year_is_the_smaller_of_both() -> None:
    """January sold 30 and 50; the customer of March did not come back."""
    found = values(sale("2019-01-10", 30, "A"), sale("2020-01-10", 50, "A"), sale("2019-03-01", 9, "B"))
    assert found["sales_held_24m"] == 30
    assert found["customers_held_24m"] == 30


def test_the_silence_before_the_first_sale_counts() -> None:
    """Nine silent months lie behind the sale of May, twenty-six before it; another sale of 2017 cuts these."""
    assert values(sale("2019-05-10", 5))["sales_silence_36m"] == 26
    assert values(sale("2019-05-10", 5), sale("2017-12-10", 5))["sales_silence_36m"] == 16
    assert values(purchase("2019-05-10", 5), sale("2010-01-01", 5))["sales_silence_36m"] == 36


def test_customers_that_come_back_and_their_months() -> None:
    """A in three months, B in two: one comes back, five months of trade in all."""
    found = values(*(sale(day, 1, "A") for day in LAST_24[:3]), *(sale(day, 1, "B") for day in LAST_24[:2]))
    assert found["customers_repeat_36m"] == 1
    assert found["customers_months_36m"] == 5


def test_an_enterprise_with_void_invoices_only_is_wholly_unknown() -> None:
    """Not even its sales are zero: nothing usable is known of it."""
    found = values(sale("2020-02-10", 1, status="void"))
    assert {name for name, value in found.items() if value is not None} == {"enterprise"}


def test_amounts_of_a_hundred_billion_yuan_stay_exact() -> None:
    """Squares are summed in 128 bits: two equal customers of 10¹³ fen have an index of exactly one half."""
    found = values(sale("2020-02-10", 10**13, "A"), sale("2020-02-10", 10**13, "B"))
    assert found["customer_hhi_12m"] == 0.5


def test_an_empty_book_has_no_enterprise() -> None:
    """Nothing in, nothing out, and every column is there."""
    features = compute(book(), as_of=AS_OF)
    assert features.height == 0
    assert features.schema["sales_12m"] == pl.Float64
