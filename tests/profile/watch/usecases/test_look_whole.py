"""A look at the whole book, bucket by bucket: the same log as firm by firm, each bucket told once, whatever breaks."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import rmtree
from typing import Any, TypeAlias, TypeVar

import pytest
from profile_house import open_house
from signal_books import HEADER
from sqlalchemy import delete, select, update

from chassis.core.engine import Here, Ran
from chassis.data import jobs
from chassis.data.worker import Worker
from sandbox.economy import Plan, simulate
from sandbox.records import records
from services.profile.book import enterprise_store, state_store
from services.profile.book import tables as book_tables
from services.profile.book.context import Context
from services.profile.book.usecases.touch import JOB, note_all_changed, note_changed
from services.profile.portrait.peer_files import PeerFiles
from services.profile.watch import tables
from services.profile.watch.usecases import look, look_whole
from services.profile.watch.usecases.look_whole import look_at_all

NOW = datetime.now(UTC) + timedelta(days=1)
Log: TypeAlias = list[dict[str, Any]]
T = TypeVar("T")
U = TypeVar("U")


@pytest.fixture(scope="module")
def book(tmp_path_factory, verifier, tokens):
    """Return a book of every kind of record, with three rings and two customers that do not pay; nobody has looked."""
    home = tmp_path_factory.mktemp("home")
    found = open_house(f"sqlite:///{home / 'profile.db'}", home, verifier, tokens)
    economy = records(simulate(Plan(firms=15, months=26, seed=5)))
    for kind in ("enterprises", "invoices.purchase", "invoices.sale", "payments", "public-records", "relations"):
        table = economy[kind]
        packed = gzip.compress(table.drop("synthetic").write_csv().encode(), 1)
        answer = found.send(kind, packed, f"{kind}.csv.gz")
        assert answer["state"] == "done", answer
    firms = economy["enterprises"]["enterprise"].sort().to_list()
    last = economy["invoices.sale"]["date"].max()
    rows = [
        f"{firms[first + n]},9000{first:02}{n:02},{last - timedelta(days=9 - n)},{firms[first + (n + 1) % 3]},"
        f"{60000 + n}.00,0.00,{60000 + n}.00,有效发票\n"
        for first in (0, 3, 2)
        for n in range(3)
    ]
    customers = [
        f"{firm},7000{n:04},{last},{firms[9]},900000.00,0.00,900000.00,有效发票\n"
        for n, firm in enumerate(firms[10:15])
    ]
    default = f"企业代号,是否违约,认定日期\n{firms[9]},是,{last}\n"
    for kind, content in (("invoices.sale", HEADER + "".join([*rows, *customers])), ("outcomes", default)):
        answer = found.send(kind, content)
        assert (answer["state"], answer["rejected"]) == ("done", 0), answer
    with found.context.database.begin() as session:
        session.execute(delete(jobs.TABLE))
    return found


@pytest.fixture(scope="module")
def whole(book):
    """Return the log of a first look at the whole book."""
    context = replace(book.context, now=lambda: NOW)
    assert look_at_all(context, None) == len(names_of(context))
    return told(context)


@pytest.fixture
def unseen(book, whole):
    """Return the context of the book, whose clock stands, and nothing of it was told yet."""
    with book.context.database.begin() as session:
        for table in (tables.Alert, tables.Look):
            session.execute(delete(table))
        session.execute(delete(jobs.TABLE))
    return replace(book.context, now=lambda: NOW)


def told(context: Context) -> Log:
    """Return the log, but for the ids of its rows."""
    columns = [column for column in tables.Alert.__table__.columns if column.name != "id"]
    with context.database.begin() as session:
        rows = [row._asdict() for row in session.execute(select(*columns))]
        for table in (tables.Alert, tables.Look):
            session.execute(delete(table))
    return sorted(rows, key=lambda row: (row["enterprise"], row["signal"], row["event"]))


def names_of(context: Context) -> list[str]:
    with context.database.read() as session:
        return [firm.id for firm in enterprise_store.all_enterprises(session)]


def test_bucket_by_bucket_the_log_is_what_it_is_firm_by_firm(unseen: Context, whole: Log) -> None:
    """Rings and customers' defaults cross buckets: alerts, values, records and counts are the same for all that."""
    names = names_of(unseen)
    look.look(unseen, names)
    assert whole == told(unseen)
    for start in range(0, len(names), 8):
        look.look(unseen, names[start : start + 8])
    assert whole == told(unseen)
    counts = {signal: sum(row["signal"] == signal for row in whole) for signal in (look_whole.RING, look.DEFAULT)}
    assert counts[look_whole.RING] >= 7
    assert counts[look.DEFAULT] >= 3
    assert len({row["signal"] for row in whole}) > 6


def test_of_some_firms_it_tells_what_looking_at_them_does(unseen: Context) -> None:
    """Those looked at by all signals, their partners and the other members of their rings by what came anew."""
    names = names_of(unseen)[::3]
    assert look_at_all(unseen, names) == len(names)
    some = told(unseen)
    look.look(unseen, names)
    assert some == told(unseen)
    assert {row["enterprise"] for row in some} - set(names)


def test_a_second_look_moves_what_has_calmed_and_opens_nothing(unseen: Context) -> None:
    """Alerts that no reading bears out any more clear, bucket by bucket as firm by firm."""
    logs = []
    for later in (lambda context: look_at_all(context, None), lambda context: look.look(context, names_of(context))):
        look.look(unseen, names_of(unseen))
        with unseen.database.begin() as session:
            session.execute(update(tables.Alert).values(event=tables.Alert.event + "!"))
        later(replace(unseen, now=lambda: NOW + timedelta(days=3)))
        logs.append(told(unseen))
    assert logs[0] == logs[1]
    assert any(row["cleared_on"] or row["calm_since"] for row in logs[0])


class Elsewhere:
    """An engine of machines that have no disk in common with this one."""

    def __init__(self, looks: Path) -> None:
        self._looks = looks

    def run(self, work: Callable[[U], T], units: Sequence[U]) -> Iterator[Ran[U, T]]:
        """Do each unit on a machine of its own."""
        for unit in units:
            rmtree(self._looks, ignore_errors=True)
            yield from Here().run(work, [unit])
        rmtree(self._looks)


def test_units_of_other_machines_hand_on_through_the_store(unseen: Context, whole: Log, tmp_path: Path) -> None:
    """What a bucket's unit has read lies in the object store; nothing is left there afterwards."""
    settings = replace(unseen.settings, store=str(tmp_path / "store"))
    far = replace(unseen, settings=settings, engine=Elsewhere(settings.looks))
    look_at_all(far, None)
    assert told(far) == whole
    assert not list((tmp_path / "store").rglob("*.parquet"))


class Killed(BaseException):
    """What no handler catches: the process is gone."""


def test_a_killed_look_goes_on_and_tells_each_bucket_once(
    unseen: Context, whole: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed with some buckets surveyed, then with some told; the last worker does the rest."""
    notes, buckets, written = counting(jobs.Job.note), counting(look_whole._told), counting(PeerFiles.write)
    monkeypatch.setattr(jobs.Job, "note", notes)
    monkeypatch.setattr(look_whole, "_told", buckets)
    monkeypatch.setattr(PeerFiles, "write", written)
    with unseen.database.begin() as session:
        note_all_changed(session)
    for count, limit in ((notes, 5), (buckets, 4)):
        count.limit = limit
        with pytest.raises(Killed):
            worker(unseen).run_once()
        count.limit = 999
        end_leases(unseen)
    later = replace(unseen, now=lambda: NOW + timedelta(hours=5))
    assert worker(later).run_once()
    assert told(unseen) == whole
    assert len(buckets.seen) == len({share.bucket for _, _, share, _, _ in buckets.seen})
    assert len(written.seen) == len({name for _, _, name, _ in written.seen})
    assert not any(unseen.settings.looks.iterdir())


def counting(step: Callable[..., Any]) -> Any:
    """Return a step that can be done `limit` times, and then kills who does it; `seen` is what it was asked."""

    def count(*asked: Any) -> Any:
        if len(count.seen) >= count.limit:
            raise Killed
        count.seen.append(asked)
        return step(*asked)

    count.limit, count.seen = 999, []
    return count


def worker(context: Context) -> Worker:
    return Worker(context.database, {JOB: lambda job: look.watch(context, job)})


def end_leases(context: Context) -> None:
    """Let what a killed worker held be taken again."""
    with context.database.begin() as session:
        session.execute(update(jobs.TABLE).values(state="queued", worker=None, lease_until=None))


def test_a_look_that_was_begun_takes_no_more_names(unseen: Context) -> None:
    """What is added to it might be thought done: it goes to a look of its own, which takes all that follow."""
    with unseen.database.begin() as session:
        note_changed(session, ["local:E1"], "invoices.sale")
        session.execute(update(jobs.TABLE).values(checkpoint={"until": "local:E9"}))
        for name in ("local:E2", "local:E3", "local:E2"):
            note_changed(session, [name], "invoices.sale")
        first = note_all_changed(session, books=True)
        assert note_all_changed(session) == first
        payloads = list(session.execute(select(jobs.TABLE.c.payload).order_by(jobs.TABLE.c.id)).scalars())
    assert [payload["enterprises"] for payload in payloads] == [["local:E1"], ["local:E2", "local:E3"]]
    assert (payloads[1]["every"], payloads[1]["books"]) == (True, True)


def test_where_a_record_leaves_the_book_meanwhile_the_look_begins_again(
    unseen: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No alert is told of a moment that counts what is gone."""
    moments = []
    real = look_whole._told

    def leaving(context: Context, whole: Any, share: Any, started: Any, partners: Any) -> bool:
        moments.append(started.moment.departures)
        if len(moments) == 3:
            with context.database.begin() as session:
                row = session.get_one(book_tables.Book, state_store.BOOK_ID)
                row.departures += 1
        return real(context, whole, share, started, partners)

    monkeypatch.setattr(look_whole, "_told", leaving)
    look_at_all(unseen, None)
    assert len(set(moments)) == 2
    assert moments[:3] == [moments[0]] * 3
    assert set(moments[3:]) == {moments[0] + 1}
