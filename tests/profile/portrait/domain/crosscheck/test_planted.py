"""Contradictions planted into the sandbox economy: all of them are found, and next to nothing else."""

from __future__ import annotations

import polars as pl
import pytest
from crosscheck_material import material

from sandbox.contradictions import plant
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.portrait.domain.crosscheck import check, rules

FINDING = ["rule", "enterprise", "subject"]


@pytest.fixture(scope="module", params=[7, 8])
def found(request):
    """Return what contradicts in an economy with lies in it, and the truth about them."""
    tables, truth = plant(records(simulate(Plan(firms=330, months=30, seed=request.param))), seed=request.param, each=4)
    return check(material(tables)).filter("contradicts"), truth


def test_every_rule_has_lies_to_find(found):
    """Each of the rules is put to the test."""
    assert set(found[1].filter("planted")["rule"]) == {rule.key for rule in rules()}


def test_recall(found):
    """At least 98 of 100 planted contradictions are found, each by its own rule about its own subject."""
    contradictions, truth = found
    planted = truth.filter("planted").select(FINDING).unique()
    hits = planted.join(contradictions, on=FINDING, how="semi")
    assert planted.height > 60
    assert hits.height >= 0.98 * planted.height


def test_precision(found):
    """At least 95 of 100 contradictions found were planted; what a lie brings to light beside it is not counted."""
    contradictions, truth = found
    planted = truth.filter("planted").select(FINDING)
    beside = truth.filter(~pl.col("planted")).select("rule", "enterprise")
    counted = contradictions.join(beside, on=["rule", "enterprise"], how="anti")
    hits = contradictions.join(planted, on=FINDING, how="semi")
    false = counted.join(planted, on=FINDING, how="anti")
    assert hits.height / (hits.height + false.height) >= 0.95


def test_an_economy_without_lies_has_no_contradiction():
    """So whatever is found beside a planted one is its consequence."""
    honest = records(simulate(Plan(firms=330, months=30, seed=7)))
    assert check(material(honest)).filter("contradicts").is_empty()
