"""After an import the baseline is brought forward: only the firms that it speaks of are computed again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from shutil import rmtree
from typing import Any

import polars as pl
import pytest
from profile_house import House
from signal_books import HEADER, trade
from sqlalchemy import delete

from services.profile.book import state_store
from services.profile.book.domain.moment import Moment
from services.profile.portrait import tables
from services.profile.portrait.domain.peers import Key, Peers
from services.profile.portrait.usecases import figure_parts
from services.profile.portrait.usecases.baseline import baseline, usual

FIRMS = [f"E{place}" for place in range(1, 9)]


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[set[str]]:
    """Return the firms of which features were computed, call by call."""
    calls: list[set[str]] = []
    real = figure_parts.compute

    def counted(invoices: pl.DataFrame, **how: Any) -> pl.DataFrame:
        calls.append(set(invoices["enterprise"]))
        return real(invoices, **how)

    monkeypatch.setattr(figure_parts, "compute", counted)
    return calls


@dataclass(frozen=True)
class Told:
    """A baseline, read as a whole: its day, the curves of its groups, its network."""

    day: date | None
    groups: Mapping[Key, Mapping[str, list[float]]]
    network: pl.DataFrame


def at(house: House, *, light: bool = False) -> Told:
    with house.context.database.read() as session:
        state = state_store.book(session)
    assert state.date
    moment = Moment(state.lake_version, state.date, state.known_at, state.departures)
    if light:
        return Told(None, curves(usual(house.context, moment)), pl.DataFrame())
    held = baseline(house.context, moment, None)
    return Told(held.day, curves(held.peers), held.network)


def curves(peers: Peers) -> dict[Key, dict[str, list[float]]]:
    groups = {key: peers.group(key) for key in peers.keys}
    return {
        key: {name: grid.tolist() for name, grid in {**group.features, **group.dimensions}.items()}
        for key, group in groups.items()
    }


def afresh(house: House, *, light: bool = False) -> Told:
    """Return the baseline made anew of the book alone."""
    with house.context.database.begin() as session:
        session.execute(delete(tables.PeerBaseline))
    rmtree(house.context.settings.peers)
    return at(house, light=light)


def same(one: Told, other: Told) -> bool:
    """Tell whether two baselines measure alike, to the last bit."""
    return (one.day, one.groups) == (other.day, other.groups) and one.network.equals(other.network)


def rows(firm: str, day: str, count: int = 3) -> str:
    return HEADER + "".join(f"{firm},7{place:07},{day},K5,500.00,0.00,500.00,有效发票\n" for place in range(count))


@pytest.mark.parametrize("light", [False, True])
def test_new_invoices_of_the_running_month_recompute_nobody(
    cottage: House, computed: list[set[str]], light: bool
) -> None:
    """The baseline is that of the last month's end, and nothing was learned of closed months."""
    for firm in FIRMS:
        cottage.send("invoices.sale", trade(firm))
    before = at(cottage, light=light)
    computed.clear()
    cottage.send("invoices.sale", rows("E3", "2020/3/5"))
    assert same(at(cottage, light=light), before)
    assert computed == []


@pytest.mark.parametrize("light", [False, True])
def test_invoices_of_closed_months_recompute_the_firms_that_they_speak_of(
    cottage: House, computed: list[set[str]], light: bool
) -> None:
    """One of eight; and the result is that of computing everybody afresh."""
    for firm in FIRMS:
        cottage.send("invoices.sale", trade(firm))
    at(cottage, light=light)
    computed.clear()
    cottage.send("invoices.sale", rows("E3", "2019/11/28"))
    forward = at(cottage, light=light)
    assert computed == [{"local:E3"}]
    assert same(forward, afresh(cottage, light=light))


def test_a_yardstick_brought_forward_knows_every_kind_of_record(cottage: House) -> None:
    """Payments, relations and public records of firms that the new invoices do not speak of count as before."""
    for firm in FIRMS:
        cottage.send("invoices.sale", trade(firm, partner="local:E1"))
    told = {
        "payments": "direction,enterprise,reference,counterparty,date,amount,purpose,status\n"
        "in,E2,P1,E1,2019-10-08,900,goods,valid\nout,E4,P2,K9,2019-11-08,400,goods,valid\n",
        "relations": "relation,enterprise,party,since,until\n"
        "guarantor,E2,E5,2018-01-01,\ncontroller,E6,E7,2018-01-01,\n",
        "public-records": "record,enterprise,number,tier,grade,authority,date,published_on\n"
        "dishonest,E1,N1,serious,,法院,2019-05-01,2019-05-02\ntax-grade,E5,T1,,B,税务局,2019-04-20,2019-04-20\n",
    }
    for kind, content in told.items():
        done = cottage.send(kind, content)
        assert (done["state"], done["rejected"]) == ("done", 0), cottage.rejects(done["id"])
    at(cottage)
    cottage.send("invoices.sale", rows("E3", "2019/11/28"))
    forward = at(cottage)
    assert same(forward, afresh(cottage))
    known = {name for group in forward.groups.values() for name in group}
    assert {"days_beyond_terms_received_12m", "group_firms", "troubled_partners_share_12m", "tax_grade"} <= known


@pytest.mark.parametrize("light", [False, True])
def test_no_firm_moves_the_yardstick_by_its_own_word(cottage: House, light: bool) -> None:
    """Neither by what it says of itself nor as one more firm; brought forward and made afresh."""
    for firm in FIRMS:
        cottage.send("invoices.sale", trade(firm))
    before = at(cottage, light=light)
    for firm in ("E1", "E99"):
        headers = cottage.owner(f"local:{firm}")
        place = "/v1/imports?kind=invoices.sale&filename=own.csv"
        sent = cottage.client.post(place, data=rows(firm, "2019/11/5", 400).encode(), headers=headers)
        assert sent.status_code == 202, sent.json
        while cottage.worker.run_once():
            pass
        assert cottage.client.get(f"/v1/imports/{sent.json['id']}", headers=headers).json["accepted"] == 400
    for after in (at(cottage, light=light), afresh(cottage, light=light)):
        network = after.network if light else after.network.filter(pl.col("enterprise") != "local:E99")
        assert same(replace(after, network=network), before)
