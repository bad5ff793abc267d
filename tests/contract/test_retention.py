"""Everything that a service keeps stands in its `retention.toml`, and what goes has something that takes it out."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from sqlalchemy import MetaData, Table

from chassis.core.retention import Declared, Stays
from chassis.data.removal import Removal
from gateway.identity import retention as gateway
from gateway.identity.tables import Base as Gateway
from services.matching import retention as matching
from services.matching.tables import Base as Matching
from services.profile import upkeep
from services.profile.graph.usecases.order_shock import KEPT
from services.profile.rights import retention_store
from services.profile.rights.domain.retention import all_declared
from services.profile.tables import Base as Profile
from services.scoring.store import retention as scoring
from services.scoring.tables import Base as Scoring

SERVICES: dict[str, tuple[MetaData, Declared]] = {
    "gateway": (Gateway.metadata, gateway.policies()),
    "matching": (Matching.metadata, matching.policies()),
    "profile": (Profile.metadata, all_declared()),
    "scoring": (Scoring.metadata, scoring.policies()),
}


def undeclared(metadata: MetaData, declared: Declared) -> list[str]:
    """Return the tables that are not declared, or declared both ways, and what is declared and is no table."""
    going = {table for policy in declared.policies for table in policy.tables}
    return sorted(set(metadata.tables) ^ going ^ set(declared.stays))


@pytest.mark.parametrize("service", SERVICES)
def test_every_table_goes_under_a_policy_or_says_why_it_stays(service: str) -> None:
    assert undeclared(*SERVICES[service]) == []


def test_a_table_that_is_forgotten_is_found() -> None:
    """The test above can fail: a new table, and one that goes and stays."""
    declared = Declared("1", (), {"kept": Stays.STATE})
    metadata = MetaData()
    Table("forgotten", metadata)
    assert undeclared(metadata, declared) == ["forgotten", "kept"]


@pytest.mark.parametrize("service", SERVICES)
def test_keys_are_one_suite_s_and_reasons_are_in_both_languages(service: str) -> None:
    """The gateway joins the lists of all: two policies of one key could not be told apart."""
    keys = [policy.key for _, declared in SERVICES.values() for policy in declared.policies]
    assert len(keys) == len(set(keys))
    for policy in SERVICES[service][1].policies:
        assert all((policy.title.zh, policy.title.en, policy.basis.zh, policy.basis.en)), policy.key
        assert policy.months >= 0
    assert all(why.words.zh and why.words.en for why in Stays)


def removals(service: str, monkeypatch: pytest.MonkeyPatch) -> list[Removal]:
    if service != "profile":
        return {"gateway": gateway, "matching": matching, "scoring": scoring}[service].removals()
    monkeypatch.setattr(upkeep, "_oldest_figures", lambda _: None)
    return [*retention_store.removals(), *upkeep.removals(SimpleNamespace())]  # type: ignore[arg-type]


@pytest.mark.parametrize("service", SERVICES)
def test_every_policy_on_tables_is_carried_out(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One without a removal would be a promise that nobody keeps. Shocks have a step of their own."""
    on_tables = {policy.key for policy in SERVICES[service][1].policies if policy.tables} - {KEPT}
    found = removals(service, monkeypatch)
    assert {each.policy for each in found} == on_tables
    for each in found:
        assert each.table.name in SERVICES[service][1].policy(each.policy).tables  # type: ignore[attr-defined]
