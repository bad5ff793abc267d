"""The graph's store brought forward is the one built afresh, whatever happened to the book in between."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import uuid4

import polars as pl
import pytest
from profile_house import House
from signal_books import work_off

from services.profile import cli
from services.profile.book import departures, state_store, step_store
from services.profile.book.domain import departure, relation
from services.profile.book.domain.departure import Cause, Departure
from services.profile.book.domain.invoice import as_known
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.graph import tie_store
from services.profile.graph.domain.sums import PAID
from services.profile.graph.tie_store import Graph, TieStore
from services.profile.graph.usecases import keep_ties
from services.profile.graph.usecases.keep_ties import kept, refresh, tend
from services.profile.graph.usecases.trade_months import trade_months

SALES = "enterprise,number,date,buyer,net,tax,total,status,reversal\n"
PURCHASES = SALES.replace("buyer", "seller")
DIGITAL = "2" * 16
ALL = Whole(Why.PEERS)


def rows(*lines: str, head: str = SALES) -> str:
    return head + "".join(f"{line}\n" for line in lines)


def sale(firm: str, number: str, day: str, buyer: str, net: int, status: str = "valid", told: str = "") -> str:
    return f"{firm},{number},{day},{buyer},{net},0,{net},{status},{told}"


def whole(held: TieStore, graph: Graph | None) -> pl.DataFrame:
    assert graph is not None
    return pl.concat([held.bucket(graph, bucket) for bucket in range(graph.buckets)])


def other_store(house: House, folder: Path) -> tuple[TieStore, Graph | None]:
    """Return a store that knew nothing yet, and the graph that it gives."""
    other = replace(house.context, settings=replace(house.context.settings, home=folder / uuid4().hex))
    return kept(other), refresh(other)


def afresh(house: House, folder: Path) -> pl.DataFrame:
    return whole(*other_store(house, folder))


def registers(held: TieStore, graph: Graph | None) -> pl.DataFrame:
    assert graph is not None
    return held.registers(graph).table()


def oracle(house: House) -> Counter[tuple[object, ...]]:
    """Return the net sums by firm, partner, side, day and kind, added up row by row in Python."""
    with house.context.database.read() as session:
        version = state_store.book(session).lake_version
        gone = departures.departed(session)
    rows = house.context.lake.read(version, without=())
    found: Counter[tuple[object, ...]] = Counter()
    assert not gone
    for row in as_known(rows).iter_rows(named=True):
        if row["status"] == "valid" and row["total_fen"]:
            sort = 1 if row["total_fen"] < 0 else 2 if row["reversal"] else 0
            key = (row["enterprise"], row["counterparty"], row["direction"] == "sale", row["date"], sort)
            found[key] += row["net_fen"]
    return found


def first(house: House) -> str:
    sent = house.send(
        "invoices.sale",
        rows(
            sale("E1", "101", "2024-01-05", "E2", 100),
            sale("E1", "102", "2024-01-05", "E2", 50),
            sale("E1", "103", "2024-02-07", "E2", -30),
            sale("E1", f"{DIGITAL}0001", "2024-03-01", "K1", 900),
            sale("E3", "104", "2024-03-02", "", 5),
            sale("E3", "105", "2024-03-02", "K1", 70, "void"),
            sale("E3", "106", "2024-03-03", "K1", 80, told="whole"),
        ),
    )
    return str(sent["id"])


def restate(house: House) -> None:
    house.send("invoices.sale", rows(sale("E1", f"{DIGITAL}0001", "2024-03-01", "K2", 800)))


def add(house: House) -> None:
    house.send(
        "invoices.sale", rows(sale("E1", "107", "2024-01-05", "E2", 11), sale("E4", "108", "2024-04-01", "E1", 9))
    )
    house.send("invoices.purchase", rows(sale("E2", "101", "2024-01-05", "E1", 100), head=PURCHASES))


def withdraw(house: House, sent: str) -> None:
    house.client.post(f"/v1/imports/{sent}/withdraw", headers=house.source | {"Idempotency-Key": "w1"})
    work_off(house)


def leave(house: House) -> None:
    gone = Departure("local:E1", "invoices", house.invoice())
    with house.context.database.begin() as session:
        assert departures.depart(session, [gone], Cause.CORRECTED, "test", house.context.now())


@pytest.mark.parametrize("steps", [(restate, add), (add, leave, restate)])
def test_the_graph_brought_forward_is_the_graph_built_afresh(
    cottage: House, tmp_path: Path, steps: tuple[Callable[[House], None], ...]
) -> None:
    """New invoices, a restated one, a record that left: the same rows in the same order, to the last fen."""
    first(cottage)
    held = kept(cottage.context)
    before = whole(held, refresh(cottage.context))
    for step in steps:
        step(cottage)
        now = whole(held, refresh(cottage.context))
        assert now.equals(afresh(cottage, tmp_path))
    assert not now.equals(before)


def pay(house: House, *lines: str) -> None:
    house.send("payments", "direction,enterprise,reference,counterparty,date,amount,status\n" + "\n".join(lines) + "\n")


def tell(house: House, *lines: str) -> None:
    house.send("relations", "relation,enterprise,party,since,share\n" + "\n".join(lines) + "\n")


def lose_a_tie(house: House) -> None:
    """Let the record of E1's guarantor leave."""
    with house.context.database.read() as session:
        version = step_store.lake_versions(session)["relations"]
    rows = house.context.lakes["relations"].read(version, ["local:E1"], without=())
    gone = departure.names_of(relation.DATASET, rows.filter(pl.col("relation") == "guarantor"))[0]
    with house.context.database.begin() as session:
        left = [Departure("local:E1", "relations", gone)]
        assert departures.depart(session, left, Cause.CORRECTED, "test", house.context.now())


def test_payments_and_registers_are_brought_forward_as_they_are_built_afresh(cottage: House, tmp_path: Path) -> None:
    """New ones, a payment that is reversed later, a share that is stated anew, a relation that left the book."""
    held = kept(cottage.context)
    pay(cottage, "in,E1,r1,E2,2024-01-20,100,valid", "in,E3,r2,K1,2024-01-21,40,valid")
    refresh(cottage.context)
    first(cottage)
    tell(cottage, "guarantor,E1,local:K9,2020-01-01,", "shareholder,E3,local:K9,2020-01-01,0.5")
    refresh(cottage.context)
    pay(cottage, "in,E1,r1,E2,2024-01-20,100,reversed", "out,E1,r3,E2,2024-02-20,7,valid")
    tell(cottage, "shareholder,E3,local:K9,2020-01-01,0.7", "shareholder,E4,local:K9,2020-01-01,1")
    for step in (lambda _: None, lose_a_tie):
        step(cottage)
        graph = refresh(cottage.context)
        other = other_store(cottage, tmp_path)
        assert whole(held, graph).equals(whole(*other))
        assert registers(held, graph).equals(registers(*other))
    paid = whole(held, graph).filter(pl.col("sort") == PAID)
    wanted = [("local:E1", False, 700), ("local:E3", True, 4000)]
    assert sorted(paid.select("enterprise", "sale", "net_fen").rows()) == wanted
    assert graph is not None
    named, more = held.registers(graph).naming(["local:K9"])
    assert more == set()
    assert held.registers(graph).naming(["local:K9", "local:K8"], 1) == (named[:1], {"local:K9"})
    assert sorted((row[0], row[3]) for row in named) == [("local:E3", 0.7), ("local:E4", 1.0)]
    assert [row[0] for row in held.registers(graph).of(["local:E1", "local:E4"])] == ["local:E4"]


def lies(house: House, written: bytes) -> bool:
    """Tell whether something is written in any file of the store, named or not."""
    folder = house.context.settings.home / keep_ties.FOLDER
    return any(written in path.read_bytes() for path in folder.rglob("*") if path.is_file())


def age(house: House, seconds: float) -> None:
    """Let all files of the store be so old."""
    then = time.time() - seconds
    for path in (house.context.settings.home / keep_ties.FOLDER).glob("*-*"):
        os.utime(path, (then, then))


def test_after_erasing_no_file_of_the_store_holds_the_sums_or_what_registers_told(
    cottage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The erasing itself writes the graph anew, though no worker ran since; what it replaced goes after the grace."""
    cottage.send("invoices.sale", rows(sale("E1", "1", "2024-01-05", "E2", 7_654_321)))
    cottage.send("relations", "企业代号,关系类型,关联方,金额,起始日期\nE1,担保人,local:E2,7654322,2020-01-01\n")
    refresh(cottage.context)
    leave(cottage)
    lake = cottage.context.lakes["relations"]
    [name] = departure.names_of(relation.DATASET, lake.read(lake.newest(), without=()))
    with cottage.context.database.begin() as session:
        gone = Departure("local:E1", "relations", name)
        assert departures.depart(session, [gone], Cause.CORRECTED, "test", cottage.context.now())
    told = ((765_432_100).to_bytes(8, "little"), b"765432200")
    assert [lies(cottage, each) for each in told] == [True, True]
    later = cottage.context.now() + timedelta(days=400)
    context = replace(cottage.context, now=lambda: later)
    monkeypatch.setattr(cli, "make_context", lambda _: context)
    assert "corrected-records" in cli.shred()
    graph = kept(context).current()
    assert whole(kept(context), graph).is_empty()
    assert registers(kept(context), graph).is_empty()
    age(cottage, tie_store.KEPT_SECONDS + 1)
    tend(context)
    assert [lies(cottage, each) for each in told] == [False, False]


def test_an_import_that_is_taken_back_leaves_the_graph(house: House, tmp_path: Path) -> None:
    add(house)
    sent = first(house)
    held = kept(house.context)
    before = whole(held, refresh(house.context))
    withdraw(house, sent)
    now = whole(held, refresh(house.context))
    assert now.equals(afresh(house, tmp_path))
    assert now.height < before.height


def test_a_sum_is_what_its_invoices_add_up_to(cottage: House) -> None:
    first(cottage)
    refresh(cottage.context)
    restate(cottage)
    add(cottage)
    summed = whole(kept(cottage.context), refresh(cottage.context))
    key = ("enterprise", "counterparty", "sale", "day", "sort")
    assert {row[:-1]: row[-1] for row in summed.select(*key, "net_fen").rows()} == dict(oracle(cottage))


def test_many_small_additions_are_joined_and_say_the_same(
    cottage: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_ties, "MOST_ADDED", 1)
    first(cottage)
    refresh(cottage.context)
    for step in (add, restate, first):
        step(cottage)
        graph = refresh(cottage.context)
    assert graph is not None
    assert sum(part.bucket is None for part in graph.parts) == 1
    assert whole(kept(cottage.context), graph).equals(afresh(cottage, tmp_path))


def test_who_is_killed_before_the_graph_is_named_leaves_the_one_before(
    cottage: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are there, the manifest is not: the next one finds the graph of before and does it again."""
    first(cottage)
    before = refresh(cottage.context)
    add(cottage)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(TieStore, "name", killed)
    with pytest.raises(KeyboardInterrupt):
        refresh(cottage.context)
    monkeypatch.undo()
    assert TieStore(cottage.context.settings.home / keep_ties.FOLDER).current() == before
    assert whole(kept(cottage.context), refresh(cottage.context)).equals(afresh(cottage, tmp_path))


def test_an_older_form_of_the_files_is_worked_out_anew(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first(cottage)
    before = whole(kept(cottage.context), refresh(cottage.context))
    monkeypatch.setattr(tie_store, "FORM", tie_store.FORM + 1)
    other = TieStore(cottage.context.settings.home / keep_ties.FOLDER)
    assert other.current() is None
    assert refresh(cottage.context, most=5) is None or whole(other, refresh(cottage.context)).equals(before)


def test_a_graph_with_much_to_do_is_left_to_the_worker(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first(cottage)
    assert refresh(cottage.context, most=5) is None
    refresh(cottage.context)
    add(cottage)
    assert refresh(cottage.context, most=2) is None
    assert refresh(cottage.context, most=3) is not None
    tell(cottage, "shareholder,E3,local:K9,2020-01-01,0.5")
    assert refresh(cottage.context, most=3) is not None
    monkeypatch.setattr(keep_ties, "MOST_SORTED", 0)
    tell(cottage, "shareholder,E3,local:K8,2020-01-01,0.5")
    assert refresh(cottage.context, most=3) is None


def test_both_files_tell_one_month_once_and_the_seller_is_believed(cottage: House) -> None:
    first(cottage)
    add(cottage)
    with cottage.context.database.read() as session:
        state = state_store.book(session)
    found = trade_months(cottage.context, Moment(state.lake_version, date(2024, 3, 31)), ALL)
    wanted = {
        ("local:E1", "local:E2", date(2024, 1, 1), 16100, 3, 3),
        ("local:E1", "local:E2", date(2024, 2, 1), -3000, 0, 1),
        ("local:E1", "local:K1", date(2024, 3, 1), 90000, 1, 1),
        ("local:E3", "local:K1", date(2024, 3, 1), 0, 0, 1),
    }
    assert set(found.select("seller", "buyer", "month", "net_fen", "invoices", "sides").rows()) == wanted


def test_a_past_time_tells_the_trade_that_was_told_then(cottage: House) -> None:
    """It is read from the lake, and is what the store gave when it was the present."""
    first(cottage)
    with cottage.context.database.read() as session:
        then = state_store.book(session)
    moment = Moment(then.lake_version, date(2024, 12, 31), then.known_at)
    told = trade_months(cottage.context, moment, ALL)
    restate(cottage)
    add(cottage)
    assert trade_months(cottage.context, moment, ALL).equals(told)
    assert not trade_months(cottage.context, replace(moment, known_at=None), ALL).equals(told)


def test_what_a_firm_alone_says_is_no_trade_unless_asked_for(cottage: House) -> None:
    body = rows(sale("E1", "9", "2024-01-05", "K7", 100)).encode()
    sent = cottage.client.post("/v1/imports?kind=invoices.sale&filename=own.csv", data=body, headers=cottage.owner())
    assert sent.status_code == 202, sent.json
    work_off(cottage)
    moment = Moment(0, date(2024, 12, 31))
    assert trade_months(cottage.context, moment, ALL).is_empty()
    assert trade_months(cottage.context, moment, ALL, own_words=True)["buyer"].to_list() == ["local:K7"]
