"""Indicators of relations, the network and wages, on cases small enough to be worked out by hand."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.profile.book.domain import payment, public_record, relation
from services.profile.portrait.domain.indicators import FIGURES, chain
from services.profile.portrait.domain.indicators import relation as relations
from services.profile.portrait.domain.indicators.payment import _wages
from services.profile.portrait.domain.standing import FULL, WHOLE, base, contributions, dimension_scores

DAY = pl.lit(date(2025, 6, 30))
LINKS: dict[str, Any] = {"enterprise": pl.String, "counterparty": pl.String, "sold": pl.Int64, "bought": pl.Int64}
NO_LINKS, NO_RECORDS = pl.DataFrame(schema=LINKS), public_record.DATASET.empty()


def ties(*rows: tuple[str, str, str]) -> pl.DataFrame:
    told = [{"enterprise": firm, "relation": sort, "party": party} for firm, sort, party in rows]
    return pl.DataFrame(told, schema=relation.SCHEMA)


def of(frame: pl.DataFrame, name: str) -> dict[str, float | None]:
    return dict(frame.select("enterprise", name).rows())


def test_firms_that_meet_in_one_controller_however_far_are_one_group() -> None:
    """A and B share a controller, B and C a person in charge; D stands alone."""
    held = ties(("A", "controller", "x"), ("B", "controller", "x"), ("B", "person-in-charge", "y"),
                ("C", "person-in-charge", "y"), ("D", "controller", "z"))  # fmt: skip
    found = of(relations.network(held, NO_RECORDS, NO_LINKS, DAY), "group_firms")
    assert found == {"A": 3, "B": 3, "C": 3, "D": 1}


def test_a_minor_shareholder_controls_nothing() -> None:
    """Thirty per cent are no control."""
    held = ties(("A", "shareholder", "x"), ("B", "shareholder", "x")).with_columns(share=pl.lit(0.3))
    assert set(of(relations.network(held, NO_RECORDS, NO_LINKS, DAY), "group_firms").values()) == {1}


def test_a_ring_of_guarantees_is_found_and_a_chain_is_none() -> None:
    """A backs B, B backs C, C backs A; C backs D too, which backs nobody."""
    held = ties(("B", "guarantor", "A"), ("C", "guarantor", "B"), ("A", "guarantor", "C"), ("D", "guarantor", "C"))
    found = relations.network(held, NO_RECORDS, NO_LINKS, DAY)
    assert of(found, "guarantee_ring") == {"A": 1, "B": 1, "C": 1, "D": 0}
    assert of(found, "guarantees_given") == {"A": 1, "B": 1, "C": 2, "D": 0}


def test_an_ended_relation_counts_no_more() -> None:
    """It ended a day before."""
    held = ties(("A", "phone", "p"), ("B", "phone", "p")).with_columns(until=pl.lit(date(2025, 6, 29)))
    assert relations.network(held, NO_RECORDS, NO_LINKS, DAY).is_empty()


def test_a_firm_from_which_all_buy_is_more_central_than_its_suppliers_customers() -> None:
    """Three buyers pay H, H pays S; two others trade with each other's like only."""
    sold = [("H", "a", 10, 0), ("H", "b", 10, 0), ("H", "c", 10, 0), ("S", "H", 5, 0), ("T", "d", 10, 0)]
    links = pl.DataFrame(
        [(f"local:{seller}", *deal) for seller, *deal in sold],
        schema=LINKS,
        orient="row",
    )
    found = of(chain.network(links, pl.Series([], dtype=pl.String)), "centrality")
    assert found["local:S"] > found["local:T"]  # type: ignore[operator]
    assert found["local:H"] > found["local:T"]  # type: ignore[operator]


def test_links_in_parts_make_the_network_of_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """To the last bit, and though the shares of few sellers are made at once."""
    rng = np.random.default_rng(3)
    sides, fen = rng.integers(0, 40, (2, 900)), rng.integers(-5, 10**9, (2, 900)).clip(0)
    told = {"enterprise": sides[0], "counterparty": sides[1], "sold": fen[0], "bought": fen[1]}
    every = pl.DataFrame(told).filter(pl.col("enterprise") < 25).unique(("enterprise", "counterparty"))
    links = every.select(
        pl.format("local:{}", "enterprise"), pl.format("{}", "counterparty"), pl.col("sold", "bought")
    ).sort("enterprise", "counterparty")
    large = pl.Series(["local:3"])
    whole = chain.network(links, large).sort("enterprise")
    assert whole.null_count().sum_horizontal().item() == 0
    monkeypatch.setattr(chain, "TOGETHER", 7)
    mine = pl.col("enterprise").str.contains("1")
    parts = [links.filter(mine).lazy(), links.filter(~mine).lazy(), links.clear().lazy()]
    assert chain.network(parts, large).sort("enterprise").equals(whole)


def test_a_deal_told_by_both_sides_counts_once() -> None:
    """The seller's and the buyer's account of 10 are one flow of 10."""
    both = pl.DataFrame([("local:A", "B", 10, 0), ("local:B", "A", 0, 10)], schema=LINKS, orient="row")
    one = pl.DataFrame([("local:A", "B", 10, 0)], schema=LINKS, orient="row")
    large = pl.Series([], dtype=pl.String)
    told, once = (of(chain.network(links, large), "centrality") for links in (both, one))
    assert told["local:A"] == once["local:A"]


@pytest.mark.parametrize(
    ("paid", "share"),
    [
        (["2025-04-30", "2025-05-31", "2025-06-30"], 1.0),  # every month since the first, at its end
        (["2025-04-01", "2025-06-01"], 2 / 3),  # May is missing
        (["2024-01-15"], 0.0),  # none in the last twelve
    ],
)
def test_wages_are_counted_by_whole_months(paid: list[str], share: float) -> None:
    """As of 30 June, June is over."""
    rows = [
        {"enterprise": "A", "direction": "out", "purpose": "wage", "status": "valid", "date": date.fromisoformat(day)}
        for day in paid
    ]
    days = pl.DataFrame({"as_of": [date(2025, 6, 30)]})
    assert _wages(pl.DataFrame(rows, schema=payment.SCHEMA), days)["wage_months"].to_list() == [pytest.approx(share)]


values = st.dictionaries(
    st.sampled_from([figure.name for figure in FIGURES]), st.floats(-1e6, 1e6), min_size=1, max_size=60
)


@given(values)
def test_base_and_contributions_are_the_score_whatever_the_figures(drawn: dict[str, float]) -> None:
    """In every dimension, within 0 and 100, to 1e-9."""
    columns = {figure.name: np.array([drawn.get(figure.name, np.nan)]) for figure in FIGURES}
    grids = {figure.name: np.linspace(-1e3, 1e3, 101) for figure in FIGURES}
    for dimension, score in dimension_scores(columns, grids).items():
        added = np.nansum(list(contributions(dimension, columns, grids).values()))
        if not np.isnan(score[0]):
            assert 0 <= score[0] <= FULL
            assert base(dimension) + added == pytest.approx(score[0], abs=1e-9)
        assert base(dimension) == (FULL if dimension in WHOLE else FULL / 2)
