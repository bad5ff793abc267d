"""Contradictions planted into the sandbox economy: all of them are found, and next to nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace

import polars as pl
import pytest
from crosscheck_material import material

from sandbox.contradictions import plant
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.portrait.domain.crosscheck import Material, check, rules
from services.profile.portrait.domain.crosscheck.check import OF_TWO_BOOKS, PAIRED, RESTS_ON

FINDING = ["rule", "enterprise", "subject"]


@dataclass(frozen=True)
class Lies:
    """An economy with lies in it: what contradicts, and the truth, which tells the planted from their consequences."""

    contradictions: pl.DataFrame
    truth: pl.DataFrame

    @property
    def planted(self) -> pl.DataFrame:
        """The contradictions that were planted."""
        return self.truth.filter("planted").select(FINDING).unique()


@pytest.fixture(scope="module", params=[7, 8])
def lies(request: pytest.FixtureRequest) -> Lies:
    """Return what contradicts in an economy with lies in it, and the truth about them."""
    tables, truth = plant(records(simulate(Plan(firms=330, months=30, seed=request.param))), seed=request.param, each=4)
    return Lies(check(material(tables)).filter("contradicts"), truth)


def test_every_rule_has_lies_to_find(lies: Lies) -> None:
    """Each of the rules is put to the test, but for those about a firm's own word: an economy has one source."""
    assert set(lies.planted["rule"]) == {rule.key for rule in rules() if not rule.key.startswith("own-")}


def test_nearly_all_planted_contradictions_are_found(lies: Lies) -> None:
    """At least 98 of 100, each by its own rule about its own subject."""
    hits = lies.planted.join(lies.contradictions, on=FINDING, how="semi")
    assert lies.planted.height > 60
    assert hits.height >= 0.98 * lies.planted.height


def test_nearly_all_contradictions_found_were_planted(lies: Lies) -> None:
    """At least 95 of 100; what a lie brings to light beside it is not counted."""
    consequences = lies.truth.filter(~pl.col("planted")).select("rule", "enterprise")
    counted = lies.contradictions.join(consequences, on=["rule", "enterprise"], how="anti")
    hits = lies.contradictions.join(lies.planted, on=FINDING, how="semi")
    false = counted.join(lies.planted, on=FINDING, how="anti")
    assert hits.height / (hits.height + false.height) >= 0.95


def test_an_economy_without_lies_has_no_contradiction() -> None:
    """So whatever is found beside a planted one is its consequence."""
    honest = records(simulate(Plan(firms=330, months=30, seed=7)))
    assert check(material(honest)).filter("contradicts").is_empty()


def test_without_what_it_rests_on_a_rule_pairs_nothing() -> None:
    """So that it need not be asked: of every rule, with all else that an economy has; and with that it pairs."""
    known = material(records(simulate(Plan(firms=40, months=14))))
    assert RESTS_ON.keys() | OF_TWO_BOOKS == PAIRED.keys()
    found = {key for key, pairs in PAIRED.items() if pairs(_without(known, key)).collect().height}
    assert not found


def _without(known: Material, rule: str) -> Material:
    if rule in OF_TWO_BOOKS:
        return replace(known, books=known.books.clear())
    name, column = RESTS_ON[rule]
    table = getattr(known.evidence, name)
    less = table.with_columns(pl.lit(None, table.schema[column]).alias(column)) if column else table.clear()
    return replace(known, evidence=replace(known.evidence, **{name: less}))
