"""A lake has a number of buckets of its own: all that is worked out of a book is the same with any, and after another.

Scores rest on features alone, so that the same features are the same scores.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import polars as pl
import pytest
from deltalake import CommitProperties, Transaction
from polars.testing import assert_frame_equal
from profile_house import HEADER, House, open_house
from sqlalchemy import delete, select

from chassis.core.errors import Invalid
from chassis.core.identity import Verifier
from chassis.data import jobs
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.book import rebucketing, state_store
from services.profile.book.delta import SAID, bucket_of
from services.profile.book.domain.evidence import HELD
from services.profile.book.domain.moment import Moment
from services.profile.book.domain.permit import Whole, Why
from services.profile.book.lake import lakes
from services.profile.book.lake_care import tend
from services.profile.book.usecases.rebucket import rebucket
from services.profile.composition import PACKAGE
from services.profile.graph.usecases.trade_months import trade_months
from services.profile.portrait import peer_store
from services.profile.portrait.domain import crosscheck
from services.profile.portrait.usecases import make_peers, read_feature_set
from services.profile.portrait.usecases.baseline import CATALOGUE, closed, live_day, peer_files
from services.profile.portrait.usecases.cross_check import material
from services.profile.portrait.usecases.figure_parts import PEERS
from services.profile.portrait.usecases.write_peers import write_tables
from services.profile.rights.usecases.verify import verify
from services.profile.watch import tables
from services.profile.watch.usecases.look_whole import look_at_all

NOW = datetime.now(UTC) + timedelta(days=1)
FIRMS = 6
KINDS = ("enterprises", "invoices.purchase", "invoices.sale", "payments", "public-records", "relations")


@pytest.fixture(scope="module")
def every() -> dict[str, pl.DataFrame]:
    return records(simulate(Plan(firms=FIRMS, months=15, seed=5)))


@pytest.fixture(scope="module")
def usual(tmp_path_factory, verifier, tokens, every) -> House:
    """Return a book of every kind of record, in lakes as they are made."""
    folder = tmp_path_factory.mktemp("home")
    house = open_house(f"sqlite:///{folder / 'profile.db'}", folder, verifier, tokens)
    for kind in KINDS:
        answer = house.send(kind, every[kind].drop("synthetic", strict=False).write_csv())
        assert answer["state"] == "done", answer
    for firm in every["enterprises"]["enterprise"]:
        house.consent(firm, purposes=("credit-assessment", "model-training"))
    return house


@pytest.fixture
def few(sqlite_url: str, tmp_path: Path, verifier: Verifier, tokens: Callable[..., dict[str, str]]) -> House:
    """Return a house whose lakes were made of four buckets each."""
    for lake in lakes(str(tmp_path / "home" / "lake")).values():
        lake.create(4)
    return open_house(sqlite_url, tmp_path, verifier, tokens)


@pytest.fixture(autouse=True)
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have small books cut by bucket as large ones are."""
    monkeypatch.setattr(make_peers, "ONE_PART", 0)
    monkeypatch.setattr(read_feature_set, "at_once", lambda *_: 2)


def worked_out(house: House) -> dict[str, Any]:
    """Return features, peers, cross-checks, trade and the log of a look, all made anew."""
    with house.context.database.begin() as session:
        for table in (tables.Alert, tables.Look, jobs.TABLE):
            session.execute(delete(table))
        state = state_store.book(session)
    context = replace(house.context, now=lambda: NOW)
    assert state.latest
    moment = Moment(state.lake_version, closed(state.latest), state.known_at, state.departures)
    answer = house.client.post("/v1/feature-sets", json={"as_of": moment.as_of.isoformat()}, headers=house.bank())
    assert answer.status_code == 200, answer.json
    known = make_peers.known_at(context, moment, PEERS)
    made = write_tables(context, known, None, None, make_peers.parts_of(context, state))
    assert look_at_all(context, None) == FIRMS
    found = {name: peer_files(context).read(made.stamp, name).collect() for name in ("usual", "groups", "network")}
    return {
        **found,
        "features": pl.read_parquet(io.BytesIO(answer.data)),
        "checks": crosscheck.tally_book(material(context, moment, Whole(Why.PARTNERS))).sort(pl.all()),
        "trade": trade_months(context, moment, Whole(Why.PEERS)),
        "log": log(context),
    }


def log(context: Any) -> pl.DataFrame:
    columns = [column for column in tables.Alert.__table__.columns if column.name != "id"]
    with context.database.read() as session:
        rows = [row._asdict() for row in session.execute(select(*columns))]
    rows.sort(key=lambda row: (row["enterprise"], row["signal"], row["event"]))
    told = [{name: str(orjson.dumps(value)) for name, value in row.items()} for row in rows]
    assert len(told) >= FIRMS
    return pl.DataFrame(told)


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Compare to the last bit and in their order."""
    assert one.keys() == other.keys()
    for name, table in one.items():
        assert not table.is_empty(), name
        assert_frame_equal(table, other[name], check_exact=True)


def numbers(house: House) -> list[int]:
    return [lake.buckets() for lake in house.context.lakes.values()]


def test_sixteen_become_four_then_five_and_nothing_else_changes(usual: House) -> None:
    """To the last bit, also where a lake is of another number than its neighbours; verify finds nothing."""
    assert set(numbers(usual)) == {16}
    first = worked_out(usual)
    for buckets, before in ((4, 16), (5, 4)):
        done = rebucket(usual.context, buckets)
        assert {(each.before, each.buckets) for each in done} == {(before, buckets)}
        assert sum(each.rows for each in done) > 1000
        if buckets == 5:
            (alone,) = rebucket(usual.context, 3, ["invoices"])
            assert (alone.before, alone.buckets) == (5, 3)
            assert sorted(set(numbers(usual))) == [3, 5]
        same(first, worked_out(usual))
    assert verify(usual.context, PACKAGE, deep=True)[1] == []
    assert {each.rows for each in rebucket(usual.context, 5, [kind for kind in HELD if kind != "invoices"])} == {0}


def test_imports_go_on_in_the_new_buckets(few: House, every: dict[str, pl.DataFrame]) -> None:
    """What is stated again is known as held, rows lie where they belong, and past versions read as they did."""
    table = every["invoices.sale"].drop("synthetic", strict=False).head(300)
    assert few.send("invoices.sale", table.head(200).write_csv())["accepted"] == 200
    lake = few.context.lake
    version = lake.newest()
    before = lake.read(version, without=()).sort(pl.all())
    assert numbers(few) == [4] * len(HELD)
    rebucket(few.context, 7)
    assert few.send("invoices.sale", table.write_csv())["accepted"] == 100
    files = lake.files.at(lake.newest())
    for path, bucket in files.select("path", "bucket").iter_rows():
        firms = pl.read_parquet(Path(lake.url, path), hive_partitioning=False)["enterprise"].unique()
        assert {bucket_of(firm, 7) for firm in firms} == {bucket}
    for read in (lake, lakes(str(few.context.settings.home / "lake"))["invoices"]):
        assert_frame_equal(read.read(version, without=()).sort(pl.all()), before)
    assert few.client.get("/readyz").status_code == 200


def test_a_kill_in_the_middle_leaves_the_lake_as_it_was(cottage: House, every: dict[str, pl.DataFrame]) -> None:
    """The files of the broken attempt are nobody's and go; the same command does the rest."""
    cottage.send("invoices.sale", every["invoices.sale"].drop("synthetic", strict=False).head(200).write_csv())
    lake = cottage.context.lake
    before, files = lake.read(lake.newest(), without=()).sort(pl.all()), set(Path(lake.url).rglob("*.parquet"))
    killed = subprocess.run([sys.executable, "-c", KILLED, lake.url], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    assert lake.buckets() == 16
    assert set(Path(lake.url).rglob("*.parquet")) > files
    assert [(each.before, each.buckets) for each in rebucket(cottage.context, 5)] == [(16, 5)] * len(HELD)
    assert_frame_equal(lake.read(lake.newest(), without=()).sort(pl.all()), before)
    tend(lake, 0)
    assert set(Path(lake.url).rglob("*.parquet")) == {Path(lake.url, path) for path in lake.paths(lake.newest())}


KILLED = """
import os, signal, sys
from services.profile.book import written
from services.profile.book.domain.invoice import DATASET
from services.profile.book.lake import Lake
from services.profile.book.rebucketing import rebucket
written.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
rebucket(Lake(sys.argv[1]), DATASET, 5)
"""


def test_an_import_that_is_quicker_is_not_lost(
    cottage: House, every: dict[str, pl.DataFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rewriting begins again with its rows; and an import that meets a rewriting puts its rows in their buckets."""
    table = every["invoices.sale"].drop("synthetic", strict=False).head(200)
    cottage.send("invoices.sale", table.head(100).write_csv())
    replaced, late = rebucketing.written.replace, [table.tail(100).write_csv()]

    def beaten(*arguments: Any) -> None:
        if late:
            cottage.send("invoices.sale", late.pop())
        replaced(*arguments)

    monkeypatch.setattr(rebucketing.written, "replace", beaten)
    (done,) = rebucket(cottage.context, 5, ["invoices"])
    assert (done.rows, cottage.context.lake.buckets()) == (200, 5)
    assert cottage.context.lake.read(cottage.context.lake.newest(), without=()).height == 200


def test_a_lake_that_says_another_number_than_its_files_have_is_found(cottage: House) -> None:
    """Verify names each file where nobody would look for what it holds."""
    cottage.send("invoices.purchase", HEADER + "E1,1,2019/1/4,A1,100.00,13.00,113.00,有效发票\n")
    assert verify(cottage.context, PACKAGE, deep=True)[1] == []
    lake = cottage.context.lake
    assert bucket_of("local:E1", 100) != bucket_of("local:E1", 16) == 15
    for buckets in (1, 100):
        said = CommitProperties(app_transactions=[Transaction(SAID, buckets)])
        table = lake.files.table()
        table.create_write_transaction([], "append", table.schema(), ["bucket"], commit_properties=said)
        (found,) = verify(cottage.context, PACKAGE, deep=True)[1]
        assert (found.what, found.where.split(",")[:2]) == ("bucket", ["lake of invoices", " bucket 15"])


def test_peers_are_cut_anew_when_the_lake_is(few: House, every: dict[str, pl.DataFrame]) -> None:
    """A worker makes them again in as many parts as there are buckets, and once."""
    few.send("invoices.sale", every["invoices.sale"].drop("synthetic", strict=False).head(200).write_csv())
    parts = []
    for buckets in (4, 3, 3):
        rebucket(few.context, buckets)
        with few.context.database.read() as session:
            day = live_day(few.context, session)
        make_peers.bring_forward(few.context, day, None, moves=True)
        with few.context.database.read() as session:
            found = peer_store.newest(session, day, None, CATALOGUE)
        assert found is not None
        parts.append((len(found.parts or ()), found.published_at))
    assert [count for count, _ in parts] == [4, 3, 3]
    assert parts[0][1] < parts[1][1] == parts[2][1]


def test_a_number_that_cannot_be_is_told(cottage: House) -> None:
    for buckets, kinds in ((0, ()), (128, ()), (5, ("letters",))):
        with pytest.raises(Invalid):
            rebucket(cottage.context, buckets, kinds)
