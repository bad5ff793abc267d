"""Book and lake agree or say so: no version is bound twice, and nothing is written to a lake that does not fit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from profile_house import HEADER, House, open_house
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError

from chassis.core.identity import Verifier
from chassis.data import worker
from services.profile.book import state_store, step_store, tables
from services.profile.book.fit import LakeForeign
from services.profile.book.table_files import TableFiles
from services.profile.book.usecases import agree

Tokens = Callable[..., dict[str, str]]


def row(number: int, enterprise: str = "E1") -> str:
    return f"{HEADER}{enterprise},{number},2019/1/4,A1,100.00,13.00,113.00,有效发票\n"


def entries(house: House) -> list[Path]:
    return sorted((house.context.settings.home / "lake" / "_delta_log").glob("*.json"))


def again(house: House, verifier: Verifier) -> House:
    """Return the service as another process on the same home would be."""
    return open_house(house.context.settings.database_url, house.context.settings.home.parent, verifier, house.tokens)


def features(house: House) -> Any:
    return house.client.get("/v1/enterprises/local:E1/features", headers=house.owner())


def test_a_lake_that_lost_versions_takes_no_new_ones(house: House, verifier: Verifier) -> None:
    """Where log entries are lost, all processes name both versions; once they are back, all serves as before."""
    for number in (1, 2, 3):
        house.send("invoices.purchase", row(number))
    lost = {path: path.read_bytes() for path in entries(house)[2:]}
    for path in lost:
        path.unlink()
    for one in (house, again(house, verifier)):
        ready = one.client.get("/readyz")
        assert ready.status_code == 503
        assert "version 3" in ready.json["missing"]["lake"]
        assert "version 1" in ready.json["missing"]["lake"]
        sent = one.client.post("/v1/imports?kind=invoices.purchase", data=row(9).encode(), headers=one.source)
        assert (sent.status_code, sent.json["type"]) == (503, "/problems/lake-behind")
        assert (sent.json["database_version"], sent.json["lake_version"]) == (3, 1)
    for path, content in lost.items():
        path.write_bytes(content)
    assert house.client.get("/readyz").json | {"degraded": 0} == {"status": "ready", "missing": {}, "degraded": 0}
    assert house.send("invoices.purchase", row(4))["accepted"] == 1
    assert house.book()["invoices"] == house.context.lake.read(4, without=()).height == 4


def test_a_read_of_a_version_that_the_lake_lacks_says_so(house: House, verifier: Verifier) -> None:
    """It is no fault without a name: the problem tells both versions."""
    house.send("invoices.purchase", row(1))
    entries(house)[-1].unlink()
    other = again(house, verifier)
    answer = features(other)
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/lake-behind")
    assert (answer.json["database_version"], answer.json["lake_version"]) == (1, 0)


def test_a_job_that_waits_while_the_lake_is_put_back_writes_nothing_and_goes_on_afterwards(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check stands right before the append, too; what was accepted is not ended by what the operator does."""
    monkeypatch.setattr(worker, "PUT_OFF_SECONDS", 0.0)
    house.send("invoices.purchase", row(1))
    sent = house.client.post("/v1/imports?kind=invoices.purchase", data=row(2).encode(), headers=house.source)
    lost = entries(house)[-1]
    content = lost.read_bytes()
    lost.unlink()
    before = [path.name for path in entries(house)]
    for _ in range(12):
        house.worker.run_once()
    assert house.state(sent.json["id"])["state"] == "queued"
    assert [path.name for path in entries(house)] == before
    lost.write_bytes(content)
    while house.worker.run_once():
        pass
    assert house.state(sent.json["id"])["accepted"] == 1


def test_another_lake_of_the_same_length_is_not_taken_for_ours(
    cottage: House, tmp_path: Path, verifier: Verifier, tokens: Tokens
) -> None:
    """Versions alone do not tell: the import that made the newest one has to be there."""
    cottage.send("invoices.purchase", row(1))
    stranger = open_house(f"sqlite:///{tmp_path}/other/profile.db", tmp_path / "other", verifier, tokens)
    stranger.send("invoices.purchase", row(7))
    home = cottage.context.settings.home
    shutil.rmtree(home / "lake")
    shutil.copytree(stranger.context.settings.home / "lake", home / "lake")
    ready = again(cottage, verifier).client.get("/readyz")
    assert ready.status_code == 503
    assert "another lake" in ready.json["missing"]["lake"]


def test_a_lake_ahead_by_an_import_that_nobody_sent_is_told(house: House) -> None:
    """The database was put back and the lake was not: the next import would make visible what nobody knows of."""
    house.send("invoices.purchase", row(1))
    rows = house.context.lake.read(1, without=()).with_row_index("line").cast({"line": int})
    house.context.lake.append(rows.drop("version", "import_id", "known_at"), "imp_lost", {}, now=datetime.now(UTC))
    ready = house.client.get("/readyz")
    assert ready.status_code == 503
    assert "imp_lost" in ready.json["missing"]["lake"]


def test_a_lake_ahead_by_an_import_under_way_is_as_it_should_be(house: House) -> None:
    """A worker was killed between its two commits: the job is taken again and concludes what is there."""
    house.send("invoices.purchase", row(1))
    second = house.send("invoices.purchase", row(2))
    with house.context.database.begin() as session:
        session.execute(delete(tables.LakeStep).where(tables.LakeStep.lake_version == 2))
        session.get_one(tables.Import, second["id"]).finished_at = None
        state_store.move_book(session, replace(state_store.book(session), lake_version=1, invoices=1))
    assert house.client.get("/readyz").status_code == 200
    assert house.send("invoices.purchase", row(3))["accepted"] == 1


def test_a_first_look_opens_a_lake_once_that_is_where_the_database_says(
    cottage: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that comes to a fresh process waits for it."""
    opened: list[str] = []
    table = TableFiles.table
    monkeypatch.setattr(TableFiles, "table", lambda files, *of: (opened.append(files.url), table(files, *of))[1])
    agree.agree(cottage.context)
    assert sorted(opened) == sorted(lake.url for lake in cottage.context.lakes.values())


def test_a_version_is_bound_once(house: House) -> None:
    """The same act noted again changes nothing; another commit under the same version is refused, in SQL as well."""
    import_id = house.send("invoices.purchase", row(1))["id"]
    later = datetime(2100, 1, 1, tzinfo=UTC)
    with house.context.database.begin() as session:
        step = step_store.last_steps(session)["invoices"]
        assert step.commit == import_id
        step_store.add_step(session, "invoices", later, step, 1)
    with house.context.database.read() as session:
        assert step_store.last_steps(session)["invoices"] == step
    with house.context.database.begin() as session, pytest.raises(LakeForeign, match=import_id):
        step_store.add_step(session, "invoices", later, replace(step, commit="imp_other"), 1)
    doubled = {"dataset": "invoices", "known_at": later, "lake_version": step.version, "records": 1}
    with pytest.raises(IntegrityError), house.context.database.begin() as session:
        session.execute(insert(tables.LakeStep), [doubled])


def test_steps_of_an_older_release_learn_which_commits_made_them(house: House) -> None:
    """The lake's log still tells, and from then on another lake is known as such."""
    import_id = house.send("invoices.purchase", row(1))["id"]
    with house.context.database.begin() as session:
        (step,) = [step_store.last_steps(session)["invoices"]]
        step_store.name_step(session, "invoices", replace(step, commit=None, committed_at=None))
    assert agree.name_steps(house.context) == 1
    with house.context.database.read() as session:
        assert step_store.last_steps(session)["invoices"] == step
    assert step.commit == import_id
    assert agree.name_steps(house.context) == 0
