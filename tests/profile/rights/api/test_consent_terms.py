"""What a consent says beside for what and until when: as of which days, how often, and who signed it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest
import rfc8785
from documented import figure_of, file_reads, moment_of, purpose_of
from profile_house import HEADER, ROW, SCOPES, House

from chassis.core.moments import CHINA
from chassis.data.ledger.entry import hidden
from services.profile.portrait.domain.crosscheck import rules

FEATURES = "/v1/enterprises/E1/features"
READS = {"what": "new-score", "reads": [{"enterprise": "local:E1"}, {"enterprise": "local:E1"}]}


@pytest.fixture
def stocked(house: House) -> House:
    """Return a house with an invoice of one firm."""
    house.send("invoices.purchase", HEADER + ROW)
    return house


def agree(house: House, owner: dict[str, str] | None = None, **terms: Any) -> Any:
    given = {
        "grantee": "bank-1",
        "purposes": ["credit-assessment"],
        "fields": ["features", "portrait", "score"],
        "valid_until": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
        **terms,
    }
    headers = (owner or house.owner()) | {"Idempotency-Key": str(uuid4())}
    return house.client.post("/v1/consents", json=given, headers=headers)


def status(house: House, as_of: str | None = None) -> int:
    day = f"?as_of={as_of}" if as_of else ""
    return int(house.client.get(FEATURES + day, headers=house.bank()).status_code)


def reads_recorded(house: House) -> int:
    return len(house.client.get("/v1/enterprises/E1/accesses", headers=house.owner()).json["items"])


@pytest.mark.parametrize(
    ("as_of", "expected"), [("2018-12-31", 403), ("2019-01-01", 200), ("2019-06-30", 200), ("2019-07-01", 403)]
)
def test_a_consent_opens_the_days_of_its_window_only(stocked: House, as_of: str, expected: int) -> None:
    agree(stocked, as_of_from="2019-01-01", as_of_until="2019-06-30")
    assert status(stocked, as_of) == expected


@pytest.mark.parametrize("path", file_reads("as_of"))
def test_no_read_of_a_day_outside_the_window_goes_through(cottage: House, path: str) -> None:
    """The book's date lies in it, the day that is asked for does not."""
    cottage.send("invoices.purchase", HEADER + ROW)
    purpose = purpose_of(path)
    agree(
        cottage,
        as_of_from="2019-01-01",
        fields=["features", "graph", "portrait", "records", "score"],
        purposes=[purpose],
    )
    place = path.format(rule=rules()[0].key, dimension="operation", record=cottage.invoice())
    asked = f"/v1/enterprises/E1{place}"
    moments = (moment_of(path), {"as_of": "2018-06-30"})
    answers = [
        cottage.client.get(asked, query_string=moment | figure_of(path), headers=cottage.bank(purpose)).status_code
        for moment in moments
    ]
    assert answers == [200, 403]


def test_without_a_day_the_book_s_date_must_lie_in_the_window(stocked: House) -> None:
    """The book of these tests ends long before the window begins."""
    agree(stocked, as_of_from="2025-01-01")
    assert status(stocked) == 403


def test_a_consent_is_read_as_often_a_day_as_it_allows(stocked: House) -> None:
    """The next read is told when it is possible, and leaves no record."""
    agree(stocked, most_reads_a_day=2)
    assert [status(stocked), status(stocked)] == [200, 200]
    third = stocked.client.get(FEATURES, headers=stocked.bank())
    assert (third.status_code, third.json["type"]) == (429, "/problems/consent-reads-used-up")
    assert 0 < int(third.headers["Retry-After"]) <= 86_400
    assert reads_recorded(stocked) == 2


def at(house: House, moment: datetime) -> None:
    """Let it be this moment."""
    extensions = house.client.application.extensions
    extensions["context"] = replace(extensions["context"], now=lambda: moment)


NOON = datetime(2026, 12, 30, 12, tzinfo=CHINA)


def test_a_consent_is_read_as_often_a_month_as_it_allows(stocked: House) -> None:
    """Whatever the day; the refusal tells the first of the next month, and from then on there are reads again."""
    at(stocked, NOON)
    agree(stocked, most_reads_a_month=2, valid_until="2027-06-30")
    assert status(stocked) == 200
    at(stocked, NOON + timedelta(days=1))
    assert status(stocked) == 200
    third = stocked.client.get(FEATURES, headers=stocked.bank())
    assert (third.status_code, third.json["type"]) == (429, "/problems/consent-reads-used-up")
    assert (third.headers["Retry-After"], third.json["most_reads_a_month"]) == (str(12 * 3600), 2)
    assert "2027-01-01" in third.json["detail"]
    assert reads_recorded(stocked) == 2
    at(stocked, datetime(2027, 1, 1, tzinfo=CHINA))
    assert status(stocked) == 200


def test_of_a_day_s_and_a_month_s_limit_the_one_that_lasts_longer_is_told(stocked: House) -> None:
    at(stocked, NOON)
    agree(stocked, most_reads_a_day=1, most_reads_a_month=1, valid_until="2027-06-30")
    assert status(stocked) == 200
    refused = stocked.client.get(FEATURES, headers=stocked.bank())
    assert refused.headers["Retry-After"] == str(36 * 3600)


def test_of_two_consents_the_one_that_is_free_first_is_told(stocked: House) -> None:
    """A bank with a day's and a month's reads used up may read again tomorrow."""
    at(stocked, NOON)
    agree(stocked, most_reads_a_month=1, valid_until="2027-06-30")
    agree(stocked, most_reads_a_day=1, valid_until="2027-06-30")
    assert [status(stocked), status(stocked)] == [200, 200]
    refused = stocked.client.get(FEATURES, headers=stocked.bank())
    assert (refused.headers["Retry-After"], refused.json["most_reads_a_day"]) == (str(12 * 3600), 1)


def values(house: House, **moment: str) -> Any:
    return house.client.get(FEATURES, query_string=moment, headers=house.bank()).json["values"]


def test_what_became_known_after_the_window_never_opens_a_day_beyond_it(stocked: House) -> None:
    """An invoice of a later day changes nothing; one of the window's days that came late is a fact of the window."""
    agree(stocked, as_of_until="2019-06-30")
    before = values(stocked, as_of="2019-06-30")
    stocked.send("invoices.purchase", HEADER + ROW.replace("2019/1/4", "2019/7/1").replace("1001", "1002"))
    now = datetime.now(UTC).isoformat()
    assert values(stocked, as_of="2019-06-30") == values(stocked, as_of="2019-06-30", known_at=now) == before
    known = stocked.book()["known_at"]
    stocked.send("invoices.purchase", HEADER + ROW.replace("2019/1/4", "2019/6/30").replace("1001", "1003"))
    assert values(stocked, as_of="2019-06-30", known_at=datetime.now(UTC).isoformat()) != before
    assert values(stocked, as_of="2019-06-30", known_at=known) == before


def test_a_moment_of_knowledge_does_not_stand_for_a_day_of_the_window(stocked: House) -> None:
    """Without `as_of` the book's date decides, whatever `known_at` says."""
    agree(stocked, as_of_from="2025-01-01")
    asked = {"known_at": datetime(2025, 6, 1, tzinfo=UTC).isoformat()}
    assert stocked.client.get(FEATURES, query_string=asked, headers=stocked.bank()).status_code == 403


def test_what_is_left_counts_every_request_of_a_shared_turn(stocked: House) -> None:
    """Of two requests for one firm in one turn the second finds the day's only read used."""
    agree(stocked, most_reads_a_day=1)
    told = stocked.client.post("/v1/feature-reads", data=orjson.dumps(READS), headers=stocked.bank()).json
    assert ["problem" in each for each in told] == [False, True]
    assert told[1]["problem"]["type"] == "/problems/consent-reads-used-up"
    assert reads_recorded(stocked) == 1


def test_another_consent_without_a_limit_is_used_when_one_is_used_up(stocked: House) -> None:
    agree(stocked, most_reads_a_day=1)
    agree(stocked)
    assert [status(stocked) for _ in range(3)] == [200] * 3


def test_a_table_counts_as_a_read_of_each_firm_in_it(stocked: House) -> None:
    agree(stocked, most_reads_a_day=1)
    asked = {"enterprises": ["local:E1"]}
    answers = [stocked.client.post("/v1/feature-sets", json=asked, headers=stocked.bank()) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]


def test_a_consent_carries_the_session_and_person_that_gave_it(stocked: House) -> None:
    """And the digest of its terms, which is also in the ledger: that is the grantor's signature."""
    owner = stocked.tokens(
        role="enterprise",
        client="firm-1",
        enterprise="local:E1",
        scopes=SCOPES + " ledger:read",
        sid="ses_1",
        per="psn_1",
    )
    given = agree(stocked, owner, most_reads_a_day=5).json
    assert (given["signed_by"], given["signed_session"], given["signed_person"]) == ("firm-1", "ses_1", "psn_1")
    [entry] = stocked.client.get("/v1/ledger/entries", headers=owner).json["items"]
    facts = orjson.loads(entry["leaf"])["facts"]
    sealed = {"document_sha256": None, "terms_sha256": given["terms_sha256"], "session": "ses_1", "person": "psn_1"}
    for name, value in sealed.items():
        assert facts[name] == hidden(value, bytes.fromhex(entry["salt"]))
    terms = {name: facts[name] for name in facts if name not in {"consent", *sealed}}
    signed = rfc8785.dumps({**terms, "document_sha256": None, "grantee": "bank-1"})
    assert hashlib.sha256(signed).hexdigest() == given["terms_sha256"]


def test_nobody_guesses_from_a_consent_s_leaf_who_its_grantee_is(stocked: House) -> None:
    """Clients are few and known: a digest of their name with what is public would tell which it was."""
    agree(stocked)
    reader = stocked.tokens(role="bank", client="bank-2", scopes="ledger:read")
    [mine] = stocked.client.get("/v1/ledger/entries", headers=stocked.owner()).json["items"]
    entry = stocked.client.get(f"/v1/ledger/entries/{mine['n']}", headers=reader).json
    facts = orjson.loads(entry["leaf"])["facts"]
    public = {name: facts[name] for name in facts if name not in {"consent", "session", "terms_sha256"}}
    guess = rfc8785.dumps({**public, "document_sha256": None, "grantee": "bank-1"})
    assert facts["terms_sha256"] != hashlib.sha256(guess).hexdigest()
    assert entry["salt"] is None


@pytest.mark.parametrize(
    "terms",
    [
        {"as_of_from": "2020-01-02", "as_of_until": "2020-01-01"},
        {"most_reads_a_day": 0},
        {"most_reads_a_month": 0},
        {"as_of_from": "soon"},
    ],
    ids=["no day", "no read", "no read a month", "no date"],
)
def test_terms_that_open_nothing_are_refused(stocked: House, terms: dict[str, Any]) -> None:
    assert agree(stocked, **terms).status_code == 422
    assert stocked.client.get("/v1/consents", headers=stocked.owner()).json["items"] == []


def again(house: House, client: str = "bank-1", **order: Any) -> Any:
    """Ask as the scoring service does where a client reads a stored score once more."""
    body = orjson.dumps({"enterprises": ["local:E1", "local:E2"], "what": "score", **order})
    return house.client.post("/v1/rereads", data=body, headers=house.bank(client=client)).json


def test_reading_a_stored_score_again_is_recorded_and_uses_up_no_read(stocked: House) -> None:
    """As often as the bank likes, also when the day's reads are used up, and none of it leaves it fewer looks."""
    agree(stocked, most_reads_a_day=2)
    assert [again(stocked) for _ in range(3)] == [{"local:E1": []}] * 3
    assert [status(stocked) for _ in range(3)] == [200, 200, 429]
    assert again(stocked) == {"local:E1": []}
    seen = stocked.client.get("/v1/enterprises/E1/accesses", headers=stocked.owner()).json["items"]
    assert [each["what"] for each in seen] == ["score", "features", "features", "score", "score", "score"]
    assert None not in {each["ledger_entry"] for each in seen}


def test_a_stored_score_is_read_again_under_a_live_consent_only(stocked: House) -> None:
    """For its purpose, as of a day of the window, and by nobody else."""
    consent = agree(stocked, as_of_until="2019-06-30").json["id"]
    assert again(stocked, as_of="2019-06-30") == {"local:E1": []}
    assert again(stocked, as_of="2019-07-01") == again(stocked, "bank-2", as_of="2019-06-30") == {}
    stocked.client.post(f"/v1/consents/{consent}/revoke", headers=stocked.owner())
    assert again(stocked, as_of="2019-06-30") == {}
    assert reads_recorded(stocked) == 1
