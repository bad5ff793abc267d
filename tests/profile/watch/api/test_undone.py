"""Alerts after an import was taken back: what rested on it is told to nobody, and can be told anew."""

from __future__ import annotations

from typing import Any

from profile_house import House
from signal_books import trade, work_off


def lost(house: House) -> list[Any]:
    """Return the alerts of a firm's own file that a key customer was lost."""
    told = house.client.get("/v1/enterprises/local:E1/signals", headers=house.owner()).json["alerts"]
    return [alert for alert in told if alert["signal"] == "key-customer-lost"]


def test_an_alert_that_rests_on_what_was_taken_back_is_withdrawn_and_may_come_again(house: House) -> None:
    """The same file sent again raises it again; an alert that other data found stays."""
    house.send("invoices.sale", trade("E2"))
    wrong = house.send("invoices.sale", trade("E1", quiet_after=20))
    work_off(house)
    assert len(lost(house)) == 1
    house.client.post(f"/v1/imports/{wrong['id']}/withdraw", headers=house.source)
    work_off(house)
    assert lost(house) == []
    house.send("invoices.sale", trade("E1", quiet_after=20))
    work_off(house)
    assert len(lost(house)) == 1
    other = house.send("invoices.sale", trade("E2", partner="K9"))
    work_off(house)
    house.client.post(f"/v1/imports/{other['id']}/withdraw", headers=house.source)
    work_off(house)
    assert len(lost(house)) == 1
