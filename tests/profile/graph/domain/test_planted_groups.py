"""The groups that the sandbox plants are found whole, with the persons at their top and what these own."""

from __future__ import annotations

import polars as pl
import pytest

from sandbox.economy import Plan, simulate
from sandbox.ties.truth import draw_ties
from services.profile.book.domain.relation import DATASET, sealed
from services.profile.graph.domain.control.group import group
from services.profile.graph.domain.control.integrated import Holdings, holdings, owners
from services.profile.graph.domain.control.ties import Ties, ties_of
from services.profile.graph.domain.control.ultimate import top

KEY = b"k" * 32
FIRMS = 100


@pytest.fixture(scope="module")
def planted() -> tuple[pl.DataFrame, Ties, Holdings]:
    """Return the planted groups, persons as the book holds them, and the ties of the economy's last day."""
    economy = simulate(Plan(firms=FIRMS, months=14, seed=9))
    drawn = draw_ties(economy)
    rows = sealed(drawn.relations.with_row_index("line").cast({"line": pl.Int64}), KEY)
    held = DATASET.conform(rows).with_columns(import_id=pl.lit("imp_register"))
    truth = drawn.labels["owners"].rename({"person": "party"}).with_columns(relation=pl.lit("shareholder"))
    ties = ties_of(held, economy.calendar.days[-1].item(), ())
    return sealed(truth, KEY), ties, holdings(ties.stakes)


def test_every_planted_firm_has_its_person_at_the_top_and_its_group_whole(
    planted: tuple[pl.DataFrame, Ties, Holdings],
) -> None:
    """Chains, pyramids, crossed and circular holdings, and majorities that two firms have only together."""
    truth, ties, _ = planted
    assert truth["shape"].n_unique() > 3
    for _, members in truth.group_by("group"):
        person, firms = members["party"][0], sorted(members["enterprise"])
        for firm in firms:
            at_the_top = top(ties, firm)
            assert at_the_top.heads == (person,)
            assert [one.enterprise for one in group(ties, firm, at_the_top).members] == firms


def test_the_person_at_the_top_owns_what_was_planted(planted: tuple[pl.DataFrame, Ties, Holdings]) -> None:
    """To 1e-9, whatever way the shares run."""
    truth, _, held = planted
    for firm, person, share in truth.select("enterprise", "party", "integrated_share").rows():
        places, shares = owners(held, held.place[firm])
        found = {held.names[i]: value for i, value in zip(places, shares, strict=True)}
        assert found[person] == pytest.approx(share, abs=1e-9)
