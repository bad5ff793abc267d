"""Shocks on more files than are read at once: a job with the same answer, whose reads each firm finds once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from profile_house import House
from signal_books import work_off

from chassis.data import jobs
from services.profile.graph.usecases import order_shock
from services.profile.graph.usecases.order_shock import forget_old
from tests.profile.graph.api.test_shocks import MONITORING, chain, chained, lent, let, reads, sales, shock

__all__ = ["chain"]


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """One file is read while a caller waits, one is opened in a transaction."""
    monkeypatch.setattr("services.profile.graph.usecases.strike.MOST_FILES", 1)
    monkeypatch.setattr(order_shock, "BATCH", 1)


def fetched(house: House, who: dict[str, str], order_id: str, status: int = 200) -> Any:
    answer = house.client.get(f"/v1/shocks/{order_id}", headers=who)
    assert answer.status_code == status, answer.json
    return answer.json


@pytest.mark.parametrize("book", [[], [lent("E1"), lent("E2"), lent("E3"), lent("E4")]], ids=["all", "book"])
def test_the_job_answers_what_a_caller_who_waits_is_answered(
    chain: House, monkeypatch: pytest.MonkeyPatch, book: list[dict[str, Any]]
) -> None:
    """As of the moment at which it was ordered, whatever comes meanwhile; every firm finds one read more."""
    bank = let(chain, "E1", "E2", "E3")
    direct = shock(chain, bank, exposures=book)
    monkeypatch.setattr("services.profile.graph.usecases.strike.MOST_FILES", 1)
    monkeypatch.setattr(order_shock, "BATCH", 2)
    ordered = shock(chain, bank, 202, exposures=book)
    assert (ordered["state"], ordered["result"]) == ("queued", None)
    assert reads(chain, "E1") == ["shock"]
    chain.send("invoices.sale", sales(("E1", "E3", 80_000)))
    work_off(chain)
    done = fetched(chain, bank, ordered["id"])
    assert (done["state"], done["progress"]["done"]) == ("done", done["progress"]["total"])
    assert done["result"] == direct
    for firm in ("E1", "E2", "E3"):
        assert reads(chain, firm) == ["shock/order", "shock"]


@pytest.mark.usefixtures("few")
def test_a_killed_job_goes_on_and_no_firm_finds_a_second_read(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a consent allows one read a day, which the job has had; what was revoked meanwhile stays shut."""
    chain = chained(house)
    bank = let(chain, "E1", "E3")
    chain.consent("local:E2", purposes=(MONITORING,), fields=["graph"], most_reads_a_day=1)
    order_id = shock(chain, bank, 202)["id"]

    def killed(*_: Any, **__: Any) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(order_shock, "struck", killed)
        with pytest.raises(SystemExit):
            chain.worker.run_once()
    assert fetched(chain, bank, order_id)["state"] == "queued"
    revoke(chain, "E3")
    work_off(chain)
    done = fetched(chain, bank, order_id)
    assert [each["enterprise"] for each in done["result"]["enterprises"]] == ["local:E1", "local:E2"]
    assert done["result"]["files"] == 2
    assert [reads(chain, firm) for firm in ("E1", "E2", "E3")] == [["shock/order"]] * 3


def revoke(house: House, firm: str) -> None:
    headers = house.owner(f"local:{firm}")
    for consent in house.client.get("/v1/consents", headers=headers).json["items"]:
        key = headers | {"Idempotency-Key": str(uuid4())}
        assert house.client.post(f"/v1/consents/{consent['id']}/revoke", headers=key).status_code == 200


@pytest.mark.usefixtures("few")
def test_a_result_is_its_clients_alone_and_shows_no_firm_whose_consent_has_ended(chain: House) -> None:
    """Neither among those hit nor on a path; and reading the result is no further read."""
    bank = let(chain, "E1", "E2", "E3")
    order_id = shock(chain, bank, 202, shock={"industry": "F51"})["id"]
    work_off(chain)
    before = fetched(chain, bank, order_id)["result"]
    assert before["hit"]["firms"] == ["local:E3"]
    fetched(chain, chain.bank(MONITORING, "bank-2"), order_id, 404)
    revoke(chain, "E3")
    after = fetched(chain, bank, order_id)["result"]
    assert (after["hit"]["firms"], after["hit"]["left_out"]) == ([], 1)
    assert "local:E3" not in str(after)
    assert [each["enterprise"] for each in after["enterprises"]] == ["local:E1", "local:E2"]
    assert reads(chain, "E1") == ["shock/order"]


@pytest.mark.usefixtures("few")
def test_a_result_that_another_consent_opens_is_another_read(chain: House) -> None:
    """Recorded once; and none where the consent opens later days alone than that of the result."""
    bank = let(chain, "E1", "E2", "E3")
    order_id = shock(chain, bank, 202)["id"]
    work_off(chain)
    day = date.fromisoformat(fetched(chain, bank, order_id)["result"]["as_of"])
    for firm in ("E1", "E2"):
        revoke(chain, firm)
    let(chain, "E1")
    later = (day + timedelta(days=1)).isoformat()
    chain.consent("local:E2", purposes=(MONITORING,), fields=["graph"], as_of_from=later)
    chain.date_book(later)
    for _ in range(2):
        found = fetched(chain, bank, order_id)["result"]
        assert sorted(each["enterprise"] for each in found["enterprises"]) == ["local:E1", "local:E3"]
    assert [reads(chain, firm).count("shock/order") for firm in ("E1", "E2", "E3")] == [2, 1, 1]


@pytest.mark.usefixtures("few")
def test_one_key_orders_one_job_and_more_files_than_are_measured_are_refused(
    chain: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The refusal says what to do instead; of neither is anything recorded."""
    bank = let(chain, "E1", "E2", "E3") | {"Idempotency-Key": "one"}
    assert shock(chain, bank, 202)["id"] == shock(chain, bank, 202)["id"]
    monkeypatch.setattr(order_shock, "MOST_ORDERED", 2)
    assert "exposures" in shock(chain, let(chain), 413)["detail"]
    assert shock(chain, let(chain), exposures=[lent("E1")])["files"] == 1
    assert (reads(chain, "E1"), reads(chain, "E3")) == (["shock"], [])


@pytest.mark.usefixtures("few")
def test_a_job_whose_consents_have_all_ended_fails_and_old_answers_are_shredded(
    chain: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = let(chain, "E1", "E2")
    order_id = shock(chain, bank, 202)["id"]
    for firm in ("E1", "E2"):
        revoke(chain, firm)
    work_off(chain)
    failed = fetched(chain, bank, order_id)
    assert failed["state"] == "failed"
    assert failed["problem"]["type"].endswith("consent-required")
    assert forget_old(chain.context) == 0
    later = chain.context.now().replace(year=chain.context.now().year + 1)
    monkeypatch.setattr(type(chain.context), "now", lambda _: later)
    monkeypatch.setattr(type(chain.context), "today", lambda _: later.date())
    assert forget_old(chain.context) == 1
    with chain.context.database.read() as session:
        assert jobs.state(session, order_id).state == "failed"
