"""What a consent opens, by purpose and field: the table, asked over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest
from documented import ENTERPRISE, figure_of, file_reads
from profile_house import HEADER, ROW, House

from chassis.data.ledger.entry import hidden
from services.profile.portrait.domain.crosscheck import rules
from services.profile.rights.domain.consent import Field, Purpose
from services.profile.rights.domain.resource import Resource, uncounted

ALL = tuple(Purpose)


@pytest.fixture
def stocked(house: House) -> House:
    """Return a house with an invoice of one firm."""
    house.send("invoices.purchase", HEADER + ROW)
    return house


def read(house: House, path: str, purpose: str) -> int:
    place = path.format(rule=rules()[0].key, dimension="operation", record=house.invoice())
    asked = ENTERPRISE.format(enterprise="local:E1") + place
    answer = house.client.get(asked, query_string=figure_of(path), headers=house.bank(purpose))
    return int(answer.status_code)


def new_score(house: House, purpose: str) -> Any:
    """Ask as scoring does where it makes a score."""
    order = orjson.dumps({"what": "new-score", "reads": [{"enterprise": "local:E1"}]})
    return house.client.post("/v1/feature-reads", data=order, headers=house.bank(purpose)).json[0]


def test_a_consent_to_training_yields_no_score_and_no_individual_s_features(stocked: House) -> None:
    """It opens tables for training, with whoever else consents to it."""
    stocked.consent(purposes=(Purpose.TRAINING,), fields=list(Field))
    assert {read(stocked, path, Purpose.TRAINING) for path in file_reads()} == {403}
    refused = new_score(stocked, Purpose.TRAINING)["problem"]
    assert (refused["type"], refused["purposes"]) == (
        "/problems/consent-required",
        ["credit-assessment", "credit-monitoring"],
    )
    for what, status in (("feature-set", 200), ("new-score", 403), ("match", 403)):
        order = {"enterprises": ["local:E1"], "what": what}
        answer = stocked.client.post("/v1/feature-tables", json=order, headers=stocked.bank(Purpose.TRAINING))
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("path", "order", "opened"),
    [
        ("feature-reads", {"reads": [{"enterprise": "local:E1"}]}, {"features", "new-score"}),
        ("feature-tables", {"enterprises": ["local:E1"]}, {"feature-set", "new-score", "match"}),
        ("rereads", {"enterprises": ["local:E1"]}, uncounted()),
        ("rereads", {"enterprise": "local:E1", "days": ["2019-06-30"]}, uncounted()),
    ],
)
def test_a_service_opens_nothing_by_a_name_that_is_another_s(
    stocked: House, path: str, order: dict[str, Any], opened: set[str]
) -> None:
    """Features are read by names that are recorded and counted, stored results by those that are not."""
    stocked.consent(purposes=ALL, fields=list(Field))
    answers = {
        what: stocked.client.post(f"/v1/{path}", json={**order, "what": what}, headers=stocked.bank()).status_code
        for what in (*Resource, "luck")
    }
    assert {what for what, status in answers.items() if status != 422} == opened


@pytest.mark.parametrize(("fields", "made"), [(["features"], False), (["score"], True)])
def test_a_score_needs_the_field_score(stocked: House, fields: list[str], made: bool) -> None:
    stocked.consent(fields=fields)
    assert ("problem" not in new_score(stocked, Purpose.ASSESSMENT)) is made


@pytest.mark.parametrize("purpose", [Purpose.ASSESSMENT, Purpose.MONITORING])
def test_a_score_is_made_to_assess_and_to_monitor(stocked: House, purpose: str) -> None:
    stocked.consent(purposes=(purpose,), fields=["score"])
    assert "problem" not in new_score(stocked, purpose)


def test_a_score_is_not_made_for_a_match(stocked: House) -> None:
    """A match is a soft check, and its record says match."""
    stocked.consent(purposes=(Purpose.MATCH,), fields=list(Field))
    assert new_score(stocked, Purpose.MATCH)["problem"]["type"] == "/problems/consent-required"


def test_measures_are_read_where_the_firm_chose_them(stocked: House) -> None:
    stocked.consent(fields=["portrait"])
    assert read(stocked, "/measures", Purpose.ASSESSMENT) == 403
    stocked.consent(fields=["measures"])
    assert read(stocked, "/measures", Purpose.ASSESSMENT) == 200


def test_a_record_says_what_a_person_would_call_it(stocked: House) -> None:
    stocked.consent(fields=list(Field))
    new_score(stocked, Purpose.ASSESSMENT)
    read(stocked, "/measures", Purpose.ASSESSMENT)
    items = stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"]
    assert [each["title"] for each in items] == [
        {"zh": "联合奖惩措施", "en": "Joint incentives and restrictions"},
        {"zh": "信用评分", "en": "A credit score was made"},
    ]


def test_a_list_of_one_s_own_stored_scores_opens_no_file(stocked: House) -> None:
    """No record, no read of those that the consent limits; and no list any more once the consent has ended."""
    consent = stocked.consent(fields=["score"], most_reads_a_day=1)
    order = orjson.dumps({"what": "own-scores", "enterprises": ["local:E1"]})
    lists = [stocked.client.post("/v1/rereads", data=order, headers=stocked.bank()).json for _ in range(3)]
    assert lists == [{"local:E1": []}] * 3
    assert stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"] == []
    assert "problem" not in new_score(stocked, Purpose.ASSESSMENT)
    stocked.client.post(f"/v1/consents/{consent}/revoke", headers=stocked.owner())
    assert stocked.client.post("/v1/rereads", data=order, headers=stocked.bank()).json == {}


def test_a_list_of_one_s_own_scores_is_answered_by_day(stocked: House) -> None:
    """The days that some consent opens, and no others; nothing of it writes into the database."""
    stocked.consent(fields=["score"], as_of_until="2019-06-30")
    last = stocked.consent(fields=["score"], as_of_from="2020-01-01")
    days = ["2019-06-30", "2019-07-01", "2020-01-01"]
    order = orjson.dumps({"what": "own-scores", "enterprise": "local:E1", "days": days})

    def shown(headers: dict[str, str]) -> Any:
        return stocked.client.post("/v1/rereads", data=order, headers=headers).json

    with stocked.context.database.connection(writes=True):
        assert shown(stocked.bank()) == {"2019-06-30": [], "2020-01-01": []}
    assert shown(stocked.owner() | {"Purpose": Purpose.ASSESSMENT}) == {day: [] for day in days}
    stocked.client.post(f"/v1/consents/{last}/revoke", headers=stocked.owner())
    assert shown(stocked.bank()) == {"2019-06-30": []}
    assert shown(stocked.bank(Purpose.MATCH)) == {}
    assert stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"] == []


def test_stored_scores_read_by_day_leave_a_record_a_consent(stocked: House) -> None:
    stocked.consent(fields=["score"])
    order = orjson.dumps({"what": "score", "enterprise": "local:E1", "days": ["2019-06-30", "2019-07-01"]})
    answer = stocked.client.post("/v1/rereads", data=order, headers=stocked.bank()).json
    assert answer == {"2019-06-30": [], "2019-07-01": []}
    items = stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"]
    assert [each["what"] for each in items] == ["score"]


def entries(house: House, headers: dict[str, str]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = house.client.get("/v1/ledger/entries", headers=headers).json["items"]
    return items


def test_the_ledger_names_the_firm_s_client_as_who_gave_and_ended_a_consent(stocked: House) -> None:
    """The grantee is a fact of its own, told to the two and, as a salted digest, to nobody else."""
    owner = stocked.tokens(
        role="enterprise",
        client="firm-1",
        enterprise="local:E1",
        scopes="consents:write consents:read ledger:read",
        sid="ses_1",
        per="psn_1",
    )
    until = (stocked.context.today() + timedelta(days=9)).isoformat()
    wish = {"grantee": "bank-1", "purposes": ["credit-assessment"], "fields": ["score"], "valid_until": until}
    given = stocked.client.post("/v1/consents", json=wish, headers=owner | {"Idempotency-Key": "k"}).json
    stocked.client.post(f"/v1/consents/{given['id']}/revoke", headers=owner)
    bank = stocked.tokens(role="bank", client="bank-1", scopes="ledger:read")
    for reader in (owner, bank):
        told = [(each["subject"], each["actor"], each["grantee"]) for each in entries(stocked, reader)]
        assert told == [("local:E1", "firm-1", "bank-1")] * 2
    for entry in entries(stocked, owner):
        leaf, salt = orjson.loads(entry["leaf"]), bytes.fromhex(entry["salt"])
        assert (leaf["v"], leaf["actor"], leaf["grantee"]) == (2, hidden("firm-1", salt), hidden("bank-1", salt))
        assert leaf["facts"]["person"] == hidden("psn_1", salt)
    stranger = stocked.tokens(role="bank", client="bank-2", scopes="ledger:read")
    assert entries(stocked, stranger) == []


def test_no_reader_chooses_by_which_name_its_read_is_recorded(stocked: House) -> None:
    """A table that a bank asks for is recorded as a table, whatever it would rather have it called."""
    stocked.consent(fields=list(Field))
    order = {"enterprises": ["local:E1"], "what": "new-score"}
    assert stocked.client.post("/v1/feature-sets", json=order, headers=stocked.bank()).status_code == 422
    asked = {"enterprises": ["local:E1"]}
    assert stocked.client.post("/v1/feature-sets", json=asked, headers=stocked.bank()).status_code == 200
    [read] = stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"]
    assert read["what"] == "feature-set"


@pytest.mark.parametrize("field", list(Field))
@pytest.mark.parametrize("mandate", [Resource.APPLICATION, Resource.ACCEPTANCE])
def test_a_mandate_is_one_with_any_field(stocked: House, mandate: Resource, field: Field) -> None:
    """It opens nothing to read; its purpose says what may be done, and the record that it was asked for."""
    purpose = f"financing-{mandate}"
    stocked.consent(purposes=(purpose,), fields=[field])
    order = {"what": mandate, "enterprises": ["local:E1"]}
    assert stocked.client.post("/v1/rereads", json=order, headers=stocked.bank(purpose)).json == {"local:E1": []}
    (item,) = stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"]
    assert item["title"]["en"].startswith("The mandate was used to ask for ")
    assert item["title"]["zh"].startswith("凭授权代为请求")
