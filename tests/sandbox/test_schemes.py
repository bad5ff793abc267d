"""Rings of invoices and of bidders that are planted into the sandbox: they are what their labels say."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sandbox.economy import Plan, simulate
from sandbox.labels import labels
from sandbox.records import records

c = pl.col
Tables = dict[str, pl.DataFrame]


@pytest.fixture(scope="module")
def made() -> tuple[Tables, pl.DataFrame, Tables]:
    """Return the records of an economy, its bids, and its labels."""
    economy = simulate(Plan(firms=500, months=24))
    return records(economy), *labels(economy)


def circles(truth: Tables, kind: str) -> list[pl.DataFrame]:
    """Return each turn of each circle of a kind in order: it ends where its first seller is about to sell again."""
    rings = truth["rings"].filter(c("kind") == kind).sort("ring", "hop")
    size = c("seller").n_unique().over("ring")
    return rings.with_columns(turn=c("hop") // size).partition_by("ring", "turn", maintain_order=True)


def marks(turn: pl.DataFrame) -> tuple[bool, bool, bool]:
    """Return whether a circle closes, whether it does within 30 days, and whether its sum holds at each hop."""
    closes = turn["buyer"].to_list() == [*turn["seller"][1:], turn["seller"][0]]
    days = turn["date"].to_list()
    ordered = sorted(set(days)) == days and (days[-1] - days[0]).days < 30
    steps = np.diff(np.log(turn["total_fen"].to_numpy()))
    return closes, ordered, bool((np.abs(steps) < 0.025).all())


def test_a_ring_closes_in_time_with_its_sum(made: tuple[Tables, pl.DataFrame, Tables]) -> None:
    """Every turn of every ring: 3 to 6 firms in order of days within 30 of them, each sum near the one before."""
    turns = circles(made[2], "ring")
    assert len(turns) > 10
    assert all(3 <= turn.height <= 6 and marks(turn) == (True, True, True) for turn in turns)


@pytest.mark.parametrize(
    ("kind", "lacks"), [("open", (False, True, True)), ("slow", (True, False, True)), ("unequal", (True, True, False))]
)
def test_a_lookalike_lacks_one_mark(
    made: tuple[Tables, pl.DataFrame, Tables], kind: str, lacks: tuple[bool, bool, bool]
) -> None:
    """What only looks like a ring misses exactly what its kind says."""
    assert {marks(turn) for turn in circles(made[2], kind)} == {lacks}


def test_a_ring_s_invoices_are_in_both_books(made: tuple[Tables, pl.DataFrame, Tables]) -> None:
    """Each labelled invoice is found in the seller's and in the buyer's book, to the fen."""
    found, _, truth = made
    told = truth["rings"].select("seller", "buyer", "number", "date", "total_fen")
    for kind, one, other in (("invoices.sale", "seller", "buyer"), ("invoices.purchase", "buyer", "seller")):
        book = found[kind].select(
            c("enterprise").alias(one),
            c("counterparty").alias(other),
            "number",
            "date",
            total_fen=(c("total") * 100).cast(pl.Int64),
        )
        assert told.join(book, on=told.columns, how="anti").is_empty()


def test_the_lowest_bid_wins(made: tuple[Tables, pl.DataFrame, Tables]) -> None:
    """Each auction has one winner, nobody bid less, nobody above the reserve price, nobody twice."""
    rows = made[1]
    winners = rows.filter("won").select("auction", lowest="amount_fen")
    joined = rows.join(winners, on="auction")
    assert joined.height == rows.height
    assert winners["auction"].is_unique().all()
    assert joined.filter((c("amount_fen") < c("lowest")) | (c("amount_fen") > c("reserve_fen"))).is_empty()
    assert not rows.select("auction", "bidder").is_duplicated().any()


def test_rings_bid_by_their_scheme(made: tuple[Tables, pl.DataFrame, Tables]) -> None:
    """Equidistant covers stand in equal steps, in a rotation each is named as often, and who abstains is not there."""
    _, offered, truth = made
    members = truth["bidders"].select("ring", bidder="enterprise")
    rows = offered.join(truth["auctions"].drop_nulls("ring"), on="auction").join(members, on=["ring", "bidder"])
    steps = rows.filter(c("scheme") == "equidistant").sort("auction", "amount_fen")
    gaps = steps.select("auction", (c("amount_fen") / c("reserve_fen")).diff().over("auction").alias("gap"))
    assert gaps["gap"].drop_nulls().is_between(0.003, 0.005).mean() > 0.9
    turns = rows.filter(c("scheme") == "rotation").unique("auction").group_by("ring", "named").len()
    often = turns.group_by("ring").agg(spread=c("len").max() - c("len").min())["spread"].to_list()
    assert often
    assert max(often) <= 1
    alone = rows.filter(c("scheme") == "abstention").group_by("auction").len()["len"]
    assert alone.max() <= 2


def test_some_rings_of_bidders_have_one_owner(made: tuple[Tables, pl.DataFrame, Tables]) -> None:
    """Of tied rings all members are of one planted group; of the others none is of any."""
    truth = made[2]
    groups = truth["owners"].select("enterprise", "group")
    joined = truth["bidders"].join(groups, on="enterprise", how="left")
    tied, loose = joined.filter("tied"), joined.filter(~c("tied"))
    assert tied.height * loose.height > 0
    assert tied["group"].null_count() == 0
    assert tied.group_by("ring").agg(c("group").n_unique())["group"].max() == 1
    assert loose["group"].null_count() == loose.height
