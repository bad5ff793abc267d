"""A firm's signals, a bank's feed, acknowledgements, subscriptions: over HTTP, with consent and records of reads."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest
from profile_house import House
from signal_books import trade, work_off

MONITORING = "credit-monitoring"


def post(house: House, path: str, body: dict[str, Any], headers: dict[str, str]) -> Any:
    return house.client.post(path, json=body, headers=headers | {"Idempotency-Key": str(uuid4())})


def subscribed(house: House, **wish: Any) -> dict[str, str]:
    """Return a bank that watches everybody, with E1's consent to it."""
    house.consent(purposes=(MONITORING,))
    bank = house.bank(MONITORING)
    assert post(house, "/v1/subscriptions", wish, bank).status_code == 201
    return bank


def feed(house: House, bank: dict[str, str], query: str = "") -> list[dict[str, Any]]:
    answer = house.client.get(f"/v1/alerts{query}", headers=bank)
    assert answer.status_code == 200, answer.json
    items: list[dict[str, Any]] = answer.json["items"]
    return items


@pytest.fixture
def told(house: House) -> House:
    """Tell of two firms: E1 lost a customer of two years; E2 did not."""
    house.send("invoices.sale", trade("E1", quiet_after=20))
    house.send("invoices.sale", trade("E2"))
    work_off(house)
    return house


def test_a_firm_sees_all_sixteen_signals_and_its_own_alerts(told: House) -> None:
    """Without a purpose, since it is its own file; what has no source says so."""
    answer = told.client.get("/v1/enterprises/local:E1/signals", headers=told.owner()).json
    states = {each["key"]: each["state"] for each in answer["signals"]}
    assert len(states) == 16
    assert states["key-customer-lost"] == "fires"
    assert states["cash-against-invoices"] == "no-source"
    [lost] = [each for each in answer["alerts"] if each["signal"] == "key-customer-lost"]
    assert (lost["state"], lost["subject"], lost["title"]["zh"]) == ("open", "K1", "核心客户流失")
    [happening] = next(each for each in answer["signals"] if each["key"] == "key-customer-lost")["happenings"]
    assert happening["records"] == lost["records"]


def test_a_past_moment_gives_the_same_bytes_after_later_imports(told: House) -> None:
    """What was known then, and by the thresholds of then; the log is of today and stays out."""
    path = "/v1/enterprises/local:E1/signals"
    known_at = told.client.get(path, headers=told.owner()).json["known_at"]
    query = f"{path}?as_of=2020-01-31&known_at={known_at}"
    before = told.client.get(query, headers=told.owner())
    told.send("invoices.sale", trade("E1", months=27, partner="K2", net=70000))
    told.send("outcomes", "企业代号,是否违约,认定日期\nE1,是,2019-12-01\n")
    work_off(told)
    after = told.client.get(query, headers=told.owner())
    assert before.json["alerts"] == []
    assert after.data == before.data


def test_a_bank_sees_alerts_only_under_a_live_consent_to_monitoring(told: House) -> None:
    """Not under a consent to assessment, not of others, not after revocation, and not without the purpose."""
    told.consent("local:E2", purposes=("credit-assessment",))
    bank = subscribed(told)
    assert {alert["enterprise"] for alert in feed(told, bank)} == {"local:E1"}
    assert told.client.get("/v1/alerts", headers=told.bank(None)).status_code == 422
    assert told.client.get("/v1/alerts", headers=told.bank("credit-assessment")).status_code == 403
    [consent] = told.client.get("/v1/consents", headers=told.owner()).json["items"]
    told.client.post(f"/v1/consents/{consent['id']}/revoke", headers=told.owner())
    assert feed(told, bank) == []


def test_each_page_of_the_feed_is_in_the_access_record_of_its_firms(told: House) -> None:
    """Once a page and firm; a firm without an alert on the page was not read."""
    bank = subscribed(told)
    told.consent("local:E2", purposes=(MONITORING,))
    feed(told, bank, "?signal=key-customer-lost")
    reads = told.client.get("/v1/enterprises/local:E1/accesses", headers=told.owner()).json["items"]
    assert [(read["what"], read["purpose"]) for read in reads] == [("alerts", MONITORING)]
    owner = told.owner("local:E2")
    assert told.client.get("/v1/enterprises/local:E2/accesses", headers=owner).json["items"] == []


def test_a_feed_without_a_subscription_is_empty_and_a_subscription_narrows_it(told: House) -> None:
    """By severity, signal or enterprise; two subscriptions add up; an ended one no longer counts."""
    told.consent(purposes=(MONITORING,))
    bank = told.bank(MONITORING)
    assert feed(told, bank) == []
    narrow = post(told, "/v1/subscriptions", {"severities": ["serious"]}, bank).json
    assert feed(told, bank) == []
    post(told, "/v1/subscriptions", {"signals": ["key-customer-lost"], "enterprises": ["E1"]}, bank)
    assert [alert["signal"] for alert in feed(told, bank)] == ["key-customer-lost"]
    told.client.post(f"/v1/subscriptions/{narrow['id']}/end", headers=bank)
    assert len(told.client.get("/v1/subscriptions", headers=bank).json["items"]) == 1


def test_a_bank_acknowledges_for_itself_with_a_note(told: House) -> None:
    """Another bank sees the alert as new, and the same key gives the same answer."""
    bank = subscribed(told)
    alert = feed(told, bank, "?signal=key-customer-lost")[0]
    headers = bank | {"Idempotency-Key": "once"}
    path = f"/v1/alerts/{alert['id']}/acknowledge"
    first, again = (told.client.post(path, json={"note": "called them"}, headers=headers) for _ in range(2))
    assert first.json["acknowledged"]["note"] == "called them"
    assert again.json == first.json
    assert first.json["disputes"] == []
    assert feed(told, bank, "?signal=key-customer-lost")[0]["acknowledged"]["client"] == "bank-1"
    other = told.owner()
    assert told.client.get("/v1/enterprises/local:E1/signals", headers=other).json["alerts"][0]["acknowledged"] is None
    assert (
        told.client.post(path, json={}, headers=told.bank(MONITORING, "bank-2") | {"Idempotency-Key": "x"}).status_code
        == 403
    )


def test_an_acknowledgement_that_is_repeated_asks_for_the_consent_again(told: House) -> None:
    """The key is known, and the alert tells of the file: who may not read it any more gets nothing."""
    bank = subscribed(told)
    alert = feed(told, bank, "?signal=key-customer-lost")[0]
    headers, path = bank | {"Idempotency-Key": "once"}, f"/v1/alerts/{alert['id']}/acknowledge"
    assert told.client.post(path, json={}, headers=headers).status_code == 200
    for consent in told.client.get("/v1/consents", headers=told.owner()).json["items"]:
        revoke = told.owner() | {"Idempotency-Key": consent["id"]}
        assert told.client.post(f"/v1/consents/{consent['id']}/revoke", headers=revoke).status_code == 200
    assert told.client.post(path, json={}, headers=headers).status_code == 403


def test_every_record_behind_an_alert_can_be_paged_through(told: House) -> None:
    """As many as the alert counts, the first ones being those that it lists."""
    alerts = told.client.get("/v1/enterprises/local:E1/signals", headers=told.owner()).json["alerts"]
    [lost] = [each for each in alerts if each["signal"] == "key-customer-lost"]
    found: list[Any] = []
    cursor: str | None = "0"
    while cursor:
        path = f"/v1/alerts/{lost['id']}/records?limit=25&cursor={cursor}"
        page = told.client.get(path, headers=told.owner()).json
        found += page["items"]
        cursor = page["next"]
    assert len(found) == lost["records_count"] == page["records_count"]
    assert found[: len(lost["records"])] == lost["records"]


def test_whose_default_it_was_is_not_told_to_its_suppliers_lenders(cottage: House) -> None:
    """Nor how much was sold to it: whoever may read the supplier's file would know it by its share of the sales."""
    cottage.send("invoices.sale", trade("E1", partner="E2"))
    cottage.send("outcomes", "企业代号,是否违约,认定日期\nE2,是,2019-12-01\n")
    work_off(cottage)
    bank = subscribed(cottage)
    [alert] = feed(cottage, bank, "?signal=counterparty-default")
    assert (alert["withheld"], alert["subject"], alert["records"]) == (True, None, [])
    assert [alert[name] for name in ("value", "latest", "occurred_on")] == [None] * 3
    signals = cottage.client.get("/v1/enterprises/local:E1/signals", headers=bank)
    assert "outcomes" not in signals.text
    [signal] = [each for each in signals.json["signals"] if each["key"] == "counterparty-default"]
    assert [[each[name] for name in ("subject", "value")] for each in signal["happenings"]] == [[None, None]]
    assert cottage.client.get(f"/v1/alerts/{alert['id']}/records", headers=bank).json["items"] == []


def agree(house: House, firm: str, **terms: Any) -> None:
    house.consent(firm, purposes=(MONITORING,), **terms)


def watching(house: House) -> dict[str, str]:
    """Return a bank that watches two firms, each of which lost a customer."""
    for firm in ("E1", "E2"):
        house.send("invoices.sale", trade(firm, quiet_after=20))
    work_off(house)
    bank = house.bank(MONITORING)
    assert post(house, "/v1/subscriptions", {}, bank).status_code == 201
    return bank


def reads_of(house: House, firm: str) -> list[str]:
    items = house.client.get(f"/v1/enterprises/{firm}/accesses", headers=house.owner(firm)).json["items"]
    return [each["what"] for each in items]


def test_a_feed_shows_no_alert_of_a_day_outside_a_consent_s_window(house: House) -> None:
    """It is not on the page, and the firm whose file stayed shut finds no read."""
    bank = watching(house)
    agree(house, "local:E1", as_of_until="2017-01-31")
    agree(house, "local:E2")
    assert {alert["enterprise"] for alert in feed(house, bank)} == {"local:E2"}
    assert (reads_of(house, "local:E1"), reads_of(house, "local:E2")) == ([], ["alerts"])


def test_a_feed_of_files_that_all_stay_shut_is_empty_and_not_refused(house: House) -> None:
    """Whom one subscribed to is one's own business; what is seen of them is theirs."""
    bank = watching(house)
    agree(house, "local:E1", as_of_until="2017-01-31")
    assert feed(house, bank) == []


def test_a_feed_shows_an_alert_of_a_day_within_either_of_two_windows(house: House) -> None:
    """The read is recorded under the consent that opens the day, and under no other."""
    bank = watching(house)
    agree(house, "local:E1", as_of_until="2017-01-31")
    agree(house, "local:E1", as_of_from="2019-01-01")
    assert {alert["enterprise"] for alert in feed(house, bank)} == {"local:E1"}
    assert reads_of(house, "local:E1") == ["alerts"]


def test_a_feed_leaves_out_whose_reads_are_used_up(house: House) -> None:
    """The others stay, and the day's only read is recorded once."""
    bank = watching(house)
    agree(house, "local:E1", most_reads_a_day=1)
    agree(house, "local:E2")
    shown = [{alert["enterprise"] for alert in feed(house, bank)} for _ in range(2)]
    assert shown == [{"local:E1", "local:E2"}, {"local:E2"}]
    assert reads_of(house, "local:E1") == ["alerts"]


def test_an_alert_of_a_day_outside_the_window_is_neither_opened_nor_acknowledged(house: House) -> None:
    bank = watching(house)
    agree(house, "local:E1")
    [alert] = [each for each in feed(house, bank, "?signal=key-customer-lost") if each["enterprise"] == "local:E1"]
    [consent] = house.client.get("/v1/consents", headers=house.owner()).json["items"]
    house.client.post(f"/v1/consents/{consent['id']}/revoke", headers=house.owner())
    agree(house, "local:E1", as_of_until="2017-01-31")
    records = house.client.get(f"/v1/alerts/{alert['id']}/records", headers=bank)
    acknowledged = post(house, f"/v1/alerts/{alert['id']}/acknowledge", {"note": "seen"}, bank)
    assert (records.status_code, acknowledged.status_code) == (403, 403)


def test_the_log_of_a_firm_s_signals_keeps_to_the_window_like_the_feed(house: House) -> None:
    """An alert that opened on a day that stays shut is in neither."""
    bank = watching(house)
    agree(house, "local:E1")
    path = "/v1/enterprises/local:E1/signals"
    [alert, *_] = house.client.get(path, headers=bank).json["alerts"]
    [consent] = house.client.get("/v1/consents", headers=house.owner()).json["items"]
    house.client.post(f"/v1/consents/{consent['id']}/revoke", headers=house.owner())
    after = (date.fromisoformat(alert["opened_on"]) + timedelta(days=1)).isoformat()
    house.send("invoices.sale", trade("E3", months=40))
    work_off(house)
    agree(house, "local:E1", as_of_from=after)
    shown = house.client.get(path, headers=bank).json["alerts"]
    assert [each["opened_on"] for each in shown if each["opened_on"] < after] == []
    assert [each["opened_on"] for each in feed(house, bank) if each["opened_on"] < after] == []


def test_what_became_of_an_alert_after_the_window_is_not_told(house: House) -> None:
    """It opened on a day that the consent shows; that it is calm since is of a later one."""
    bank = watching(house)
    agree(house, "local:E1")
    [before] = [each for each in feed(house, bank, "?signal=key-customer-lost") if each["enterprise"] == "local:E1"]
    [consent] = house.client.get("/v1/consents", headers=house.owner()).json["items"]
    house.client.post(f"/v1/consents/{consent['id']}/revoke", headers=house.owner())
    agree(house, "local:E1", as_of_until=before["opened_on"])
    house.send("invoices.sale", trade("E1", months=40, partner="K2"))
    work_off(house)
    [after] = [each for each in feed(house, bank) if each["id"] == before["id"]]
    [own] = [
        each
        for each in house.client.get("/v1/enterprises/local:E1/signals", headers=house.owner()).json["alerts"]
        if each["id"] == before["id"]
    ]
    assert (own["calm_since"] or own["cleared_on"]) is not None
    assert (after["calm_since"], after["cleared_on"], after["state"]) == (None, None, "open")
    assert before["id"] not in {each["id"] for each in feed(house, bank, "?state=cleared")}


def test_a_page_is_one_read_of_a_firm_where_one_consent_opens_all_of_it(house: House) -> None:
    """Another consent that would open a part of it is not used."""
    bank = watching(house)
    agree(house, "local:E1", as_of_until="2017-01-31")
    agree(house, "local:E1")
    assert feed(house, bank) != []
    assert reads_of(house, "local:E1") == ["alerts"]
