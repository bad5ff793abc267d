"""Engines do the same units with the same results, and lose nothing to processes that die."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from dask_cluster import ROOT, DaskCluster
from distributed import Client
from engine_units import asleep, collected, killed, once, process_of, refused, stubborn, summed, wait_for

from chassis.core.engine import Engine, Here, completed, engine_of
from chassis.core.engine.cluster import Cluster
from chassis.core.engine.code import code_version
from chassis.core.engine.local import Local, Process
from chassis.core.errors import EngineUnavailable, Invalid, UnitKilled
from chassis.core.settings import SettingsError, engine, reading

BUCKETS = range(8)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    """A scheduler with one worker, of a later release."""
    folder = tmp_path_factory.mktemp("dask")
    code = folder / "later"
    shutil.copytree(ROOT / "chassis", code / "chassis")
    (code / "chassis" / "later.py").write_text('"""Of the next release."""\n')
    cluster = DaskCluster(folder)
    cluster.start_workers("--no-nanny", code=code)
    yield cluster
    cluster.end()


@pytest.fixture(scope="module")
def dask(scheduler: DaskCluster) -> DaskCluster:
    """The same with two workers of our code."""
    scheduler.start_workers("--nworkers", "2")
    return scheduler


@pytest.fixture(scope="module")
def local() -> Local:
    """Two processes for all tests of this file."""
    return Local(2)


@pytest.fixture(params=["local", "cluster"])
def beside(request: pytest.FixtureRequest) -> Engine:
    """Each engine that has processes of its own."""
    if request.param == "local":
        return request.getfixturevalue("local")
    return Cluster(request.getfixturevalue("dask").address)


@pytest.fixture(params=["here", "local", "cluster"])
def any_engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine."""
    if request.param == "here":
        return Here()
    return (
        request.getfixturevalue("local")
        if request.param == "local"
        else Cluster(request.getfixturevalue("dask").address)
    )


def test_a_worker_of_other_code_gets_nothing_and_is_named(scheduler: DaskCluster) -> None:
    """All that follow in this file have it beside workers that fit: the same module there is another's."""
    with Client(scheduler.address, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
    with pytest.raises(EngineUnavailable, match="runs the code of this process") as caught:
        list(Cluster(scheduler.address, patience=0).run(process_of, [0]))
    assert caught.value.members["ours"] == code_version()
    ((worker, theirs),) = caught.value.members["workers"].items()
    assert worker.startswith("tcp://127.0.0.1:")
    assert theirs != code_version()
    assert theirs in str(caught.value)


def test_the_same_units_make_the_same_bytes_on_every_engine(any_engine: Engine, tmp_path: Path) -> None:
    """Files and results are those of a loop that knows no engine."""
    (tmp_path / "loop").mkdir()
    expected = {bucket: summed(tmp_path / "loop", bucket) for bucket in BUCKETS}
    assert dict(completed(any_engine.run(partial(summed, tmp_path), BUCKETS))) == expected


def test_a_unit_that_raises_fails_alone_and_is_named(any_engine: Engine) -> None:
    """The failure is the unit's own, with what it tells machines; the others have their results."""
    done = list[tuple[int, int]]()
    with pytest.raises(Invalid, match="bucket 3 is damaged") as caught:
        done.extend(completed(any_engine.run(refused, BUCKETS)))
    assert sorted(done) == [(bucket, bucket * 2) for bucket in BUCKETS if bucket not in {3, 5}]
    assert caught.value.members == {"bucket": 3}
    assert caught.value.__notes__ == ["failed units: 3, 5"]


def test_an_error_that_cannot_be_sent_is_told_by_its_name(any_engine: Engine) -> None:
    """Else the process that did the unit would be taken for dead."""
    failures = [ran.failure for ran in any_engine.run(stubborn, [1, 2])]
    assert sorted(map(str, failures)) == ["Stubborn: of bucket 1", "Stubborn: of bucket 2"]


def test_work_that_is_bound_to_this_process_is_refused_before_any_unit(any_engine: Engine) -> None:
    """What cannot be sent is a slip of ours, and shows on the smallest engine too."""
    with pytest.raises(Exception, match="pickle"):
        next(any_engine.run(lambda bucket: bucket, BUCKETS))


def test_a_killed_process_loses_no_unit(beside: Engine, tmp_path: Path) -> None:
    """A kill -9 in one unit: it is done by another process."""
    results = dict(completed(beside.run(partial(killed, tmp_path, 1), BUCKETS)))
    assert results == {bucket: bucket * 2 for bucket in BUCKETS}
    assert len(set((tmp_path / "began-2").read_text().split())) == 2


def test_a_unit_that_always_kills_its_process_is_named_and_the_rest_is_done(beside: Engine, tmp_path: Path) -> None:
    """It is tried three times, whatever ran beside it."""
    ended = {ran.unit: ran for ran in beside.run(partial(killed, tmp_path, 99), BUCKETS)}
    failures = {unit: ran.failure for unit, ran in ended.items() if ran.failure}
    assert {unit: ran.result for unit, ran in ended.items() if not ran.failure} == {
        bucket: bucket * 2 for bucket in BUCKETS if bucket != 2
    }
    assert list(failures) == [2]
    assert isinstance(failures[2], UnitKilled)
    assert failures[2].members == {"unit": "2"}
    assert len((tmp_path / "began-2").read_text().split()) == 3


def test_a_unit_alone_starts_no_process_of_the_local_engine(local: Local) -> None:
    """A look at ten firms costs no process."""
    assert [ran.result for ran in local.run(process_of, [0])] == [os.getpid()]
    assert os.getpid() not in {ran.result for ran in local.run(process_of, [0, 1])}


def test_what_nobody_takes_any_more_is_ended(tmp_path: Path) -> None:
    """A lease that is lost breaks the loop, and the units under way must not go on beside the next owner's."""
    for ran in Local(2).run(partial(asleep, tmp_path), [0, 1]):
        assert ran.unit == 0
        wait_for(tmp_path / "pid-1")
        break
    assert not lives(tmp_path / "pid-1")


def test_a_run_within_another_is_not_kept_waiting(local: Local, tmp_path: Path) -> None:
    """Each thread's run has a process at least, however many hold the others."""
    for _ in local.run(partial(asleep, tmp_path), [0, 1]):
        wait_for(tmp_path / "pid-1")
        assert len(list(local.run(process_of, range(4)))) == 4
        break


def test_a_process_that_cannot_be_started_takes_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without memory for one the run breaks off; the next has as many as before."""
    engine = Local(2)

    def refused(*_: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr("chassis.core.engine.local.Process", refused)
    with pytest.raises(OSError, match="allocate"):
        list(engine.run(abs, [1, 2]))
    assert engine.room() == 2


def test_a_process_that_nobody_needs_ends_and_is_made_again(tmp_path: Path) -> None:
    """Memory is given back, and no unit of the next run is lost to processes that ended."""
    engine = Local(2, idle=0.1)
    assert len(list(engine.run(partial(killed, tmp_path, 0), [0, 1]))) == 2
    (tmp_path / "pid").write_text((tmp_path / "began-1").read_text().strip())
    until = time.monotonic() + 60
    while lives(tmp_path / "pid"):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert {ran.result for ran in engine.run(partial(killed, tmp_path, 0), [0, 1])} == {0, 2}


def test_processes_end_with_their_owner(tmp_path: Path) -> None:
    """However it ends, and in the middle of a unit too."""
    program = (
        "import sys; from functools import partial; from pathlib import Path; from engine_units import asleep;"
        "from chassis.core.engine.local import Local; list(Local(2).run(partial(asleep, Path(sys.argv[1])), [1, 2]))"
    )
    path = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    owner = subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], env=path)
    for unit in (1, 2):
        wait_for(tmp_path / f"pid-{unit}")
    owner.kill()
    owner.wait()
    until = time.monotonic() + 60
    while any(lives(tmp_path / f"pid-{unit}") for unit in (1, 2)):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_scheduler_that_nobody_runs_is_told(tmp_path: Path) -> None:
    """The job table tries again what ends so."""
    with pytest.raises(EngineUnavailable, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        list(Cluster("tcp://127.0.0.1:9", connect=0.5).run(process_of, [0]))


def test_tasks_that_nobody_takes_any_more_are_cancelled(dask: DaskCluster, tmp_path: Path) -> None:
    """What has not begun never begins."""
    (tmp_path / "go").touch()
    taken = 0
    for _ in Cluster(dask.address).run(partial(once, tmp_path), range(40)):
        taken += 1
        break
    list(Cluster(dask.address).run(process_of, range(4)))
    assert taken == 1
    assert len(list(tmp_path.glob("done-*"))) < 6


def test_a_killed_scheduler_ends_the_run_and_the_next_finds_what_is_done(dask: DaskCluster, tmp_path: Path) -> None:
    """Nothing was kept there: the units that are done are known by their outputs."""
    work, first = partial(once, tmp_path), list[int]()

    def run() -> None:
        for ran in Cluster(dask.address).run(work, [0, 1, 2]):
            first.append(ran.unit)
            if len(first) == 2:
                wait_for(tmp_path / "waiting")
                dask.scheduler.kill()

    with pytest.raises(EngineUnavailable, match="does not answer"):
        run()
    dask.scheduler.wait()
    (tmp_path / "go").touch()
    wait_for(tmp_path / "done-2")
    dask.start_scheduler()
    dask.start_workers("--no-nanny")
    assert dict(completed(Cluster(dask.address).run(work, range(4)))) == {0: 0, 1: 0, 2: 0, 3: 1}


@pytest.mark.parametrize("setting", ["local", "local:4", "here", "tcp://scheduler:8786", "tls://10.0.0.3:8786"])
def test_a_setting_names_the_engine(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing starts or connects by that."""
    monkeypatch.setenv("SMECREDIT_ENGINE", setting)
    with reading() as env:
        chosen = engine(env)
    assert type(engine_of(chosen)).__name__.lower() in {re.split(":", setting, maxsplit=1)[0], "cluster"}


@pytest.mark.parametrize("setting", ["", "dask", "local:0", "tcp://scheduler", "http://scheduler:8786"])
def test_another_setting_is_refused(setting: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The text says what may stand there."""
    monkeypatch.setenv("SMECREDIT_ENGINE", setting)
    with pytest.raises(SettingsError, match=r"SMECREDIT_ENGINE.*tcp://host:8786"), reading() as env:
        engine(env)


def lives(file: Path) -> bool:
    """Tell whether the process that a file names is there."""
    try:
        state = Path(f"/proc/{file.read_text()}/stat").read_text().split()[2]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_modules_are_loaded_without_the_collector_and_units_done_with_it(local: Local) -> None:
    """Its rounds among what stays would cost a part of every start; a unit's own refuse is collected."""
    assert set(dict(completed(local.run(collected, BUCKETS))).values()) == {(True, True)}


def test_a_process_without_work_ends_in_order() -> None:
    """Its thread that waits for the owner's end holds nothing that the interpreter needs for its own."""
    process = Process(1, idle=0.1)
    try:
        assert process._popen.wait(60) == 0
    finally:
        process.end()
