"""What holds for the features of any book."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from invoice_books import AS_OF, KNOWN, books

from services.profile.book.domain.invoice import as_known
from services.profile.portrait.domain.features import CATALOGUE, catalogue, compute

quick = settings(max_examples=25)
NAMES = [feature.name for feature in CATALOGUE]
# A month of the mean level is counted from a thousand yuan on, so it knows the currency.
LEVELS = [feature.name for feature in CATALOGUE if "_even_month_" in feature.name or "_lean_month_" in feature.name]
MONEY = [feature.name for feature in CATALOGUE if feature.unit == "fen" and feature.name not in LEVELS]
VOID = ["sales_void_rate_36m", "purchases_void_rate_36m"]


def bits(features: pl.DataFrame) -> list[tuple[str, bytes]]:
    """Return the exact bytes of every enterprise's values; unknown is NaN here."""
    values = features.select(pl.col(NAMES).fill_null(float("nan"))).to_numpy()
    return [(name, row.tobytes()) for name, row in zip(features["enterprise"], values, strict=True)]


@given(books(), st.randoms(use_true_random=False))
@quick
def test_the_order_of_rows_changes_no_bit(book: pl.DataFrame, random) -> None:
    """A shuffled book has byte-identical features."""
    order = random.sample(range(book.height), book.height)
    assert bits(compute(book[order], as_of=AS_OF)) == bits(compute(book, as_of=AS_OF))


@given(books())
@quick
def test_one_enterprise_alone_has_the_bits_that_it_has_in_the_book(book: pl.DataFrame) -> None:
    """The same code serves one firm and all, so a score can be reproduced from either."""
    alone = [compute(part, as_of=AS_OF) for part in book.partition_by("enterprise")]
    together = bits(compute(book, as_of=AS_OF))
    assert sorted(row for part in alone for row in bits(part)) == sorted(together)


@given(books())
@quick
def test_a_large_book_is_computed_to_the_same_bits(book: pl.DataFrame) -> None:
    """The engine for whole books and the one for single firms agree."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(catalogue, "WHOLE_BOOK", 0)
        streamed = compute(book, as_of=AS_OF)
    assert bits(streamed) == bits(compute(book, as_of=AS_OF))


@given(books(), st.integers(2, 1000))
@quick
def test_scaling_all_amounts_scales_money_and_leaves_the_rest(book: pl.DataFrame, times: int) -> None:
    """Ratios, counts and days do not know the currency."""
    scaled = compute(book.with_columns(pl.col("net_fen", "tax_fen", "total_fen") * times), as_of=AS_OF)
    expected = compute(book, as_of=AS_OF).with_columns(pl.col(MONEY) * times)
    names = [name for name in NAMES if name not in LEVELS]
    apart = (scaled.select(names) - expected.select(names)).with_columns(pl.all().abs())
    bound = expected.select(pl.col(names).abs() * 1e-9 + 1e-9)
    assert scaled.select(pl.col(NAMES).is_null()).equals(expected.select(pl.col(NAMES).is_null()))
    assert [name for name in names if (apart[name] > bound[name]).any()] == []


@given(books())
@quick
def test_void_invoices_count_in_void_rates_only(book: pl.DataFrame) -> None:
    """Taking the void rows out changes no other feature of a firm with a valid invoice."""
    rest = [name for name in ("enterprise", *NAMES) if name not in VOID]
    without = compute(book.filter(pl.col("status") == "valid"), as_of=AS_OF).select(rest)
    assert compute(book, as_of=AS_OF).select(rest).join(without, on="enterprise", how="semi").equals(without)


@given(books())
@quick
def test_invoices_dated_after_the_moment_change_nothing(book: pl.DataFrame) -> None:
    """As of a date means up to and including it."""
    past = book.filter(pl.col("date") <= AS_OF)
    assert bits(compute(book, as_of=AS_OF)) == bits(compute(past, as_of=AS_OF))


@given(books(), books())
@quick
def test_what_became_known_later_changes_no_earlier_replay(book: pl.DataFrame, more: pl.DataFrame) -> None:
    """New invoices, and new versions that void old ones, leave the features as known before."""
    late = KNOWN + timedelta(days=1)
    voided = book.with_columns(status=pl.lit("void"), version=pl.lit(2, pl.Int16), known_at=pl.lit(late))
    added = more.with_columns(known_at=pl.lit(late), number="n" + pl.col("number"))
    grown = pl.concat([book, voided.cast(book.schema), added.cast(book.schema)])
    replayed = compute(as_known(grown, known_at=KNOWN, as_of=AS_OF), as_of=AS_OF)
    assert bits(replayed) == bits(compute(book, as_of=AS_OF))


@given(books())
@quick
def test_every_value_is_a_number_or_unknown(book: pl.DataFrame) -> None:
    """No NaN and no infinity can reach JSON."""
    features = compute(book, as_of=AS_OF)
    assert features.select(pl.col(NAMES).is_finite().fill_null(value=True).all()).row(0) == (True,) * len(NAMES)


@given(books())
@quick
def test_shares_lie_between_none_and_all(book: pl.DataFrame) -> None:
    """Shares and concentrations are within 0…1, growth within −1…1."""
    features = compute(book, as_of=AS_OF)
    for name in NAMES:
        low = -1 if "growth" in name or name == "margin_36m" else 0
        if "share" in name or "hhi" in name or "retention" in name or "growth" in name or name == "margin_36m":
            assert features[name].drop_nulls().is_between(low, 1 + 1e-12).all(), name
