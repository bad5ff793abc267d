"""A part of a batch is known again by the digest of all that its lines follow from."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from bank_products import a_product

from services.matching.domain.counting import Counts
from services.matching.domain.eligibility import Shelf
from services.matching.domain.facts import Facts, Need
from services.matching.domain.match import Guide
from services.matching.domain.product import read_product
from services.matching.usecases.match_stretch import Stretch, Terms, match_stretch, stretches

DAY = date(2026, 6, 1)
FRAME = pl.DataFrame({"enterprise": ["local:E1", "local:E2"], "sales_12m": [9e8, 7e8], "pd": [0.02, 0.03]})
FACTS = Facts(FRAME, DAY, datetime(2026, 6, 1, tzinfo=UTC), "c1", "m1")
TERMS = Terms(Shelf((read_product(a_product()),), DAY, kind_matters=False), Need(20_000_000, 12), Guide())
OTHERWISE: dict[str, Any] = {
    "frame": FRAME.with_columns(pd=pl.lit(0.04)),
    "as_of": DAY + timedelta(days=1),
    "known_at": FACTS.known_at + timedelta(seconds=1),
    "catalogue": "c2",
    "model": "m2",
    "problem": "no-model",
    "whole": FRAME,
    "evidence": {"local:E1": '{"share": 0.4}'},
    "counted": {"local:E1": '["one invoice is not counted"]'},
    "overlay": {"local:E1": '{"cap": "BB"}'},
    "counts": Counts.EVERYTHING,
}


DISPUTED = replace(FACTS, disputes={"local:E1": [{"id": "dis_1", "state": "open", "subject": "sales_12m"}]})


def part(facts: Facts) -> Stretch:
    (stretch,) = stretches(facts, TERMS)
    return stretch


def test_every_fact_has_its_other_value_here() -> None:
    """A fact that is added is to be in the digest, too, unless no line follows from it."""
    assert {each.name for each in fields(Facts)} - {"disputes"} == OTHERWISE.keys()


@pytest.mark.parametrize("name", sorted(OTHERWISE))
def test_what_is_known_otherwise_makes_another_part(name: str) -> None:
    """Whatever a line says follows from what the digest is of."""
    assert part(replace(FACTS)).made_from == part(FACTS).made_from
    assert part(replace(FACTS, **{name: OTHERWISE[name]})).made_from != part(FACTS).made_from


def test_what_a_firm_disputes_makes_the_same_part_with_the_same_lines() -> None:
    """It is told anew to whoever reads a line, and would be out of date in one that was kept."""
    disputed, plain = part(DISPUTED), part(FACTS)
    assert disputed.made_from == plain.made_from
    assert match_stretch(TERMS, disputed) == match_stretch(TERMS, plain)
