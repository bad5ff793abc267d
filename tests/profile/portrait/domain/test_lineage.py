"""The records behind a figure: a feature computed from its own records alone is the same feature."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from invoice_books import AS_OF, book, books, purchase, sale

from services.profile.book.domain.evidence import ENTERPRISES, Evidence, evidence
from services.profile.portrait.domain.features import CATALOGUE, compute
from services.profile.portrait.domain.indicators import FIGURES
from services.profile.portrait.domain.lineage import BEHIND, INVOICE, FigureNotFound, behind


def known(invoices: pl.DataFrame) -> Evidence:
    return evidence(invoices, {}, pl.DataFrame(schema=ENTERPRISES))


def test_every_figure_of_the_portrait_has_its_records() -> None:
    """None is without a way down, and none is declared that is not shown."""
    assert set(BEHIND) == {figure.name for figure in FIGURES}


@given(books())
@settings(max_examples=8)
def test_a_feature_of_its_own_records_is_the_same_feature(invoices: pl.DataFrame) -> None:
    """Void and red letters, windows and edges: what is left out does not count, what counts is not left out.

    The first invoice that counts is kept in any case: it says how far back the book reaches, which is `history_months`.
    Whether a side was ever seen is no record of a window: an unknown there is the nothing of the whole file.
    """
    one = invoices.filter(pl.col("enterprise") == invoices["enterprise"][0], pl.col("date") <= AS_OF)
    whole = compute(one, as_of=AS_OF)
    if one.filter(INVOICE["valid"]).is_empty():
        return
    counted = one.filter(INVOICE["counted"])
    first = counted.filter(pl.col("date") == pl.col("date").min())
    for feature in CATALOGUE:
        own = behind(feature.name).rows(known(one), AS_OF)["invoices"]
        kept = pl.concat([own, first.join(own, on="number", how="anti")])
        found = compute(kept, as_of=AS_OF)[feature.name].to_list() or [None]  # of no record nothing is known
        nothing = feature.model and whole[feature.name].to_list() == [0] and found == [None]
        assert nothing or found == whole[feature.name].to_list(), feature.name


def test_records_of_a_window_are_those_of_the_window() -> None:
    """A sale of 13 months ago and a purchase are not behind the sales of 12 months."""
    sales = (sale("2020-02-01", 5), sale("2019-01-01", 7), sale("2020-02-02", 3, status="void"))
    one = book(*sales, purchase("2020-02-01", 9))
    assert behind("sales_12m").rows(known(one), AS_OF)["invoices"]["net_fen"].to_list() == [5]
    assert behind("sales_void_rate_36m").rows(known(one), AS_OF)["invoices"]["net_fen"].to_list() == [5, 7, 3]


def test_a_figure_that_does_not_exist_has_no_records() -> None:
    """The refusal says where the names are."""
    with pytest.raises(FigureNotFound, match="/v1/catalogue"):
        behind("luck")
