"""Peer figures are made part by part, published once, read by whoever asks, and are the same however they were made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from shutil import rmtree
from typing import Any

import polars as pl
import pytest
from profile_house import House, open_house
from signal_books import HEADER, trade
from sqlalchemy import select

from chassis.core.identity import Verifier
from chassis.data import jobs
from chassis.data.worker import Worker
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.book import import_store, state_store
from services.profile.book.domain.evidence import Evidence, of_others
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.tables import LakeStep
from services.profile.book.usecases.gather import gather
from services.profile.jobs import handlers
from services.profile.portrait import peer_files, peer_store
from services.profile.portrait.domain.features import NEEDS, compute
from services.profile.portrait.domain.indicators import own, whole
from services.profile.portrait.domain.peers import USUAL, Peers, peers
from services.profile.portrait.peer_files import PeerFiles
from services.profile.portrait.usecases import compare_sources, cross_check, figure_parts, make_peers
from services.profile.portrait.usecases.baseline import (
    CATALOGUE,
    baseline,
    closed,
    naming_firms,
    parties_of,
    peers_behind_since,
    peers_made_at,
    trust_of,
    usual,
)
from services.profile.portrait.usecases.figure_parts import PEERS, ROSTER
from services.profile.portrait.usecases.make_peers import InWorker, tend_peers, tidy
from services.profile.portrait.usecases.order_peers import Ordering
from services.profile.problems import KINDS

PORTRAIT = "/v1/enterprises/E1/portrait"
Curves = Mapping[Any, tuple[int, Mapping[str, list[float]]]]


def economy() -> dict[str, pl.DataFrame]:
    """Return a small economy with every kind of record; real, so that hand-made files may be sent after it."""
    made = records(simulate(Plan(firms=50, months=14)))
    return {kind: table.drop("synthetic", strict=False) for kind, table in made.items() if kind != "outcomes"}


def sent(house: House, tables: Mapping[str, pl.DataFrame]) -> None:
    for kind, table in sorted(tables.items()):
        if table.height:
            done = house.send(kind, table.write_csv())
            assert done["state"] == "done", done


def moment_of(house: House) -> Moment:
    with house.context.database.read() as session:
        state = state_store.book(session)
    assert state.date
    return Moment(state.lake_version, state.date.replace(day=1), state.known_at, state.departures)


def steps_of(house: House) -> list[datetime]:
    """Return when the book learned of each file; that it is dated anew is known later."""
    with house.context.database.read() as session:
        return list(session.execute(select(LakeStep.known_at).order_by(LakeStep.known_at)).scalars())


def curves(found: Peers) -> Curves:
    groups = {key: found.group(key) for key in found.keys}
    return {
        key: (group.count, {str(n): grid.tolist() for n, grid in {**group.features, **group.dimensions}.items()})
        for key, group in groups.items()
    }


def at_once(house: House) -> tuple[Curves, Curves, pl.DataFrame]:
    """Return groups, what is usual, and the network, computed of the whole book in one piece."""
    context = house.context
    moment = replace(moment_of(house), as_of=baseline(context, moment_of(house), ()).day)
    evidence = gather(context, moment, PEERS)
    with context.database.read() as session:
        told = of_others(evidence, import_store.own_imports(session))
    trust = trust_of(context, moment, PEERS, told)
    features = compute(told.invoices.select(NEEDS), as_of=moment.as_of)
    by_own = own(told, [moment.as_of], parties_of(context, moment, told), trust).drop("as_of", "last_on")
    network = whole(evidence, moment.as_of, trust)
    figures = by_own.join(features, on="enterprise", how="full", coalesce=True)
    book = figures.join(network, on="enterprise", how="full", coalesce=True).sort("enterprise")
    roster = evidence.enterprises.select(ROSTER)
    common = peers(features.select("enterprise", *USUAL), roster)
    return curves(peers(book, roster)), curves(common), network


def kept(house: House) -> tuple[Curves, Curves, pl.DataFrame]:
    held = baseline(house.context, moment_of(house), None)
    return curves(held.peers), curves(usual(house.context, moment_of(house))), held.network


def alike(one: tuple[Curves, Curves, pl.DataFrame], other: tuple[Curves, Curves, pl.DataFrame]) -> bool:
    return one[:2] == other[:2] and one[2].equals(other[2])


def test_one_late_invoice_of_one_firm_leaves_every_other_firm_in_its_place_once(cottage: House) -> None:
    """Its partners' books are read with it, as far as they speak of it: nothing of that becomes a row of theirs."""
    every = economy()
    sent(cottage, every)
    kept(cottage)
    sale = every["invoices.sale"].head(1).with_columns(number=pl.lit("99999901"))
    sent(cottage, {"invoices.sale": sale})
    assert alike(kept(cottage), at_once(cottage))
    assert kept(cottage)[2]["enterprise"].is_unique().all()


def test_peers_of_a_past_moment_are_there_when_their_order_is_worked_off(
    cottage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many were made since: the work that makes them ends with tidying, and must not take them away again."""
    monkeypatch.setattr(peer_store, "KEPT_BEHIND", 0)
    context, moments = cottage.context, list[Moment]()
    for months in (4, 5, 6):
        cottage.send("invoices.sale", trade("E1", months=months))
        moments.append(moment_of(cottage))
    day = closed(moments[-1].as_of)
    for moment in reversed(moments):
        make_peers.bring_forward(context, day, moment.known_at, moves=False)
    tidy(context)
    with context.database.read() as session:
        found = [peer_store.newest(session, day, moment.known_at, CATALOGUE) for moment in moments]
    assert [each is not None and each.stamp is not None for each in found] == [True] * 3


@pytest.mark.parametrize("parts", [1, 4, 16])
def test_parts_put_together_are_what_is_computed_at_once(
    cottage: House, monkeypatch: pytest.MonkeyPatch, parts: int
) -> None:
    """To the last bit, of an economy with every kind of record; and so when late records of every kind move it on."""
    monkeypatch.setattr(make_peers, "parts_of", lambda *_: parts)
    every = economy()
    late = {
        kind: table.with_row_index().filter(pl.col("index") % 97 == 5).drop("index") for kind, table in every.items()
    }
    sent(
        cottage,
        {kind: table.join(late[kind], on=table.columns, how="anti", nulls_equal=True) for kind, table in every.items()},
    )
    assert alike(kept(cottage), at_once(cottage))
    sent(cottage, late)
    named = every["enterprises"]["enterprise"][7]
    again = every["invoices.sale"].filter(pl.col("enterprise") == named).head(1).with_columns(status=pl.lit("void"))
    sent(cottage, {"invoices.sale": again})
    forward = kept(cottage)
    assert len(forward[0]) > 1, "there are groups beside the whole book"
    assert alike(forward, at_once(cottage))
    assert nearby(cottage) == whole_book(cottage)


def nearby(house: House) -> dict[str, float]:
    """Return by firm how far its sources agree, reading those alone that may name it."""
    context, moment = house.context, replace(moment_of(house), as_of=moment_of(house).as_of.replace(day=20))
    held, found = baseline(context, moment, ()), {}
    for firm in gather(context, moment, PEERS, ()).enterprises["enterprise"]:
        scope = Whole(Why.PEERS, (firm,))
        near = naming_firms(context, moment, held.mentions, [firm])
        assert near is not None
        found |= dict(trust_of(context, moment, scope, gather(context, moment, scope), near).checks.iter_rows())
    return found


def test_a_cross_check_reads_of_others_who_names_the_firm(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once peers are finished; what it says is what the whole lake says, also of what became known since."""
    every = {kind: table for kind, table in economy().items() if kind.startswith("invoices")}
    late = {kind: table.gather_every(97, 5) for kind, table in every.items()}
    sent(cottage, {kind: table.join(late[kind], on=table.columns, how="anti") for kind, table in every.items()})
    kept(cottage)
    sent(cottage, late)
    names = every["invoices.sale"]["enterprise"].unique().sort().to_list()[:8]
    with monkeypatch.context() as blind:
        blind.setattr(compare_sources, "finished_mentions", lambda *_: None)
        whole_lake = [checks(cottage, name) for name in names]
    monkeypatch.setattr(cross_check, "scan", lambda *_: pytest.fail("the whole lake is scanned"))
    assert [checks(cottage, name) for name in names] == whole_lake
    assert any("mirrored-invoice" in str(each["rules"]) for each in whole_lake)


def checks(house: House, firm: str) -> Any:
    answer = house.client.get(f"/v1/enterprises/{firm}/cross-checks", headers=house.owner(firm))
    assert answer.status_code == 200, answer.json
    return answer.json


def whole_book(house: House) -> dict[str, float]:
    moment = replace(moment_of(house), as_of=moment_of(house).as_of.replace(day=20))
    return dict(trust_of(house.context, moment, PEERS, gather(house.context, moment, PEERS)).checks.iter_rows())


@pytest.fixture
def manor(database_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return the service as it runs: a web process that orders peers (and does not wait), a worker that makes them."""
    house = open_house(database_url, tmp_path, verifier, tokens, Ordering(wait=0.0))
    context = replace(house.context, peers=InWorker())
    house.worker = Worker(context.database, handlers(context), KINDS)
    house.context = context
    return house


def read(house: House, known_at: str | None = None) -> Any:
    asked = {"known_at": known_at} if known_at else {}
    return house.client.get(PORTRAIT, headers=house.owner(), query_string=asked)


def work_off(house: House) -> list[str]:
    """Do all that waits; return the kinds of jobs that are done."""
    while house.worker.run_once():
        pass
    with house.context.database.read() as session:
        return list(session.execute(jobs.TABLE.select()).scalars())


def ordered(house: House) -> int:
    with house.context.database.read() as session:
        waiting = jobs.TABLE.select().where(jobs.TABLE.c.kind == "peers", jobs.TABLE.c.state == "queued")
        return len(session.execute(waiting).all())


def test_a_web_process_orders_peers_once_and_says_when_to_ask_again(manor: House) -> None:
    """However many ask, and with the import's own order: one job; after it the portrait is there."""
    manor.send("invoices.sale", trade("E1"))
    for _ in range(2):
        refused = read(manor)
        assert (refused.status_code, refused.json["type"]) == (503, "/problems/peers-under-way")
        assert refused.headers["Retry-After"] == "5"
    assert ordered(manor) == 1
    work_off(manor)
    assert read(manor).status_code == 200


def test_a_portrait_is_held_against_the_last_finished_peers_and_says_their_date(manor: House) -> None:
    """Late records count at once in its own figures; in those of peers once these are made; and no moment changes."""
    manor.send("invoices.sale", trade("E1"))
    work_off(manor)
    first = read(manor).json
    manor.send("invoices.sale", trade("E2", net=77))
    between = read(manor).json
    peers_then = [each["peers"] for each in (first["dimensions"][1], between["dimensions"][1])]
    assert peers_then[0] == peers_then[1]
    assert peers_then[0]["count"] == 1
    assert between["known_at"] > first["known_at"]
    work_off(manor)
    last = read(manor).json["dimensions"][1]["peers"]
    assert last["count"] == 2
    assert last["known_at"] >= between["known_at"]
    for then in (first, between):
        assert read(manor, then["known_at"]).json == then


def test_records_of_the_running_month_publish_no_peers(manor: House) -> None:
    """The book's moment stays that of the import."""
    manor.send("invoices.sale", trade("E1"))
    work_off(manor)
    manor.send("invoices.sale", HEADER + "E1,99999999,2020/3/5,K5,500.00,0.00,500.00,有效发票\n")
    before = moment_of(manor).known_at
    work_off(manor)
    assert moment_of(manor).known_at == before
    assert ordered(manor) == 0


def test_peers_in_which_a_repaired_record_counts_are_read_no_more(manor: House) -> None:
    """Neither now nor at a moment before the repair; made anew, the moment is answered again, without it."""
    manor.send("invoices.sale", trade("E1", partner="E2"))
    manor.send("invoices.sale", trade("E2"))
    titles = "record,enterprise,number,tier,authority,date,published_on\n"
    manor.send("public-records", titles + "dishonest,E2,N1,serious,法院,2019-05-01,2019-05-02\n")
    work_off(manor)
    then = read(manor).json
    assert troubled(then) > 0
    repaired = titles.strip() + ",repaired_on\ndishonest,E2,N1,serious,法院,2019-05-01,2019-05-02,2020-02-01\n"
    manor.send("public-records", repaired)
    assert [read(manor, at).status_code for at in (None, then["known_at"])] == [503, 503]
    work_off(manor)
    assert [troubled(read(manor, at).json) for at in (None, then["known_at"])] == [None, None]


def troubled(portrait: dict[str, Any]) -> Any:
    figures = {each["name"]: each["value"] for aspect in portrait["dimensions"] for each in aspect["features"]}
    return figures["troubled_partners_share_12m"]


def test_a_part_that_was_made_is_not_made_again(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is killed between parts leaves them: the next one makes those that are missing."""
    monkeypatch.setattr(make_peers, "parts_of", lambda *_: 4)
    sent(cottage, {kind: table for kind, table in economy().items() if kind.startswith("invoices")})
    made: list[int] = []
    real = figure_parts.gather_part

    def counted(*asked: Any) -> Evidence:
        if len(made) == 2:
            raise MemoryError
        made.append(1)
        return real(*asked)

    monkeypatch.setattr(figure_parts, "gather_part", counted)
    with pytest.raises(MemoryError):
        kept(cottage)
    made.clear()
    monkeypatch.setattr(figure_parts, "gather_part", lambda *asked: (made.append(1), real(*asked))[1])
    kept(cottage)
    assert len(made) == 2


def test_two_workers_that_make_the_same_peers_leave_each_other_what_they_read(
    cottage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One ends while the other is in the middle of it: that one goes on and need not begin again."""
    monkeypatch.setattr(make_peers, "parts_of", lambda *_: 4)
    sent(cottage, {kind: table for kind, table in economy().items() if kind.startswith("invoices")})
    begun: list[int] = []
    parted, written = figure_parts.gather_part, make_peers.write_tables
    day = closed(moment_of(cottage).as_of)

    def overtaken(*asked: Any) -> Evidence:
        if len(begun) == 1:
            make_peers.bring_forward(cottage.context, day, None, moves=False)
            tidy(cottage.context)
        return parted(*asked)

    monkeypatch.setattr(figure_parts, "gather_part", overtaken)
    monkeypatch.setattr(make_peers, "write_tables", lambda *asked: (begun.append(1), written(*asked))[1])
    make_peers.bring_forward(cottage.context, day, None, moves=False)
    assert len(begun) == 2
    assert alike(kept(cottage), at_once(cottage))


def test_what_only_the_work_needed_goes_when_it_is_long_done(cottage: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of firms and of channels, and statements of dealings; not at once, as another may be reading them."""
    cottage.send("invoices.sale", trade("E1"))
    kept(cottage)
    folder = cottage.context.settings.peers
    for expected in (True, False):
        tidy(cottage.context)
        assert [bool(list(folder.glob(f"*/{name}.parquet"))) for name in ("told", "mirror-0")] == [expected] * 2
        monkeypatch.setattr(peer_files, "DONE_SECONDS", -1.0)
    assert list(folder.glob("*/figures-0.parquet"))


def test_files_that_nobody_reads_go(manor: House) -> None:
    """Of superseded peers the last few stay; parts only of the newest; and what broken work left."""
    for at in range(6):
        manor.send("invoices.sale", trade(f"E{at + 1}"))
        work_off(manor)
    folder = manor.context.settings.peers
    (folder / "left").mkdir()
    (folder / "left" / "figures-0.abc").write_bytes(b"x")
    tidy(manor.context, unnamed=0.0)
    assert len(list(folder.glob("*/network.parquet"))) == 4
    assert len(list(folder.glob("*/figures-0.parquet"))) == 1
    assert not list(folder.glob("left/*"))
    assert read(manor).status_code == 200


def test_a_worker_orders_the_peers_that_nobody_has(cottage: House) -> None:
    """A month has ended, or the suite is a newer one: there was no import to say so."""
    cottage.send("invoices.sale", trade("E1"))
    tend_peers(cottage.context)
    tend_peers(cottage.context)
    assert ordered(cottage) == 1
    assert peers_made_at(cottage.context) is None
    work_off(cottage)
    assert peers_made_at(cottage.context) is not None
    tend_peers(cottage.context)
    assert ordered(cottage) == 0


def test_how_far_peers_are_behind_is_told_from_what_they_miss_first(manor: House) -> None:
    """Nothing where they hold all that the book knows, also where that changes none of them; else since the first."""
    assert peers_behind_since(manor.context) is None
    manor.send("invoices.sale", trade("E1"))
    first = peers_behind_since(manor.context)
    assert first == steps_of(manor)[0]
    manor.send("invoices.sale", trade("E2"))
    assert peers_behind_since(manor.context) == first
    work_off(manor)
    assert peers_behind_since(manor.context) is None
    manor.send("invoices.sale", trade("E3"))
    assert peers_behind_since(manor.context) == steps_of(manor)[2] > first


def test_peers_whose_files_are_gone_are_made_again(manor: House) -> None:
    """The folder needs no backup: the same request is answered with the same content after it was removed."""
    manor.send("invoices.sale", trade("E1"))
    work_off(manor)
    before = read(manor).json
    rmtree(manor.context.settings.peers)
    assert read(manor).status_code == 503
    work_off(manor)
    assert read(manor).json == before
    for table in manor.context.settings.peers.glob("*/figures-0.parquet"):
        table.unlink()
    manor.send("invoices.sale", trade("E2"))
    work_off(manor)
    assert read(manor).json["dimensions"][1]["peers"]["count"] == 2


def test_machines_share_tables_and_keep_copies(tmp_path: Path) -> None:
    """What one writes another reads, before and after its own copy is there; what nobody names goes from the store."""
    one, other = (PeerFiles(tmp_path / name / "peers", str(tmp_path / "store")) for name in ("one", "other"))
    table = pl.DataFrame({"enterprise": ["E1"], "figure": [0.1]})
    one.write("2020-01-31-a", "network", table)
    assert other.read("2020-01-31-a", "network").collect().equals(table)
    one.sweep([])
    assert len(list((tmp_path / "store").rglob("*.parquet"))) == 1, "another machine may be at work on it"
    assert one.sweep([], unnamed=0.0) == 1
    assert not list((tmp_path / "store").rglob("*.parquet"))
    assert other.has("2020-01-31-a", "network"), "a copy serves as long as it is asked for"
    assert not one.has("2020-01-31-a", "network")
