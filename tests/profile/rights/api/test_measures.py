"""Joint incentives and restrictions: set with a basis, shown to whom they concern, gone after their last day."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
import rfc8785
from profile_house import House

from chassis.data.ledger.entry import hidden
from services.profile.rights import tables
from services.profile.rights.usecases.set_measure import end_measures_on
from services.profile.standards.days import CHINA, day_of

OWN = "/v1/enterprises/E1/measures"
TODAY = datetime.now(UTC).astimezone(CHINA).date()
RECORDS = (
    "record,enterprise,number,tier,grade,authority,amount,date,published_on,ends_on,repaired_on\n"
    "dishonest,E1,N1,,,某区人民法院,1000,2025-05-01,2025-05-10,,\n"
    "penalty,E1,N2,general,,市场监督管理局,1000,2025-01-01,2025-01-10,2030-01-10,2025-06-01\n"
)
RED = {
    "enterprise": "E1",
    "list": "red",
    "basis": "joint-incentives-2016",
    "scope": ["green-channel"],
    "authority": "某市发展和改革委员会",
    "document": "信用〔2026〕1号",
    "starts_on": TODAY.isoformat(),
    "expires_on": (TODAY + timedelta(days=10)).isoformat(),
}
BLACK = RED | {"list": "black", "basis": "dishonest-debtors-2017", "scope": ["restrict-credit"], "record": "N1"}


@pytest.fixture
def court(house: House) -> House:
    """Return a house with two firms, the first of which has two public records, one of them repaired."""
    house.send("enterprises", "企业代号,企业名称\nE1,甲\nE2,乙\n")
    done = house.send("public-records", RECORDS)
    assert (done["state"], done["rejected"]) == ("done", 0), done
    return house


def operator(house: House) -> dict[str, str]:
    scopes = "measures:write measures:read enterprises:read ledger:read"
    return house.tokens(role="operator", client="operator-1", scopes=scopes)


def enact(house: House, terms: dict[str, Any] = RED, key: str | None = None, **change: Any) -> Any:
    headers = operator(house) | {"Idempotency-Key": key or str(uuid4())}
    return house.client.post("/v1/measures", json=terms | change, headers=headers)


def end(house: House, measure: str, reason: str = "set by mistake") -> Any:
    headers = operator(house) | {"Idempotency-Key": str(uuid4())}
    return house.client.post(f"/v1/measures/{measure}/end", json={"reason": reason}, headers=headers)


def listed(house: House, path: str = OWN, headers: dict[str, str] | None = None) -> list[Any]:
    answer = house.client.get(path, headers=headers or house.owner())
    assert answer.status_code == 200, answer.json
    items: list[Any] = answer.json["items"]
    return items


def on(house: House, day: date, hour: int = 12) -> House:
    """Let it be this day in China."""
    moment = datetime(day.year, day.month, day.day, hour, tzinfo=CHINA).astimezone(UTC)
    house.client.application.extensions["context"] = replace(house.context, now=lambda: moment)
    return house


def entries(house: House, headers: dict[str, str], kind: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for each in house.client.get("/v1/ledger/entries", headers=headers).json["items"]:
        leaf = orjson.loads(each["leaf"])
        if leaf["kind"] == kind:
            yield each, leaf["facts"]


def test_a_measure_is_shown_with_its_basis_scope_and_last_day(court: House) -> None:
    """In both languages, as it was set."""
    made = enact(court)
    assert made.status_code == 201, made.json
    [found] = listed(court)
    assert found == made.json
    assert (found["state"], found["list"], found["expires_on"]) == ("in-force", "red", RED["expires_on"])
    assert (found["basis"]["document"], found["basis"]["issuer"]["zh"]) == ("国发〔2016〕33号", "国务院")
    assert [each["title"]["zh"] for each in found["scope"]] == ["办事绿色通道"]
    assert (found["enterprise"], found["set_by"], found["ended_at"]) == ("local:E1", "operator-1", None)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"basis": "custom"}, "unknown-basis"),
        ({"basis": "tax-credit-a-2014"}, "basis-not-in-force"),
        ({"scope": ["restrict-credit"]}, "beyond-basis"),
        ({"list": "black"}, "impossible-measure"),
        ({"expires_on": RED["starts_on"]}, "impossible-measure"),
        ({"record": "N9"}, "impossible-measure"),
        ({"record": "N2"}, "impossible-measure"),
        ({"enterprise": "E9"}, "enterprise-not-found"),
    ],
    ids=["no basis", "a basis of the past", "beyond", "another list", "no term", "no record", "repaired", "no firm"],
)
def test_a_measure_without_ground_is_refused_and_leaves_nothing(
    court: House, change: dict[str, Any], problem: str
) -> None:
    refused = enact(court, **change)
    assert refused.json["type"] == f"/problems/{problem}", refused.json
    assert listed(court, "/v1/measures?planned=true", operator(court)) == []
    assert list(entries(court, operator(court), "measure-set")) == []


@pytest.mark.parametrize("missing", [name for name in RED if name != "enterprise"])
def test_nothing_of_a_measure_can_be_left_out(cottage: House, missing: str) -> None:
    """But the record, on which not every measure rests."""
    terms = {name: value for name, value in RED.items() if name != missing}
    assert enact(cottage, terms).json["type"] == "/problems/invalid"


def test_a_measure_sent_twice_is_set_once(court: House) -> None:
    first, again = enact(court, key="k1"), enact(court, key="k1")
    assert (first.json, again.headers["Idempotency-Replayed"]) == (again.json, "true")
    assert len(listed(court)) == 1


@pytest.mark.parametrize(("after", "count"), [(-1, 0), (0, 1), (10, 1), (11, 0)])
def test_a_measure_is_seen_from_its_first_to_its_last_day_and_on_no_other(court: House, after: int, count: int) -> None:
    """By the firm and by the operator alike; no job has run meanwhile."""
    enact(court)
    on(court, TODAY + timedelta(days=after))
    assert len(listed(court)) == len(listed(court, "/v1/measures", operator(court))) == count


def test_a_measure_expires_with_the_day_of_china(cottage: House) -> None:
    """At midnight there it is still the day before in UTC."""
    cottage.send("enterprises", "企业代号,企业名称\nE1,甲\n")
    enact(cottage)
    last = TODAY + timedelta(days=10)
    assert len(listed(on(cottage, last, hour=23))) == 1
    assert listed(on(cottage, last + timedelta(days=1), hour=0)) == []


def test_an_ended_measure_vanishes_at_once_and_the_firm_alone_finds_it_with_the_reason(court: House) -> None:
    made = enact(court).json
    assert end(court, made["id"]).json["state"] == "ended"
    assert listed(court) == []
    [over] = listed(court, f"{OWN}?ended=true")
    assert (over["ended_reason"], over["ended_by"]) == ("set by mistake", "operator-1")
    court.consent(fields=["measures"])
    assert listed(court, headers=court.bank()) == []
    assert court.client.get(f"{OWN}?ended=true", headers=court.bank()).status_code == 403


def test_an_expired_measure_is_the_firm_s_to_see(court: House) -> None:
    enact(court)
    on(court, TODAY + timedelta(days=11))
    assert [each["state"] for each in listed(court, f"{OWN}?ended=true")] == ["expired"]


@pytest.mark.parametrize("over", ["ended", "expired"])
def test_what_is_over_is_not_ended_again(court: House, over: str) -> None:
    made = enact(court).json
    if over == "ended":
        end(court, made["id"])
    else:
        on(court, TODAY + timedelta(days=11))
    again = end(court, made["id"])
    assert (again.status_code, again.json["type"], again.json["state"]) == (409, "/problems/measure-over", over)


def test_a_planned_measure_is_seen_by_the_operator_who_asks_and_can_be_taken_back(court: House) -> None:
    """A mistake is found before it takes effect; nobody else sees it till then."""
    made = enact(court, starts_on=(TODAY + timedelta(days=1)).isoformat()).json
    assert made["state"] == "planned"
    assert listed(court, "/v1/measures", operator(court)) == listed(court) == listed(court, f"{OWN}?ended=true") == []
    assert [each["id"] for each in listed(court, "/v1/measures?planned=true", operator(court))] == [made["id"]]
    assert end(court, made["id"]).status_code == 200
    assert listed(court, "/v1/measures?planned=true", operator(court)) == []


def test_a_third_party_needs_a_consent_and_leaves_a_record(court: House) -> None:
    enact(court)
    refused = court.client.get(OWN, headers=court.bank())
    assert (refused.status_code, refused.json["type"]) == (403, "/problems/consent-required")
    court.consent(fields=["measures"])
    assert [each["list"] for each in listed(court, headers=court.bank())] == ["red"]
    assert court.client.get(OWN, headers=court.bank(purpose=None)).json["type"] == "/problems/purpose-required"
    [read] = court.client.get("/v1/enterprises/E1/accesses", headers=court.owner()).json["items"]
    assert (read["client"], read["what"]) == ("bank-1", "measures")


def test_a_firm_sees_its_own_measures_only(court: House) -> None:
    enact(court)
    other = court.owner("local:E2")
    assert listed(court, "/v1/enterprises/E2/measures", other) == []
    stranger = court.client.get(OWN, headers=other | {"Purpose": "credit-assessment"})
    assert (stranger.status_code, stranger.json["type"]) == (403, "/problems/consent-required")


def test_the_list_of_all_is_the_operator_s(court: House) -> None:
    """Whatever scopes another role was given."""
    bank = court.tokens(role="bank", client="bank-1", scopes="measures:read")
    assert court.client.get("/v1/measures", headers=bank).status_code == 403


def test_the_list_is_read_page_by_page_the_newest_first(court: House) -> None:
    made = [enact(court, document=f"D{number}").json["id"] for number in range(3)]
    first = court.client.get(f"{OWN}?limit=2", headers=court.owner()).json
    rest = court.client.get(f"{OWN}?limit=2&cursor={first['next']}", headers=court.owner()).json
    assert [each["id"] for each in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None


def test_setting_and_ending_are_entries_that_name_nothing_but_the_measure(court: House) -> None:
    """With the salt, which the firm has, both digests can be shown; nobody else can compute them."""
    made = enact(court).json
    end(court, made["id"], "no longer needed")
    owner = court.tokens(role="enterprise", client="firm-1", enterprise="local:E1", scopes="ledger:read")
    [(entry, facts)] = entries(court, owner, "measure-set")
    [(ending, ended)] = entries(court, owner, "measure-ended")
    assert (facts["measure"], set(facts)) == (made["id"], {"measure", "terms_sha256"})
    assert facts["terms_sha256"] == hidden(made["terms_sha256"], bytes.fromhex(entry["salt"]))
    reason = hashlib.sha256(b"no longer needed").hexdigest()
    assert ended == {"measure": made["id"], "reason_sha256": hidden(reason, bytes.fromhex(ending["salt"]))}
    assert entry["subject"] == ending["subject"] == "local:E1"


def test_the_digest_of_the_terms_can_be_computed_from_what_is_shown(court: House) -> None:
    made = enact(court, BLACK).json
    terms = BLACK | {"enterprise": "local:E1"}
    assert made["terms_sha256"] == hashlib.sha256(rfc8785.dumps(terms)).hexdigest()


def test_the_repair_of_a_record_ends_what_rests_on_it_and_nothing_else(court: House) -> None:
    """Planned ones too; in the transaction of whoever calls."""
    resting = enact(court, BLACK).json["id"]
    later = enact(court, BLACK, starts_on=(TODAY + timedelta(days=1)).isoformat()).json["id"]
    other = enact(court).json["id"]
    now = court.context.now()
    with court.context.database.begin() as session:
        ended = end_measures_on(session, "local:E1", "N1", now, actor="operator-1")
        assert [each.id for each in ended] == [resting, later]
    assert [each["id"] for each in listed(court)] == [other]
    over = listed(court, f"{OWN}?ended=true")
    assert {each["id"] for each in over if each["state"] == "ended"} == {resting, later}
    assert len(list(entries(court, operator(court), "measure-ended"))) == 2


def test_a_repair_that_is_given_up_ends_nothing(court: House) -> None:
    enact(court, BLACK)
    with court.context.database.begin() as session:
        assert len(end_measures_on(session, "local:E1", "N1", court.context.now())) == 1
        session.rollback()
    assert len(listed(court)) == 1


def test_a_repair_leaves_other_firms_and_what_has_expired_alone(court: House) -> None:
    enact(court, BLACK)
    later = court.context.now() + timedelta(days=12)
    with court.context.database.begin() as session:
        assert (
            end_measures_on(session, "local:E2", "N1", later) == end_measures_on(session, "local:E9", "N1", later) == []
        )
        assert end_measures_on(session, "local:E1", "N1", later) == []
        assert session.query(tables.Measure).filter(tables.Measure.ended_at.is_not(None)).count() == 0


def test_a_measure_that_is_ended_by_many_at_once_is_ended_once(court: House) -> None:
    made = enact(court).json["id"]
    app, headers = court.client.application, operator(court)

    def one(number: int) -> int:
        sent = headers | {"Idempotency-Key": f"end-{number}"}
        answer = app.test_client().post(f"/v1/measures/{made}/end", json={"reason": "over"}, headers=sent)
        return int(answer.status_code)

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(6))) == [200] + [409] * 5
    assert len(list(entries(court, headers, "measure-ended"))) == 1


def test_the_catalogue_of_bases_is_open_to_whoever_may_come_in(cottage: House) -> None:
    """It tells nothing of any firm."""
    assert cottage.client.get("/v1/measure-bases").status_code == 401
    found = cottage.client.get("/v1/measure-bases", headers=cottage.tokens(role="platform", client="p")).json
    bases = {each["key"]: each for each in found["items"]}
    assert bases["tax-credit-a-2014"]["in_force_until"] == "2025-06-30"
    codes = {each["code"]: each["list"] for each in found["codes"]}
    assert all(codes[code] == basis["list"] for basis in bases.values() for code in basis["measures"])


def test_the_day_of_a_measure_is_that_of_china() -> None:
    assert day_of(datetime(2026, 1, 1, 16, tzinfo=UTC)) == date(2026, 1, 2)
