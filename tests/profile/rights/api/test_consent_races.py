"""Readers at once and the limit of a consent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from profile_house import House

FEATURES = "/v1/enterprises/E1/features"


def test_readers_at_once_do_not_pass_the_limit_of_a_consent(house: House) -> None:
    """Eight ask at once where three may: three read, and three records stand."""
    house.send("enterprises", "企业代号,企业名称\nE1,甲\n")
    terms = {
        "grantee": "bank-1",
        "purposes": ["credit-assessment"],
        "fields": ["features"],
        "valid_until": (datetime.now(UTC) + timedelta(days=30)).date().isoformat(),
        "most_reads_a_day": 3,
    }
    given = house.client.post("/v1/consents", json=terms, headers=house.owner() | {"Idempotency-Key": str(uuid4())})
    assert given.status_code == 201
    app, headers = house.client.application, house.bank()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: app.test_client().get(FEATURES, headers=headers).status_code, range(8)))
    seen = house.client.get("/v1/enterprises/E1/accesses", headers=house.owner()).json["items"]
    assert (sorted(answers), len(seen)) == ([200] * 3 + [429] * 5, 3)
