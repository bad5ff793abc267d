"""The profile service on several machines: a web process takes in what a worker elsewhere works off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from object_stores import SeaweedFS
from profile_house import HEADER, ROW, House, counts, open_house

from chassis.core.identity import Verifier
from chassis.data.files import Objects
from services.profile.rights.usecases.shred import shred

RELATIONS = "企业代号,关系类型,关联方,持股比例,起始日期,终止日期\nE1,股东,王小明,0.5,2020-01-01,\n"


@pytest.fixture
def open_machine(
    sqlite_url: str, tmp_path: Path, objects_url: str, verifier: Verifier, tokens: Callable[..., dict[str, str]]
) -> Callable[[str], House]:
    """Return what opens the service on a machine: they share the database and the store, and no folder."""

    def opened(name: str) -> House:
        home = tmp_path / name
        (home / "home").mkdir(parents=True)
        (home / "home" / "party.key").write_text("k" * 64)  # as PROFILE_PARTY_KEY gives it to all machines
        return open_house(sqlite_url, home, verifier, tokens, store=objects_url)

    return opened


@pytest.fixture
def web(open_machine: Callable[[str], House]) -> House:
    return open_machine("web")


def post(house: House, kind: str, content: str) -> Any:
    return house.client.post(f"/v1/imports?kind={kind}", data=content.encode(), headers=house.source)


def kept_on(tmp_path: Path, machine: str) -> list[bytes]:
    return [path.read_bytes() for path in (tmp_path / machine / "home").rglob("*") if path.is_file()]


def test_a_file_goes_from_one_machine_s_door_to_another_s_worker(
    web: House, open_machine: Callable[[str], House]
) -> None:
    """Its counts, its rejected rows and its figures are read where it was sent."""
    worker = open_machine("worker")
    sent = post(web, "invoices.purchase", HEADER + ROW + "E1,1002,no day,A1,1,1,2,有效发票\n")
    assert sent.status_code == 202
    worker.worker.run_once()
    done = web.state(sent.json["id"])
    assert (done["state"], counts(done)) == ("done", (2, 1, 0, 1))
    assert "no day" in web.rejects(sent.json["id"])[0]
    rejected = web.client.get(f"/v1/imports/{sent.json['id']}/rejects?form=file", headers=web.source)
    assert "1002" in rejected.text
    web.date_book("2019-12-31")
    features = web.client.get("/v1/enterprises/local:E1/features", headers=web.owner())
    assert (features.status_code, web.book()["invoices"]) == (200, 1)


def test_a_file_that_names_persons_is_left_on_no_machine_and_in_no_store(
    web: House, open_machine: Callable[[str], House], tmp_path: Path, objects_url: str
) -> None:
    """It goes as soon as it is worked off, with every copy."""
    worker = open_machine("worker")
    post(web, "relations", RELATIONS)
    worker.worker.run_once()
    store = Objects(objects_url, tmp_path / "scratch")
    found = [store.read(file.name) for file in store.list()]
    assert len(found) > 10
    for content in (*found, *kept_on(tmp_path, "web"), *kept_on(tmp_path, "worker")):
        assert "王小明".encode() not in content


def test_a_store_out_of_reach_is_503_named_and_waited_for(web: House, seaweedfs: SeaweedFS, objects_url: str) -> None:
    """Nothing is taken in that could be lost; readiness names the store, and all goes on when it is back."""
    assert post(web, "invoices.purchase", HEADER + ROW).status_code == 202
    with seaweedfs.down():
        refused = post(web, "invoices.sale", HEADER + ROW)
        assert (refused.status_code, refused.json["type"]) == (503, "/problems/upstream-unavailable")
        assert int(refused.headers["Retry-After"]) > 0
        assert objects_url in refused.json["detail"]
        ready = web.client.get("/readyz")
        assert ready.status_code == 503
        assert objects_url in str(ready.json["missing"])
    while web.client.get("/readyz").status_code != 200:  # the breaker lets somebody try again after a while
        time.sleep(0.05)
    web.worker.run_once()
    assert web.book()["invoices"] == 1
    assert post(web, "invoices.sale", HEADER + ROW).status_code == 202


def test_received_files_are_shredded_from_the_store(web: House) -> None:
    """With their reports of rejected rows, after the year that they are kept."""
    web.send("invoices.purchase", HEADER + ROW)
    assert len(web.context.uploads.list()) == 2
    later = replace(web.context, now=lambda: datetime.now(UTC) + timedelta(days=400))
    assert shred(later)["received-files"] == 2
    assert web.context.uploads.list() == []
