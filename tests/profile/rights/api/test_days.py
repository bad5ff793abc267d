"""One day, China's: at 21 o'clock of UTC everything counts the day that has begun there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from profile_house import HEADER, House

from services.profile.rights.usecases.count_queries import hard_queries

EVENING = datetime(2026, 11, 28, 21, tzinfo=UTC)
BEFORE, DAY, AFTER = "2026-11-28", "2026-11-29", "2026-11-30"
READS = ("features", "portrait", "signals", "cross-checks")


def at(house: House, moment: datetime) -> None:
    """Let it be this moment."""
    house.client.application.extensions["context"] = replace(house.context, now=lambda: moment)


@pytest.fixture
def evening(cottage: House) -> House:
    """Return a house in which an invoice of the day that has begun in China was taken in."""
    at(cottage, EVENING)
    rows = "E1,1001,2026/11/29,A1,100.00,13.00,113.00,有效发票\nE1,1002,2026/11/30,A1,100.00,13.00,113.00,有效发票\n"
    sent = cottage.send("invoices.purchase", HEADER + rows)
    assert (sent["accepted"], sent["rejected"]) == (1, 1)
    return cottage


def test_the_book_s_date_is_that_of_the_invoice(evening: House) -> None:
    """And a request without a day is answered as of it."""
    assert evening.book()["date"] == DAY
    assert evening.client.get("/v1/enterprises/E1/features", headers=evening.owner()).json["as_of"] == DAY


@pytest.mark.parametrize("read", READS)
def test_the_day_that_has_begun_can_be_asked_for_and_the_next_cannot(evening: House, read: str) -> None:
    path = f"/v1/enterprises/E1/{read}?as_of="
    answers = [evening.client.get(path + day, headers=evening.owner()).status_code for day in (DAY, AFTER)]
    assert answers == [200, 422]


def test_a_consent_until_the_day_before_has_ended(evening: House) -> None:
    """For reading as for the list of those who consent; one until the day itself holds."""
    at(evening, datetime(2026, 11, 28, 12, tzinfo=UTC))
    evening.consent(valid_until=BEFORE)
    asked = ["/v1/enterprises/E1/features", "/v1/enterprises"]
    answers = [evening.client.get(path, headers=evening.bank()) for path in asked]
    assert (answers[0].status_code, len(answers[1].json["items"])) == (200, 1)
    at(evening, EVENING)
    answers = [evening.client.get(path, headers=evening.bank()) for path in asked]
    assert (answers[0].status_code, len(answers[1].json["items"])) == (403, 0)


def test_a_consent_is_given_from_the_day_that_has_begun(evening: House) -> None:
    given = {"grantee": "bank-1", "purposes": ["credit-assessment"], "fields": ["features"]}
    answers = []
    for day in (BEFORE, DAY):
        headers = evening.owner() | {"Idempotency-Key": str(uuid4())}
        answers.append(evening.client.post("/v1/consents", json=given | {"valid_until": day}, headers=headers))
    assert [answer.status_code for answer in answers] == [422, 201]
    assert answers[1].json["valid_from"] == DAY


def test_the_reads_of_a_day_are_those_of_china_s(evening: House) -> None:
    """Four in the afternoon of UTC begins the next one, with a read of its own."""
    moments = [datetime(2026, 11, 28, hour, tzinfo=UTC) for hour in (14, 15, 16, 21)]
    at(evening, moments[0])
    evening.consent(most_reads_a_day=1, valid_until=AFTER)
    answers = []
    for moment in moments:
        at(evening, moment)
        answers.append(evening.client.get("/v1/enterprises/E1/features", headers=evening.bank()))
    assert [answer.status_code for answer in answers] == [200, 429, 200, 429]
    assert (answers[1].headers["Retry-After"], answers[3].headers["Retry-After"]) == (str(3600), str(19 * 3600))
    with evening.context.database.read() as session:
        found = hard_queries(session, ["local:E1"], moments[0], EVENING)
    assert sorted(str(day) for _, _, day in found) == [BEFORE, DAY]
