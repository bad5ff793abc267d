"""Joint incentives and restrictions through the whole suite, by the client that a user installs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from town import Town

from smecredit import Problem
from smecredit.answers import MeasureTerms
from smecredit.client import Client


def client(town: Town, who: str) -> Client:
    return Client(town.url, town.headers[who]["Authorization"].removeprefix("Bearer "))


def terms(town: Town) -> MeasureTerms:
    today = datetime.now(UTC).date()
    return {
        "enterprise": town.enterprise,
        "list": "red",
        "basis": "joint-incentives-2016",
        "scope": ["green-channel"],
        "authority": "某市发展和改革委员会",
        "document": "信用〔2026〕1号",
        "starts_on": today.isoformat(),
        "expires_on": (today + timedelta(days=30)).isoformat(),
    }


def test_what_the_operator_sets_the_firm_and_its_bank_see_until_it_is_ended(town: Town) -> None:
    """The firm finds the bank's read, both acts in its ledger, and the ended measure with its reason."""
    operator, owner, bank = (client(town, who) for who in ("operator", "owner", "bank with consent"))
    made = operator.set_measure(terms(town))["id"]
    assert made in [each["id"] for each in operator.measures()]
    assert [each["id"] for each in owner.measures_of(town.enterprise)] == [made]
    assert [each["id"] for each in bank.measures_of(town.enterprise, purpose="credit-assessment")] == [made]
    assert next(owner.accesses(town.enterprise))["what"] == "measures"
    assert operator.end_measure(made, "decision withdrawn")["state"] == "ended"
    assert list(owner.measures_of(town.enterprise)) == []
    [over] = owner.measures_of(town.enterprise, ended=True)
    assert over["ended_reason"] == "decision withdrawn"
    kinds = [json.loads(each["leaf"])["kind"] for each in owner.ledger_bundle()["entries"]]
    assert {"measure-set", "measure-ended"} <= set(kinds)


def test_nobody_but_the_operator_sets_a_measure(town: Town) -> None:
    for who in ("owner", "bank with consent", "platform", "data source"):
        with pytest.raises(Problem) as refused:
            client(town, who).set_measure(terms(town))
        assert refused.value.status == 403, who


def test_a_bank_without_a_consent_learns_of_no_measure(town: Town) -> None:
    for who in ("bank without consent", "bank with revoked", "bank with expired", "operator"):
        with pytest.raises(Problem) as refused:
            list(client(town, who).measures_of(town.enterprise, purpose="credit-assessment"))
        assert refused.value.type == "/problems/consent-required", who


def test_every_measure_that_may_be_set_has_a_basis_that_anybody_can_look_up(town: Town) -> None:
    found = client(town, "platform").measure_bases()
    allowed = {code for basis in found["items"] for code in basis["measures"]}
    assert {each["code"] for each in found["codes"]} == allowed
